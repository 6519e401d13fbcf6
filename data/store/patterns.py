"""Rows of the machines' usual patterns and of the hours judged by them. Nothing here commits."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, delete, func, insert, select

from data.store import tables as t
from data.store.statements import Statement
from data.store.upsert import upsert

# Looked up machine by machine, at the end of the key: all hours ever judged would be read else.
_ENDS = Statement(
    "SELECT m.equipment_id, (SELECT MAX(p.at_us) FROM pattern_points p WHERE p.equipment_id = m.equipment_id)"
    " FROM (SELECT DISTINCT equipment_id FROM pattern_models) m"
)
_M, _P, _R = t.pattern_models.c, t.pattern_points.c, t.pattern_rules.c


def newest(tx: Connection, equipment_id: str | None = None) -> dict[str, dict[str, Any]]:
    """The newest pattern by machine; of one machine, or of all."""
    last = select(_M.equipment_id, func.max(_M.version).label("version")).group_by(_M.equipment_id).subquery()
    same = and_(last.c.equipment_id == _M.equipment_id, last.c.version == _M.version)
    query = select(t.pattern_models).join(last, same)
    if equipment_id is not None:
        query = query.where(_M.equipment_id == equipment_id)
    return {row["equipment_id"]: dict(row) for row in tx.execute(query).mappings()}


def add(tx: Connection, row: Mapping[str, Any]) -> None:
    """Store a version, and forget the hours judged by earlier ones."""
    tx.execute(insert(t.pattern_models).values(dict(row)))
    tx.execute(delete(t.pattern_points).where(_P.equipment_id == row["equipment_id"]))


def store_points(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store judged hours; one that is there already is judged anew."""
    upsert(tx, t.pattern_points, rows, ["equipment_id", "at_us"])


def ends(tx: Connection) -> dict[str, int]:
    """Where the judged hours of each machine with a pattern end."""
    return {unit: at for unit, at in _ENDS.rows(tx, {}) if at is not None}


def points(tx: Connection, equipment_id: str, from_us: int, to_us: int) -> list[dict[str, Any]]:
    """Judged hours that end in (from, to], in order."""
    query = select(t.pattern_points).where(
        _P.equipment_id == equipment_id, _P.at_us > from_us, _P.at_us <= to_us
    )
    return [dict(row) for row in tx.execute(query.order_by(_P.at_us)).mappings()]


def rules(tx: Connection, equipment_id: str) -> dict[str, Any] | None:
    """The newest setting of whether a machine's pattern opens cases; None where nobody has set it."""
    query = select(t.pattern_rules).where(_R.equipment_id == equipment_id).order_by(_R.version.desc())
    row = tx.execute(query.limit(1)).mappings().first()
    return dict(row) if row else None


def add_rules(tx: Connection, row: Mapping[str, Any]) -> None:
    """Store a version of the setting."""
    tx.execute(insert(t.pattern_rules).values(dict(row)))
