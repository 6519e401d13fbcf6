"""The tamper-evident audit: who did what to which record, and when.

Each entry's hash covers its fields and the previous entry's hash, as canonical JSON under sha256:
changing, removing or inserting an entry breaks the chain from there on. Cutting off its end does
not; keep the head hash that `verify` returns somewhere else to notice that too.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from data.store import audit as store
from data.store.database import Database
from domain.clock import wall_us
from domain.errors import Tampered
from domain.evidence import canonical

SYSTEM = "system"
_HASHED = ("wall_us", "plant_us", "actor", "action", "subject_kind", "subject_id", "detail", "previous_hash")


@dataclass(frozen=True, slots=True)
class Verified:
    """A whole chain: how many entries, and the hash of the newest."""

    entries: int
    head: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """The head of the chain as it was published on a day (UTC, `2026-11-21`)."""

    day: str
    entry: int
    hash: str


def append(
    tx: Connection,
    *,
    actor: str,
    action: str,
    subject_kind: str,
    subject_id: str,
    plant_us: int,
    detail: Mapping[str, Any] | None = None,
) -> str:
    """Add one entry in the caller's transaction and return its hash.

    `actor` is an account id or SYSTEM; `action` is one short verb phrase that people read; `detail`
    holds JSON values. Call it late in the transaction: other writers of the audit wait for its end.
    """
    store.lock(tx)
    row: dict[str, Any] = {
        "wall_us": wall_us(),
        "plant_us": plant_us,
        "actor": actor,
        "action": action,
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "detail": canonical(dict(detail or {})),
        "previous_hash": store.head(tx),
    }
    row["hash"] = digest(row)
    store.add(tx, row)
    return str(row["hash"])


def of_case(tx: Connection, case_id: str, action: str, at_us: int, detail: Mapping[str, Any]) -> None:
    """What the desk itself did to a case, as `append` by SYSTEM."""
    append(
        tx,
        actor=SYSTEM,
        action=action,
        subject_kind="case",
        subject_id=case_id,
        plant_us=at_us,
        detail=detail,
    )


def said(tx: Connection, subject_kind: str, subject_id: str, actor: str, action: str) -> bool:
    """True when the actor has an entry with this action about this subject."""
    return store.said(tx, subject_kind, subject_id, actor, action)


def digest(row: Mapping[str, Any]) -> str:
    """The hash that belongs to an entry."""
    return hashlib.sha256(canonical({name: row[name] for name in _HASHED}).encode()).hexdigest()


def verify(database: Database, anchors: Iterable[Anchor] = ()) -> Verified:
    """Walk the whole chain; Tampered names the first entry that does not fit, and what is wrong with it.

    `anchors` were published earlier: an end that was cut off since, or a chain made anew, is noticed by them.
    """
    waiting = {anchor.entry: anchor for anchor in anchors}
    with database.read() as tx:
        verified = check(store.entries(tx), lambda key: store.stands(tx, key), waiting)
    if waiting:
        first = min(waiting)
        raise Tampered(f"audit entry {first} was published on {waiting[first].day} and is missing")
    return verified


def check(
    rows: Iterable[Mapping[str, Any]],
    stands: Callable[[str], bool],
    waiting: MutableMapping[int, Anchor],
) -> Verified:
    """Check entries in their order. `stands(hash)`: is that entry elsewhere? Anchors met are taken out."""
    previous, count = store.GENESIS, 0
    for row in rows:
        name = f"audit entry {row['entry']} does not fit the chain"
        if row["hash"] != digest(row):
            raise Tampered(f"{name}: it was changed")
        if row["previous_hash"] != previous:
            moved = stands(row["previous_hash"])
            raise Tampered(
                f"{name}: {'entries were reordered' if moved else 'an entry before it is missing'}"
            )
        anchor = waiting.pop(row["entry"], None)
        if anchor is not None and anchor.hash != row["hash"]:
            raise Tampered(f"{name}: another one was published on {anchor.day}")
        previous, count = row["hash"], count + 1
    return Verified(count, previous)
