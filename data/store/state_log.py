"""The log of machine states: one row a change, in order of source time."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, func, select

from data.store import tables as t
from data.store.upsert import upsert

StateRow = tuple[int, int, int]  # source time, PackML state, mode


def newest_heard(tx: Connection, equipment_ids: Iterable[str]) -> dict[str, int]:
    """Source time of the newest stored state or mode per equipment, changed or not."""
    m, n = t.metrics.c, t.latest.c
    query = (
        select(m.equipment_id, func.max(n.source_us).label("at_us"))
        .join(t.latest, n.metric_id == m.metric_id)
        .where(m.equipment_id.in_(list(equipment_ids)), m.kind.in_(("state", "mode")))
        .group_by(m.equipment_id)
    )
    return {row.equipment_id: row.at_us for row in tx.execute(query)}


def last_before(tx: Connection, equipment_id: str, before_us: int) -> StateRow | None:
    """The newest row earlier than `before_us`."""
    s = t.states.c
    query = (
        select(s.source_us, s.state, s.mode)
        .where(s.equipment_id == equipment_id, s.source_us < before_us)
        .order_by(s.source_us.desc())
        .limit(1)
    )
    found = tx.execute(query).first()
    return None if found is None else (found.source_us, found.state, found.mode)


def next_after(tx: Connection, equipment_id: str, after_us: int) -> int | None:
    """The source time of the first row later than `after_us`."""
    s = t.states.c
    query = select(func.min(s.source_us)).where(s.equipment_id == equipment_id, s.source_us > after_us)
    found: int | None = tx.execute(query).scalar()
    return found


def replace_from(
    tx: Connection, equipment_id: str, from_us: int, rows: list[StateRow], receive_us: int
) -> None:
    """Replace all rows from `from_us` on: what came late changes what follows."""
    s = t.states.c
    tx.execute(delete(t.states).where(s.equipment_id == equipment_id, s.source_us >= from_us))
    append(tx, {equipment_id: rows}, receive_us)


def append(tx: Connection, rows: dict[str, list[StateRow]], receive_us: int) -> None:
    """Add rows per equipment."""
    values = [
        {"equipment_id": unit, "source_us": at, "state": state, "mode": mode, "receive_us": receive_us}
        for unit, changes in rows.items()
        for at, state, mode in changes
    ]
    upsert(tx, t.states, values, ["equipment_id", "source_us"])
