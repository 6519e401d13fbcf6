"""Which control charts are to be drawn anew, and from when on: facts came late, or a machine's times changed.
Apart from the charts themselves, whose values want numpy: ingest starts without it. Nothing here commits."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, select

from data.store import tables as t
from data.store.chart_versions import newest_charts
from data.store.statements import Statement

_C = t.spc_charts.c
_MARK_LATE = Statement(
    "INSERT INTO spc_late (chart_id, from_us) VALUES (:chart, :at) ON CONFLICT (chart_id) DO UPDATE SET"
    " from_us = CASE WHEN excluded.from_us < spc_late.from_us THEN excluded.from_us ELSE spc_late.from_us END"
)

_MARK_MOVED = Statement(
    "INSERT INTO spc_late (chart_id, from_us) SELECT c.chart_id, :at FROM spc_charts c"
    " WHERE c.equipment_id = :unit AND c.source = 'metric' AND c.version ="
    " (SELECT MAX(version) FROM spc_charts WHERE chart_id = c.chart_id)"
    " AND EXISTS (SELECT 1 FROM spc_samples s WHERE s.chart_id = c.chart_id AND s.at_us > :at)"
    " ON CONFLICT (chart_id) DO UPDATE SET"
    " from_us = CASE WHEN excluded.from_us < spc_late.from_us THEN excluded.from_us ELSE spc_late.from_us END"
)


def mark(tx: Connection, source: str, late: Iterable[tuple[str, int]]) -> None:
    """Note for the active charts of machines, of one source of values, from when on facts came late;
    `late` holds (equipment_id, time)."""
    earliest: dict[str, int] = {}
    for unit, at_us in late:
        earliest[unit] = min(at_us, earliest.get(unit, at_us))
    if not earliest:
        return
    here = newest_charts(_C.active.is_(True), _C.source == source, _C.equipment_id.in_(list(earliest)))
    for row in tx.execute(here).mappings():
        _MARK_LATE.run(tx, {"chart": row["chart_id"], "at": earliest[row["equipment_id"]]})


def mark_moved(tx: Connection, unit: str, at_us: int) -> None:
    """Note for the charts of a machine's values, as far as they have samples behind a moment, that from then
    on it worked, or stood, other than it seemed."""
    _MARK_MOVED.run(tx, {"unit": unit, "at": at_us})


def take(tx: Connection, chart_id: str) -> int | None:
    """From when on facts of a chart came late; forgotten with this transaction."""
    c = t.spc_late.c
    found: int | None = tx.execute(select(c.from_us).where(c.chart_id == chart_id)).scalar()
    if found is not None:
        tx.execute(delete(t.spc_late).where(c.chart_id == chart_id))
    return found
