"""Rows of the model registry: stages, events, gates. Nothing here commits."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from data.store import tables as t
from domain.model_gates import Stage

_M, _E, _G = t.model_versions.c, t.model_events.c, t.model_gates.c
Row = Mapping[str, Any]


def lock(tx: Connection) -> None:
    """One change of stages at a time (SQLite holds the whole database anyway)."""
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql("SELECT pg_advisory_xact_lock(7246004)")


def version(tx: Connection, name: str, number: str) -> dict[str, Any] | None:
    """One registered version."""
    query = select(t.model_versions).where(_M.name == name, _M.version == number)
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else dict(row)


def versions(tx: Connection, stages: Iterable[str] = tuple(Stage)) -> list[dict[str, Any]]:
    """Registered versions by name, newest first."""
    query = select(t.model_versions).where(_M.stage.in_([str(stage) for stage in stages]))
    rows = tx.execute(query.order_by(_M.name, _M.registered_wall_us.desc(), _M.version)).mappings()
    return [dict(row) for row in rows]


def champion(tx: Connection, name: str) -> dict[str, Any] | None:
    """The version of a name that advises."""
    query = select(t.model_versions).where(_M.name == name, _M.stage == Stage.CHAMPION)
    row = tx.execute(query.order_by(_M.registered_wall_us.desc())).mappings().first()
    return None if row is None else dict(row)


def stages(tx: Connection) -> dict[tuple[str, str], str]:
    """Stage of every version, by name and version."""
    return {(r.name, r.version): r.stage for r in tx.execute(select(_M.name, _M.version, _M.stage))}


def set_stage(tx: Connection, name: str, number: str, stage: Stage) -> None:
    """Move a version."""
    mine = (_M.name == name) & (_M.version == number)
    tx.execute(update(t.model_versions).where(mine).values(stage=stage.value))


def add_event(tx: Connection, row: Row) -> None:
    """Write down what happened to a version."""
    signed = {"account_id": "", "printed_name": "", "meaning": "", "record_hash": "", "other_version": ""}
    tx.execute(insert(t.model_events).values(signed | dict(row)))


def events(tx: Connection, limit: int = 200) -> list[dict[str, Any]]:
    """What happened, newest first."""
    query = select(t.model_events).order_by(_E.at_wall_us.desc(), _E.event_id.desc()).limit(limit)
    return [dict(row) for row in tx.execute(query).mappings()]


def champion_since(tx: Connection, name: str, number: str) -> int | None:
    """Wall time at which a version last took another's place; None when it never did."""
    moved = _E.kind.in_(("promoted", "rolled back"))
    query = select(func.max(_E.at_wall_us)).where(_E.model_name == name, _E.model_version == number, moved)
    found: int | None = tx.execute(query).scalar_one()
    return found


def predecessor(tx: Connection, name: str, number: str) -> str:
    """The version whose place this champion took when it was promoted last; "" when there is none."""
    mine = (_E.model_name == name) & (_E.model_version == number) & (_E.kind == "promoted")
    query = select(_E.other_version).where(mine)
    found = tx.execute(query.order_by(_E.event_id.desc()).limit(1)).scalar()
    return str(found or "")


def gates(tx: Connection, name: str, number: str) -> list[dict[str, Any]]:
    """The newest judgement of a challenger's gates."""
    query = select(t.model_gates).where(_G.model_name == name, _G.model_version == number)
    return [dict(row) for row in tx.execute(query).mappings()]


def put_gates(tx: Connection, name: str, number: str, rows: Sequence[Row]) -> None:
    """Put a judgement in the place of the last; whoever asked for one has it."""
    mine = (_M.name == name) & (_M.version == number)
    tx.execute(delete(t.model_gates).where(_G.model_name == name, _G.model_version == number))
    tx.execute(insert(t.model_gates), [dict(row) for row in rows])
    tx.execute(update(t.model_versions).where(mine).values(check_asked_wall_us=None))


def ask(tx: Connection, name: str, number: str, wall_us: int) -> None:
    """Somebody wants a version's gates judged anew."""
    mine = (_M.name == name) & (_M.version == number)
    tx.execute(update(t.model_versions).where(mine).values(check_asked_wall_us=wall_us))


def spoken(tx: Connection, name: str, number: str, equipment_id: str, after_us: int) -> list[Any]:
    """(at_us, status, probability, above_threshold) of one machine by one version, oldest first."""
    p = t.predictions.c
    query = select(p.at_us, p.status, p.probability, p.above_threshold).where(
        p.model_name == name, p.model_version == number, p.equipment_id == equipment_id, p.at_us > after_us
    )
    return list(tx.execute(query.order_by(p.at_us)).all())
