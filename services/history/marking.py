"""Marks what a gap or a death changes: what is silent while nothing changes does not stand through it."""

from collections.abc import Sequence

from sqlalchemy import Connection, Select, or_, select

from data.store import roll_marks
from data.store import tables as t
from data.store.roll_marks import Mark
from domain.clock import FOR_EVER_US, MINUTE
from domain.telemetry import Gap
from services.kpi import dirty


def mark_gaps(tx: Connection, gaps: Sequence[Gap]) -> None:
    """Call it with the gaps that were stored or taken back, in the same transaction."""
    real = [gap for gap in gaps if gap.from_us < gap.to_us]
    marks = [mark for gap in real for mark in _marks(tx, gap)]
    if marks:
        roll_marks.mark(tx, marks)
    dirty.mark(tx, [(unit, gap.from_us, gap.to_us) for gap in real for unit in _units(tx, gap)])


def mark_deaths(tx: Connection, deaths: Sequence[tuple[str, int]]) -> None:
    """Call it with (machine, since when) of devices that died, in the transaction that keeps it."""
    dirty.mark(tx, [(unit, at, FOR_EVER_US) for unit, at in deaths])


def _units(tx: Connection, gap: Gap) -> list[str]:
    """A gap of a node is one of all its devices."""
    return list(tx.execute(_machines(gap)).scalars())


def _machines(gap: Gap) -> Select[str]:
    a = t.equipment_aliases.c
    mine = or_(
        a.external_id == gap.device.name, a.external_id.startswith(gap.device.name + "/", autoescape=True)
    )
    return select(a.equipment_id).where(a.source == gap.device.source, mine)


def _marks(tx: Connection, gap: Gap) -> list[Mark]:
    m = t.metrics.c
    query = select(m.metric_id).where(m.deadband.is_not(None), m.equipment_id.in_(_machines(gap)))
    from_us = gap.from_us - gap.from_us % MINUTE
    return [Mark(metric_id, from_us, gap.to_us) for metric_id in tx.execute(query).scalars()]
