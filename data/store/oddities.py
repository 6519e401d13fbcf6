"""Rows of what is unusual about machines. Nothing here commits."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, delete, select

from data.store import tables as t
from data.store.upsert import insert_ignore, upsert

_S, _N = t.oddity_scores.c, t.oddity_states.c
Row = Mapping[str, Any]
Key = tuple[str, str]  # name and version of a model


def states(tx: Connection, model: Key, units: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Where machines stand with a version, by machine; those that it never scored are not in the answer."""
    query = select(t.oddity_states).where(
        _N.model_name == model[0], _N.model_version == model[1], _N.equipment_id.in_(list(units))
    )
    return {row["equipment_id"]: dict(row) for row in tx.execute(query).mappings()}


def odd_now(tx: Connection, model: Key, site_id: str, after_us: int) -> list[dict[str, Any]]:
    """Where the machines of a site stand that a version calls odd, and scored after a time; by machine."""
    query = select(t.oddity_states).where(
        _N.model_name == model[0], _N.model_version == model[1], _N.since_us.is_not(None),
        _N.equipment_id.startswith(f"{site_id}/", autoescape=True), _N.at_us > after_us,
        _N.score.is_not(None),
    )  # fmt: skip
    return [dict(row) for row in tx.execute(query.order_by(_N.equipment_id)).mappings()]


def add(tx: Connection, scores: Sequence[Row], stands: Sequence[Row]) -> int:
    """Store half hours and where their machines stand now; returns how many half hours were new.

    A half hour that is stored already keeps what was said of it, and a machine never goes back in time.
    """
    new = insert_ignore(tx, t.oddity_scores, scores) if scores else 0
    key = ("equipment_id", "model_name", "model_version")
    upsert(tx, t.oddity_states, stands, key, newer_by="at_us")
    return new


def course(
    tx: Connection, model: Key, units: Iterable[str], from_us: int
) -> list[tuple[str, int, float | None, float | None]]:
    """(machine, time, score, threshold) from a time on, by machine and time."""
    query = (
        select(_S.equipment_id, _S.at_us, _S.score, _S.threshold)
        .where(_S.model_name == model[0], _S.model_version == model[1], _S.at_us > from_us)
        .where(_S.equipment_id.in_(list(units)))
        .order_by(_S.equipment_id, _S.at_us)
    )
    return [(row[0], row[1], row[2], row[3]) for row in tx.execute(query)]


def both(tx: Connection, name: str, versions: tuple[str, str]) -> list[Any]:
    """What two versions said of the same machines at the same times, by machine and time."""
    other = t.oddity_scores.alias()
    same = and_(
        other.c.equipment_id == _S.equipment_id, other.c.at_us == _S.at_us, other.c.model_name == name,
        other.c.model_version == versions[1],
    )  # fmt: skip
    query = (
        select(
            _S.equipment_id, _S.at_us, _S.score, _S.threshold, other.c.score.label("their_score"),
            other.c.threshold.label("their_threshold"),
        )
        .join_from(t.oddity_scores, other, same)
        .where(_S.model_name == name, _S.model_version == versions[0])
        .order_by(_S.equipment_id, _S.at_us)
    )  # fmt: skip
    return list(tx.execute(query))


def forget(tx: Connection, site_id: str, before_us: int, limit: int) -> int:
    """Delete a site's half hours before a time, the oldest first, `limit` at most; returns how many."""
    mine = _S.equipment_id.startswith(f"{site_id}/", autoescape=True) & (_S.at_us < before_us)
    last = tx.execute(select(_S.at_us).where(mine).order_by(_S.at_us).offset(limit - 1).limit(1)).scalar()
    if last is not None:
        mine &= _S.at_us <= last
    return tx.execute(delete(t.oddity_scores).where(mine)).rowcount
