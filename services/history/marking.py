"""Marks what a gap changes: metrics that are silent while nothing changes do not stand through it."""

from collections.abc import Sequence

from sqlalchemy import Connection, or_, select

from data.store import roll_marks
from data.store import tables as t
from data.store.roll_marks import Mark
from domain.clock import MINUTE
from domain.telemetry import Gap


def mark_gaps(tx: Connection, gaps: Sequence[Gap]) -> None:
    """Call it with the gaps that were stored or taken back, in the same transaction."""
    marks = [mark for gap in gaps if gap.from_us < gap.to_us for mark in _marks(tx, gap)]
    if marks:
        roll_marks.mark(tx, marks)


def _marks(tx: Connection, gap: Gap) -> list[Mark]:
    """A gap of a node is one of all its devices."""
    a, m = t.equipment_aliases.c, t.metrics.c
    mine = or_(
        a.external_id == gap.device.name, a.external_id.startswith(gap.device.name + "/", autoescape=True)
    )
    units = select(a.equipment_id).where(a.source == gap.device.source, mine)
    query = select(m.metric_id).where(m.deadband.is_not(None), m.equipment_id.in_(units))
    from_us = gap.from_us - gap.from_us % MINUTE
    return [Mark(metric_id, from_us, gap.to_us) for metric_id in tx.execute(query).scalars()]
