"""Loads what OEE needs, for many units in a handful of queries."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from data.store import tables as t
from domain.clock import MINUTE, SECOND
from domain.equipment import line_of, site_of
from domain.telemetry import MachineState
from domain.time_model import (
    ALWAYS,
    MINOR_US,
    Cause,
    Count,
    Facts,
    OperationSpan,
    PlannedSpan,
    Span,
    StateSpan,
)

Changes = dict[str, list[tuple[int, int]]]
SILENCE_US = 15 * MINUTE  # longer without any message is a gap


def load(tx: Connection, units: Sequence[str], from_us: int, to_us: int) -> dict[str, Facts]:
    """Facts of each unit for [from_us, to_us). Units without rows get empty facts."""
    counts = _counts(tx, units, from_us, to_us)
    states = _states(tx, units, from_us, to_us)
    operations = _operations(tx, units, from_us, to_us)
    lines = sorted({line_of(unit) for unit in units})
    shifts, breaks = _shifts(tx, lines, from_us, to_us)
    minor, placed = _minor_us(tx, lines, from_us), _placed(tx, units)
    stops = _planned_stops(tx, units, from_us, to_us)
    return {
        unit: Facts(
            states=_with_gaps(states[unit], [c.bucket_us for c in counts[unit]], from_us, to_us),
            shifts=shifts[line_of(unit)],
            planned_stops=sorted(stops[unit] + breaks[line_of(unit)], key=lambda s: s.from_us),
            operations=operations[unit],
            counts=[c for c in counts[unit] if from_us <= c.bucket_us < to_us],
            minor_us=minor[line_of(unit)],
            placed=placed.get(unit, ALWAYS),
        )
        for unit in units
    }


def _counts(tx: Connection, units: Sequence[str], from_us: int, to_us: int) -> dict[str, list[Count]]:
    c = t.counts.c
    found: dict[str, list[Count]] = defaultdict(list)
    rows = tx.execute(
        select(c.equipment_id, c.bucket_us, c.good, c.scrap)
        .where(c.equipment_id.in_(units), c.bucket_us >= from_us - SILENCE_US, c.bucket_us < to_us)
        .order_by(c.equipment_id, c.bucket_us)
    )
    for unit, bucket_us, good, scrap in rows:
        found[unit].append(Count(bucket_us, good, scrap))
    return found


def _states(
    tx: Connection, units: Sequence[str], from_us: int, to_us: int
) -> dict[str, list[tuple[int, int]]]:
    s = t.states.c
    before = (
        select(s.equipment_id, func.max(s.source_us).label("at"))
        .where(s.equipment_id.in_(units), s.source_us <= from_us)
        .group_by(s.equipment_id)
        .subquery()
    )
    first = select(s.equipment_id, s.source_us, s.state).join(
        before, and_(before.c.equipment_id == s.equipment_id, before.c.at == s.source_us)
    )
    inside = select(s.equipment_id, s.source_us, s.state).where(
        s.equipment_id.in_(units), s.source_us > from_us, s.source_us < to_us
    )
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for query in (first, inside.order_by(s.equipment_id, s.source_us)):
        for unit, at_us, state in tx.execute(query):
            found[unit].append((max(at_us, from_us), state))
    return found


def _with_gaps(
    changes: list[tuple[int, int]], buckets: list[int], from_us: int, to_us: int
) -> list[StateSpan]:
    """State spans, cut where no message at all came for longer than SILENCE_US."""
    spans = []
    for begin, end in _heard(buckets, from_us, to_us):
        for index, (at_us, state) in enumerate(changes):
            stop = changes[index + 1][0] if index + 1 < len(changes) else to_us
            low, high = max(at_us, begin), min(stop, end)
            if low < high:
                spans.append(StateSpan(low, high, MachineState(state)))
    return spans


def _heard(buckets: list[int], from_us: int, to_us: int) -> list[tuple[int, int]]:
    stretches: list[tuple[int, int]] = []
    for bucket in buckets:
        begin, end = max(bucket, from_us), min(bucket + SILENCE_US, to_us)
        if begin >= end:
            continue
        if stretches and begin <= stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], end)
        else:
            stretches.append((begin, end))
    return stretches


def _operations(
    tx: Connection, units: Sequence[str], from_us: int, to_us: int
) -> dict[str, list[OperationSpan]]:
    o, p = t.operations.c, t.product_rates.c
    rates: dict[tuple[str, str], list[tuple[int, float]]] = defaultdict(list)
    for unit, product, valid_us, cycle in tx.execute(
        select(p.equipment_id, p.product_id, p.valid_from_us, p.planned_cycle_s)
        .where(p.equipment_id.in_(units))
        .order_by(p.valid_from_us)
    ):
        rates[unit, product].append((valid_us, cycle))
    found: dict[str, list[OperationSpan]] = defaultdict(list)
    rows = tx.execute(
        select(o.equipment_id, o.start_us, o.end_us, o.order_id, o.product_id, o.setup_end_us)
        .where(o.equipment_id.in_(units), o.start_us < to_us, or_(o.end_us.is_(None), o.end_us > from_us))
        .order_by(o.equipment_id, o.start_us)
    )
    for unit, start_us, end_us, order_id, product, setup_end_us in rows:
        span = OperationSpan(
            start_us, end_us or to_us, order_id, product, _rate(rates[unit, product], start_us),
            setup_end_us or start_us,
        )  # fmt: skip
        _append_after(found[unit], span)
    return found


def _append_after(spans: list[OperationSpan], span: OperationSpan) -> None:
    """Keep the spans apart: an operation that was not closed ends where the next one starts."""
    if spans and spans[-1].to_us > span.from_us:
        last = spans.pop()
        spans.append(replace(last, to_us=span.from_us))
    spans.append(span)


def _rate(versions: list[tuple[int, float]], at_us: int) -> float | None:
    valid = [cycle for valid_us, cycle in versions if valid_us <= at_us and cycle > 0]
    return valid[-1] if valid else None


def _shifts(
    tx: Connection, lines: Sequence[str], from_us: int, to_us: int
) -> tuple[dict[str, list[Span]], dict[str, list[Span]]]:
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


def _planned_stops(tx: Connection, units: Sequence[str], from_us: int, to_us: int) -> dict[str, list[Span]]:
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


def _minor_us(tx: Connection, lines: Sequence[str], at_us: int) -> dict[str, int]:
    """The longest minor stop per line, by the policy of the line, else of its site, valid at a moment."""
    p = t.stop_policies.c
    scopes = {*lines, *(site_of(line) for line in lines)}
    rows = tx.execute(
        select(p.scope, p.minor_stop_s)
        .where(p.scope.in_(scopes), p.valid_from_us <= at_us)
        .order_by(p.valid_from_us)
    )
    valid = {scope: seconds * SECOND for scope, seconds in rows}
    return {line: valid.get(line, valid.get(site_of(line), MINOR_US)) for line in lines}


def _placed(tx: Connection, units: Sequence[str]) -> dict[str, Span]:
    e = t.equipment.c
    rows = tx.execute(
        select(e.equipment_id, e.removed_us).where(e.equipment_id.in_(units), e.removed_us.is_not(None))
    )
    return {unit: Span(-(2**62), removed_us) for unit, removed_us in rows}
