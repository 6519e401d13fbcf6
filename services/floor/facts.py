"""The pieces: equipment nodes, stretches, orders, stops and open cases."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, exists, func, or_, select

from data.store import tables as t
from domain.cases import UNDECIDED
from domain.clock import DAY, HOUR, micros, utc
from domain.costs import Rates
from domain.equipment import line_of
from domain.telemetry import MachineState
from domain.time_model import Leaf, Segment, Span
from services import situation
from services.kpi import shift_days, valid
from services.queries.common import under
from services.rows.floor import Node, OrderRow, StopRow, Stretch, WaitingRow, Window
from services.stops.wording import Sayer

SHOWN_CASES = 6
SHOWN_STOPS = 5
_WAITING = (MachineState.SUSPENDED, MachineState.SUSPENDING, MachineState.UNSUSPENDING)


def nodes(tx: Connection, scope: str, level: str) -> list[Node]:
    """The assigned lines or units at or below a scope, in their order."""
    e = t.equipment.c
    query = (
        select(e.equipment_id, e.name, e.machine_type, e.constraint_unit, e.position, e.target_oee)
        .where(e.level == level, e.assigned.is_(True), under(e.equipment_id, scope))
        .order_by(e.parent_id, e.position, e.equipment_id)
    )
    found = [Node(*row) for row in tx.execute(query)]
    return sorted(found, key=lambda n: n.position) if level == "line" else found


def out_since(tx: Connection, ids: Sequence[str]) -> dict[str, int]:
    """Since when machines are out of the plant; those that are in it are left out."""
    e = t.equipment.c
    query = select(e.equipment_id, e.removed_us).where(e.equipment_id.in_(ids), e.removed_us.is_not(None))
    return {row[0]: row[1] for row in tx.execute(query)}


def aimed(tx: Connection, found: Sequence[Node], at_us: int) -> list[Node]:
    """The same nodes with the OEE target that holds at a moment; without a dated one, that of the node."""
    g = t.targets.c
    here = g.scope.in_([n.equipment_id for n in found]) & (g.kpi == "oee") & (g.valid_from_us <= at_us)
    rows = tx.execute(select(g.scope, g.value).where(here).order_by(g.valid_from_us))
    dated = {row[0]: row[1] for row in rows}
    return [replace(n, target=dated.get(n.equipment_id, n.target)) for n in found]


def site_words(tx: Connection, site_id: str) -> tuple[str, str]:
    """(time zone, currency) of a site; UTC and no currency for an unknown one."""
    s = t.sites.c
    row = tx.execute(select(s.time_zone, s.currency).where(s.site_id == site_id)).first()
    return (row[0], row[1]) if row else ("UTC", "")


def stretch(tx: Connection, line_id: str, window: Window, now_us: int, zone: str) -> Stretch:
    """The stretch of a window for a line: it ends now, or earlier when the window is over."""
    if window is Window.YESTERDAY:
        today = utc(now_us).astimezone(ZoneInfo(zone)).date()
        midnights = [
            micros(datetime.combine(day, time(), ZoneInfo(zone)))
            for day in (today - timedelta(days=1), today)
        ]
        begins = shift_days.begins(tx, line_id, zone, midnights)
        first, last = (begins[midnight] for midnight in midnights)
        return Stretch(first, last, last, "Yesterday")
    if window is Window.WEEK:
        return Stretch(now_us - 7 * DAY, now_us, now_us, "Last 7 days")
    running = valid.shift_at(tx, line_id, now_us)
    if running is None:
        return Stretch(now_us - 8 * HOUR, now_us, now_us, "Last 8 hours")
    start, end, name = running
    return Stretch(start, max(start + 1, min(end, now_us)), end, f"{name} shift so far")


def orders(tx: Connection, line_id: str, last_unit: str | None, limit: int = 6) -> tuple[OrderRow, ...]:
    """Running orders first, then the released ones by planned start."""
    o, p = t.orders.c, t.products.c
    running = (o.status == "Running").desc()
    query = (
        select(o.order_id, p.name, o.quantity, o.due_us, o.start_us, o.planned_end_us, o.status, o.product_id)
        .join_from(
            t.orders, t.products, (o.product_id == p.product_id) & (o.instance == p.instance), isouter=True
        )
        .where(
            o.line_id == line_id, o.end_us.is_(None), o.status.in_(("Running", "Released", "Held", "Ready"))
        )
        .order_by(running, o.planned_start_us)
        .limit(limit)
    )
    rows = tx.execute(query).all()
    return tuple(
        OrderRow(
            row.order_id,
            row.name or row.product_id,
            row.quantity,
            _made(tx, last_unit, row.start_us) if row.status == "Running" else 0.0,
            row.due_us,
            row.start_us,
            row.planned_end_us,
            row.status,
        )
        for row in rows
    )


def _made(tx: Connection, unit: str | None, since_us: int | None) -> float:
    if unit is None or since_us is None:
        return 0.0
    c = t.counts.c
    total = tx.execute(
        select(func.sum(c.good)).where(c.equipment_id == unit, c.bucket_us >= since_us)
    ).scalar_one()
    return float(total or 0)


def stops(
    tx: Connection,
    scope: str,
    window: Span,
    names: dict[str, str],
    stood: Sequence[Span],
) -> tuple[StopRow, ...]:
    """Stops that the MES knows, summed per machine and reason (`services.stops.wording`), the dearest first.

    A stop costs the plant's stated downtime rate for the time in which the line's constraint stood as
    well (`stood`). Planned stops cost nothing, nor do those of a machine that waited for another one
    (state Suspended in its middle, or within it where the machine speaks too seldom to say more): they
    are charged to the machine that caused them.
    """
    d, s = t.downtimes.c, t.states.c
    middle = (d.start_us + func.coalesce(d.end_us, window.to_us)) // 2
    state = (
        select(s.state)
        .where(s.equipment_id == d.equipment_id, s.source_us <= middle)
        .order_by(s.source_us.desc())
        .limit(1)
        .scalar_subquery()
    )
    waited = exists().where(
        s.equipment_id == d.equipment_id,
        s.source_us >= d.start_us,
        s.source_us <= func.coalesce(d.end_us, window.to_us),
        s.state.in_(_WAITING),
    )
    query = select(d.equipment_id, d.reason, d.start_us, d.end_us, d.planned, state, waited).where(
        under(d.equipment_id, scope),
        d.start_us < window.to_us,
        or_(d.end_us.is_(None), d.end_us > window.from_us),
    )
    rows = tx.execute(query).all()
    rate = (situation.rates_for(tx, scope) or Rates()).downtime_cents_per_hour
    say = Sayer.read(tx, scope, [row[0] for row in rows], window)
    found: dict[tuple[str, str, bool], StopRow] = {}
    for unit, booked, start_us, end_us, planned, state_then, waited_then in rows:
        reason = say.reason(unit, booked, Span(start_us, end_us or window.to_us))
        elsewhere = state_then in _WAITING or (waited_then and state_then == MachineState.EXECUTE)
        key = (unit, reason, planned or elsewhere)
        row = found.get(key) or StopRow(
            unit, names.get(unit, unit), line_of(unit), reason, 0, 0, 0, planned, elsewhere, None
        )
        span = Span(max(start_us, window.from_us), min(end_us or window.to_us, window.to_us))
        cost = 0 if planned or elsewhere else round(_both(span, stood) / HOUR * rate)
        found[key] = replace(
            row,
            times=row.times + 1,
            lost_us=row.lost_us + max(0, span.to_us - span.from_us),
            cost_cents=row.cost_cents + cost,
            open_since_us=start_us if end_us is None else row.open_since_us,
        )
    return tuple(sorted(found.values(), key=lambda stop: (-stop.cost_cents, -stop.lost_us, stop.name)))


def stood(strip: Sequence[Segment]) -> list[Span]:
    """When a constraint stood in planned time."""
    return [Span(part.from_us, part.to_us) for part in strip if part.leaf in (Leaf.DOWN, Leaf.DELAY)]


def _both(span: Span, standing: Sequence[Span]) -> int:
    """Microseconds of a span in which one of the others runs too."""
    return sum(max(0, min(span.to_us, s.to_us) - max(span.from_us, s.from_us)) for s in standing)


def waiting(tx: Connection, scope: str, limit: int = SHOWN_CASES) -> tuple[WaitingRow, ...]:
    """Undecided cases under a scope, by deadline."""
    c, e = t.cases.c, t.equipment.c
    query = (
        select(
            c.number,
            c.title,
            e.name,
            c.deadline_us,
            c.benefit_cents,
            c.benefit_low_cents,
            c.benefit_high_cents,
            c.attention,
        )
        .join_from(t.cases, t.equipment, c.equipment_id == e.equipment_id)
        .where(undecided(), under(c.equipment_id, scope))
        .order_by(c.deadline_us, c.number)
        .limit(limit)
    )
    return tuple(WaitingRow(*row) for row in tx.execute(query))


def undecided() -> ColumnElement[bool]:
    """Cases that want a decision."""
    return t.cases.c.state.in_([state.value for state in UNDECIDED])
