"""Why the figures of a period may still change."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection, func, or_, select

from data.store import tables as t
from domain.clock import FOR_EVER_US
from domain.oee import Oee
from domain.reporting import Kind, Period, edges_of
from domain.time_model import Span, merged
from services.kpi import closing
from services.kpi.engine import Ints
from services.queries.common import under
from services.stops import log
from services.stops.finding import look
from services.stops.quality import wanted


def reasons(
    tx: Connection, scope: str, lines: Sequence[str], period: Period, zone: str, now_us: int, whole: Oee
) -> tuple[str, ...]:
    """One short clause each; empty when nothing is known to be missing."""
    found = []
    if now_us < period.to_us:
        found.append("the period is not over")
    unnamed, standing = _stops(tx, scope, lines, period, now_us)
    if unnamed:
        found.append(f"{unnamed} {'stop has' if unnamed == 1 else 'stops have'} no reason yet")
    if standing:
        found.append(f"{standing} {'stop has' if standing == 1 else 'stops have'} not ended")
    left = _unclosed(tx, scope, period, zone)
    if left:
        found.append(f"{left} {'shift is' if left == 1 else 'shifts are'} not closed")
    waiting = _uninspected(tx, scope, period)
    if waiting:
        found.append(
            f"parts of {waiting} {'machine wait' if waiting == 1 else 'machines wait'} for inspection"
        )
    if _uncounted(tx, scope, period):
        found.append("corrections came that the figures do not hold yet")
    broken = _unread(tx)
    if broken:
        found.append(f"{', '.join(broken)} could not be read")
    if whole.coverage is not None and whole.coverage < 0.995:
        found.append(f"{100 * (1 - whole.coverage):.1f} % of the planned time is without data")
    return tuple(found)


def _stops(tx: Connection, scope: str, lines: Sequence[str], period: Period, now_us: int) -> tuple[int, int]:
    """(without a reason of the MES or of a person, not ended): the stops that the MES booked, and those that
    the figures hold and the MES does not know."""
    d = t.downtimes.c
    rows = tx.execute(
        select(d.equipment_id, d.start_us, d.end_us, d.reason).where(
            under(d.equipment_id, scope),
            d.start_us < period.to_us,
            or_(d.end_us.is_(None), d.end_us > period.from_us),
        )
    ).all()
    said: dict[str, list[Span]] = defaultdict(list)
    for row in rows:
        if row.reason.strip():
            said[row.equipment_id].append(Span(row.start_us, row.end_us or period.to_us))
    span = Span(period.from_us, period.to_us)
    found, stood = look(tx, lines, span, now_us, exact=True)
    units = [unit for line in found for unit in line.units]
    for unit, pieces in log.named(tx, units, period.from_us, period.to_us).items():
        said[unit] += [Span(p.from_us, p.to_us) for p in pieces]
    blank: dict[str, list[Span]] = defaultdict(list)
    for row in rows:
        if not row.reason.strip():
            blank[row.equipment_id].append(Span(row.start_us, row.end_us or period.to_us))
    own = wanted(found, stood, span, now_us)
    unnamed = 0
    for unit, spans in blank.items():
        edges = np.array([(s.from_us, s.to_us) for s in spans], np.int64)
        unnamed += _apart(said[unit], edges[:, 0], edges[:, 1])
    for place, unit in enumerate(units):
        mine = own.place == place
        unnamed += _apart([*said[unit], *blank[unit]], own.from_us[mine], own.to_us[mine])
    return unnamed, sum(row.end_us is None for row in rows)


def _apart(spans: Sequence[Span], from_us: Ints, to_us: Ints) -> int:
    """How many of the stretches touch none of the spans."""
    known = merged(spans)
    begins = np.array([s.from_us for s in known] + [FOR_EVER_US], np.int64)
    ends = np.array([s.to_us for s in known], np.int64)
    return int((begins[np.searchsorted(ends, from_us, side="right")] >= to_us).sum())


def _unclosed(tx: Connection, scope: str, period: Period, zone: str) -> int:
    """Shifts that ended within the period and that nobody closed, or that were reopened."""
    s, c = t.shifts.c, t.shift_closings.c
    closed = (c.line_id == s.line_id) & (c.from_us == s.start_us) & c.reopened_us.is_(None)
    first, after = (period.from_us, period.to_us) if period.kind is Kind.SHIFT else edges_of(period, zone)
    ended = (s.start_us >= first) & (s.start_us < after) & under(s.line_id, scope)
    left = select(s.line_id, s.start_us).where(ended, ~select(c.line_id).where(closed).exists()).distinct()
    return int(tx.execute(select(func.count()).select_from(left.subquery())).scalar_one())


def _uninspected(tx: Connection, scope: str, period: Period) -> int:
    e = t.equipment.c
    units = tx.execute(select(e.equipment_id).where(e.level == "unit", under(e.equipment_id, scope)))
    return len(closing.provisional_units(tx, list(units.scalars()), period.from_us, period.to_us))


def _uncounted(tx: Connection, scope: str, period: Period) -> bool:
    """Whether facts of the period have changed since its figures were added up."""
    d = t.kpi_dirty.c
    touched = select(d.equipment_id).where(
        under(d.equipment_id, scope), d.from_us < period.to_us, d.to_us > period.from_us
    )
    return tx.execute(touched.limit(1)).first() is not None


def _unread(tx: Connection) -> list[str]:
    w = t.watermarks.c
    return sorted(set(tx.execute(select(w.instance).where(w.state != "ok")).scalars()))
