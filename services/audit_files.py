"""The audit outside the desk: as JSON Lines, and as an anchor that is published every day.

A JSON line holds every field that its hash covers, so that the file proves itself without the database.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from data.store import audit as store
from data.store.database import Database
from domain.clock import FOR_EVER_US, SECOND, utc, wall_us
from domain.errors import SettingsError, Tampered
from services.audit import SYSTEM, Anchor, Verified, check
from services.queries.common import people

PREFIX = "audit-anchor-"


def lines(database: Database, from_wall_us: int = 0, to_wall_us: int = FOR_EVER_US) -> Iterator[str]:
    """One JSON text an entry, oldest first. `signature` shows name, time and meaning where one was given."""
    for row in rows(database, from_wall_us, to_wall_us):
        yield json.dumps(row, sort_keys=True, ensure_ascii=False)


def rows(database: Database, from_wall_us: int, to_wall_us: int) -> Iterator[dict[str, Any]]:
    """Entries with the name of who acted, the time in words, and the signature, if one was given."""
    with database.read() as tx:
        signed = store.signed_records(tx)
        names: dict[str, str] = {SYSTEM: "Taktwise"}
        for entry in store.between(tx, from_wall_us, to_wall_us):
            row = dict(entry)
            if row["actor"] not in names:
                names |= {row["actor"]: row["actor"], **people(tx, [row["actor"]])}
            row |= {"name": names[row["actor"]], "time": _time(row["wall_us"])}
            row["signature"] = _signature(row, signed)
            yield row


def _signature(row: Mapping[str, Any], signed: Mapping[tuple[str, str], Any]) -> dict[str, str] | None:
    detail = json.loads(row["detail"])
    found = signed.get((row["actor"], detail.get("record_hash", "")))
    if found is not None:
        return {
            "printed_name": found["printed_name"],
            "time": _time(found["signed_wall_us"]),
            "meaning": found["meaning"],
            "record_hash": found["record_hash"],
        }
    if {"printed_name", "meaning", "record_hash"} <= detail.keys():
        own = {name: str(detail[name]) for name in ("printed_name", "meaning", "record_hash")}
        return own | {"time": _time(row["wall_us"])}
    return None


def _time(us: int) -> str:
    return f"{utc(us // SECOND * SECOND):%Y-%m-%d %H:%M:%S} UTC"


def verify_file(path: Path) -> Verified:
    """Check a whole export (from the first entry on) without the database. Tampered says what is wrong."""
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
        hashes = {row["hash"] for row in rows}
        return check(rows, lambda key: key in hashes, {})
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise Tampered(f"{path.name} is no export of the audit") from error


def publish(database: Database, folder: Path, now: Callable[[], int] = wall_us) -> Path | None:
    """Write today's anchor (UTC), once; None when it is there, or the audit is empty."""
    day = f"{utc(now()):%Y-%m-%d}"
    target = folder / f"{PREFIX}{day}.json"
    if target.exists():
        return None
    with database.read() as tx:
        head = store.newest(tx)
    if head is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    part.write_text(json.dumps({"day": day, "entry": head[0], "hash": head[1]}) + "\n")
    part.replace(target)
    return target


def anchors(folder: Path) -> list[Anchor]:
    """The anchors in a folder. SettingsError when there are none, or one cannot be read."""
    try:
        found = [Anchor(**json.loads(p.read_text())) for p in sorted(folder.glob(f"{PREFIX}*.json"))]
    except (OSError, ValueError, TypeError) as error:
        raise SettingsError(f"an anchor in {folder} cannot be read: {error}") from error
    if not found:
        raise SettingsError(f"{folder} holds no anchor")
    return found
