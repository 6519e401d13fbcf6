"""Rows of what models say of the reasons of stops. Nothing here commits."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, delete, select

from data.store import tables as t
from data.store.upsert import upsert

_G = t.stop_guesses.c
_KEY = ("equipment_id", "from_us", "model_name", "model_version")
Key = tuple[str, str]  # name and version of a model
StopId = tuple[str, int]  # the machine, and when the stop began


def put(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store what was said; a word that is older than the one stored gives way."""
    upsert(tx, t.stop_guesses, rows, _KEY, newer_by="at_us")


def of(tx: Connection, model: Key, units: Iterable[str], from_us: int, to_us: int) -> dict[StopId, Any]:
    """What a version said of the stops of machines that began in [from_us, to_us], by stop."""
    query = select(t.stop_guesses).where(
        _G.model_name == model[0], _G.model_version == model[1], _G.equipment_id.in_(sorted(set(units))),
        _G.from_us >= from_us, _G.from_us <= to_us,
    )  # fmt: skip
    return {(row.equipment_id, row.from_us): row for row in tx.execute(query)}


def both(tx: Connection, name: str, versions: tuple[str, str]) -> list[Any]:
    """What two versions said of the same stops, by time."""
    other = t.stop_guesses.alias()
    same = and_(
        other.c.equipment_id == _G.equipment_id, other.c.from_us == _G.from_us, other.c.model_name == name,
        other.c.model_version == versions[1],
    )  # fmt: skip
    query = (
        select(
            _G.equipment_id, _G.from_us, _G.reason, _G.sure, other.c.reason.label("their_reason"),
            other.c.sure.label("their_sure"),
        )
        .join_from(t.stop_guesses, other, same)
        .where(_G.model_name == name, _G.model_version == versions[0])
        .order_by(_G.from_us)
    )  # fmt: skip
    return list(tx.execute(query))


def forget(tx: Connection, site_id: str, before_us: int) -> int:
    """Delete what was said of a site's stops that began before a time; returns how many words."""
    mine = _G.equipment_id.startswith(f"{site_id}/", autoescape=True) & (_G.from_us < before_us)
    return tx.execute(delete(t.stop_guesses).where(mine)).rowcount
