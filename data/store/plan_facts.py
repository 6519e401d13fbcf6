"""What was planned for units: shifts with their breaks, planned stops, operations, rates, policies."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, or_, select

from data.store import tables as t
from domain.clock import SECOND
from domain.equipment import site_of
from domain.setups import LONGEST_US, Booked
from domain.time_model import MINOR_US, Cause, PlannedSpan, Span


def shifts(
    tx: Connection, lines: Sequence[str], from_us: int, to_us: int
) -> tuple[dict[str, list[Span]], dict[str, list[Span]]]:
    """Shifts that touch [from_us, to_us) per line, by start, and the breaks in them."""
    s, b = t.shifts.c, t.shift_breaks.c
    shifts: dict[str, list[Span]] = defaultdict(list)
    breaks: dict[str, list[Span]] = defaultdict(list)
    rows: Sequence[Any] = tx.execute(
        select(s.line_id, s.start_us, s.end_us, s.break_start_us, s.break_s)
        .where(s.line_id.in_(lines), s.start_us < to_us, s.end_us > from_us)
        .order_by(s.line_id, s.start_us)
    ).all()
    for line, start_us, end_us, break_us, break_s in rows:
        shifts[line].append(Span(start_us, end_us))
        if break_us is not None and break_s:
            breaks[line].append(PlannedSpan(break_us, break_us + break_s * SECOND, Cause.BREAK))
    pauses = tx.execute(
        select(s.line_id, b.start_us, b.end_us)
        .join_from(t.shifts, t.shift_breaks, (b.instance == s.instance) & (b.shift_id == s.shift_id))
        .where(s.line_id.in_(lines), s.start_us < to_us, s.end_us > from_us)
    )
    for line, start_us, end_us in pauses:
        breaks[line].append(PlannedSpan(start_us, end_us, Cause.BREAK))
    return shifts, breaks


def planned_stops(tx: Connection, units: Sequence[str], from_us: int, to_us: int) -> dict[str, list[Span]]:
    """Stops that count as planned: marked so, and fixed before the plan of their shift froze."""
    d, s, e = t.downtimes.c, t.shifts.c, t.equipment.c
    frozen = (
        select(func.min(s.frozen_us))
        .where(s.line_id == e.parent_id, s.start_us <= d.start_us, s.end_us > d.start_us)
        .scalar_subquery()
    )
    rows = tx.execute(
        select(d.equipment_id, d.start_us, d.end_us)
        .join_from(t.downtimes, t.equipment, e.equipment_id == d.equipment_id)
        .where(
            d.equipment_id.in_(units), d.planned.is_(True), d.start_us < to_us,
            or_(d.end_us.is_(None), d.end_us > from_us),
            d.fixed_us <= func.coalesce(frozen, d.start_us),
        )
    )  # fmt: skip
    found: dict[str, list[Span]] = defaultdict(list)
    for unit, start_us, end_us in rows:
        found[unit].append(PlannedSpan(start_us, end_us or to_us))
    return found


def minor_us(tx: Connection, lines: Sequence[str], at_us: int) -> dict[str, int]:
    """The threshold of a minor stop per line that holds at a moment."""
    return {
        line: next((us for since, us in reversed(minor_versions(tx, line)) if since <= at_us), MINOR_US)
        for line in lines
    }


def minor_versions(tx: Connection, line: str) -> list[tuple[int, int]]:
    """(valid from, threshold) of a line by time: its own policy, else that of its site."""
    p = t.stop_policies.c
    for scope in (line, site_of(line)):
        rows = tx.execute(
            select(p.valid_from_us, p.minor_stop_s).where(p.scope == scope).order_by(p.valid_from_us)
        )
        found = [(since, seconds * SECOND) for since, seconds in rows]
        if found:
            return found
    return []


def placed(tx: Connection, units: Sequence[str]) -> dict[str, Span]:
    """Until when units stood in the plant, for those that were removed."""
    e = t.equipment.c
    rows = tx.execute(
        select(e.equipment_id, e.removed_us).where(e.equipment_id.in_(units), e.removed_us.is_not(None))
    )
    return {unit: Span(-(2**62), removed_us) for unit, removed_us in rows}


def operations(tx: Connection, units: Sequence[str], from_us: int, to_us: int) -> dict[str, list[Booked]]:
    """Operations that touch [from_us, to_us), by start, and those near it: a setup may begin LONGEST_US
    before its operation was booked, and depends on the operation before."""
    o = t.operations.c
    cycles = rates(tx, units)
    found: dict[str, list[Booked]] = defaultdict(list)
    rows = tx.execute(
        select(o.equipment_id, o.start_us, o.end_us, o.order_id, o.product_id, o.setup_end_us)
        .where(
            o.equipment_id.in_(units),
            o.start_us < to_us + LONGEST_US,
            or_(o.end_us.is_(None), o.end_us > from_us - 2 * LONGEST_US),
        )
        .order_by(o.equipment_id, o.start_us)
    )
    for unit, start_us, end_us, order_id, product, setup_end_us in rows:
        end = to_us + 2 * LONGEST_US if end_us is None else end_us
        cycle = rate_at(cycles[unit, product], start_us)
        found[unit].append(Booked(start_us, max(end, start_us), order_id, product, cycle, setup_end_us))
    return found


Rates = dict[tuple[str, str], list[tuple[int, float]]]


def rates(tx: Connection, units: Sequence[str]) -> Rates:
    """(valid from, planned cycle in seconds) per unit and product, by time."""
    p = t.product_rates.c
    found: Rates = defaultdict(list)
    for unit, product, valid_us, cycle in tx.execute(
        select(p.equipment_id, p.product_id, p.valid_from_us, p.planned_cycle_s)
        .where(p.equipment_id.in_(units))
        .order_by(p.valid_from_us)
    ):
        found[unit, product].append((valid_us, cycle))
    return found


def rate_at(versions: Sequence[tuple[int, float]], at_us: int) -> float | None:
    """PRI that holds at a moment. A cycle of 0 or less is no rate."""
    valid = [cycle for valid_us, cycle in versions if valid_us <= at_us]
    return valid[-1] if valid and valid[-1] > 0 else None
