"""When a line is planned to produce: shifts, breaks, stretches between orders, changeovers."""

from itertools import pairwise
from statistics import median

from sqlalchemy import Connection, select

from data.store import tables as t
from domain.clock import DAY, MINUTE, SECOND
from domain.recommendation import Calendar

Span = tuple[int, int]
SHORTEST_GAP_US = 20 * MINUTE
LOOK_AHEAD_US = 7 * DAY
SETUPS, SETUPS_BACK_US = 41, 30 * DAY


def plan_of(tx: Connection, zone: str, line_id: str, at_us: int) -> tuple[tuple[Span, ...] | None, Calendar]:
    """When the line is planned to produce, its shift ends and its gaps, for the week ahead.

    Producing is shift time less breaks, stretches between two orders, and changeovers: where the next order
    makes another product, the line stands for as long as its setups usually take. After the last shift
    that the MES has planned, and on a line without shifts, production never stops.
    """
    s, until = t.shifts.c, at_us + LOOK_AHEAD_US
    rows = tx.execute(
        select(s.start_us, s.end_us, s.break_start_us, s.break_s)
        .where(s.line_id == line_id, s.end_us > at_us, s.start_us < until)
        .order_by(s.start_us)
    ).all()
    if not rows:
        return None, Calendar(zone)
    closed = [(r.break_start_us, r.break_start_us + r.break_s * SECOND) for r in rows if r.break_start_us]
    producing = [(r.start_us, r.end_us) for r in rows]
    idle, changeovers = _between_orders(tx, line_id, at_us, until)
    for gap in closed + idle:
        producing = [piece for span in producing for piece in _without(span, gap)]
    producing.append((max(r.end_us for r in rows), until))
    ends = tuple(sorted({r.end_us for r in rows}))
    return tuple(producing), Calendar(zone, ends, _gaps(producing, at_us, ends), changeovers)


def _between_orders(
    tx: Connection, line_id: str, at_us: int, until: int
) -> tuple[list[Span], frozenset[int]]:
    """Stretches between two orders of a line for which nothing is planned, and its changeovers."""
    o = t.orders.c
    rows = tx.execute(
        select(o.planned_start_us, o.planned_end_us, o.product_id)
        .where(o.line_id == line_id, o.planned_end_us > at_us - DAY, o.planned_start_us < until)
        .where(o.status.in_(["Released", "Waiting", "Ready", "Running"]))
        .order_by(o.planned_start_us)
    ).all()
    setup_us = usual_setup_s(tx, line_id, at_us) * SECOND
    idle: list[Span] = []
    changes: set[int] = set()
    busy_until: int | None = None
    product = ""
    for start, end, made in rows:
        if busy_until is not None and busy_until > at_us:
            setup = setup_us if made != product else 0
            if max(start - busy_until, setup) >= SHORTEST_GAP_US:
                idle.append((busy_until, max(start, busy_until + setup)))
                changes |= {busy_until} if setup else set()
        busy_until = end if busy_until is None else max(busy_until, end)
        product = made
    return idle, frozenset(changes)


def usual_setup_s(tx: Connection, line_id: str, at_us: int) -> int:
    """How long setups of a line took lately (the middle one), in seconds; 0 while none is known."""
    o = t.operations.c
    rows = tx.execute(
        select(o.start_us, o.setup_end_us)
        .where(o.equipment_id.startswith(line_id + "/", autoescape=True), o.setup_end_us.is_not(None))
        .where(o.start_us > at_us - SETUPS_BACK_US, o.setup_end_us <= at_us)
        .order_by(o.start_us.desc())
        .limit(SETUPS)
    ).all()
    return round(median(end - start for start, end in rows) / SECOND) if rows else 0


def _without(span: Span, gap: Span) -> list[Span]:
    pieces = [(span[0], min(span[1], gap[0])), (max(span[0], gap[1]), span[1])]
    return [piece for piece in pieces if piece[0] < piece[1]]


def _gaps(producing: list[Span], at_us: int, shift_ends: tuple[int, ...]) -> tuple[Span, ...]:
    ordered, found = sorted(producing), []
    for before, after in pairwise(ordered):
        start, end = max(before[1], at_us), after[0]
        if end - start >= SHORTEST_GAP_US and start not in shift_ends:
            found.append((start, end))
    return tuple(found)
