"""What was planned for units: shifts with their breaks, planned stops, operations, rates, policies."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection

from data.store.statements import Among, Row, Statement
from domain.clock import DAY, SECOND
from domain.equipment import site_of
from domain.rates import Rate, rate_at
from domain.setups import LONGEST_US, Booked
from domain.time_model import MINOR_US, Cause, PlannedSpan, Span, merged

OVER_US = 40 * DAY  # no shift is longer: what began earlier is over, and the history before is not read
_SHIFTS = Among(
    "SELECT line_id, start_us, end_us, name, break_start_us, break_s FROM shifts WHERE line_id {among}"
    " AND start_us < :to_us AND start_us > :old_us AND end_us > :from_us ORDER BY start_us, end_us, name"
)
_PAUSES = Among(
    "SELECT s.line_id, s.start_us, s.end_us, b.start_us, b.end_us FROM shifts s JOIN shift_breaks b"
    " ON b.instance = s.instance AND b.shift_id = s.shift_id WHERE s.line_id {among}"
    " AND s.start_us < :to_us AND s.start_us > :old_us AND s.end_us > :from_us"
)
_END_AT_FREEZE = (
    "COALESCE((SELECT COALESCE(p.end_us, -1) FROM stop_ends p WHERE p.instance = d.instance"
    " AND p.downtime_id = d.downtime_id AND p.until_us > s.frozen_us ORDER BY p.until_us LIMIT 1),"
    " d.end_us, -1)"
)
_FIRST_SHIFT_ENDS = (
    "(SELECT f.end_us FROM shifts f WHERE f.line_id = e.parent_id AND f.end_us > d.start_us"  # noqa: S608
    f" AND f.start_us > d.start_us - {2 * DAY} ORDER BY f.start_us LIMIT 1)"
)
_STOPS = Statement(
    "SELECT d.downtime_id, d.start_us, d.end_us, d.fixed_us <= s.frozen_us, s.start_us, s.end_us,"  # noqa: S608
    f" {_END_AT_FREEZE}, {_FIRST_SHIFT_ENDS}"
    " FROM downtimes d JOIN equipment e ON e.equipment_id = d.equipment_id"
    " JOIN shifts s ON s.line_id = e.parent_id AND s.start_us < :to_us AND s.end_us > :from_us"
    " AND s.start_us > :old_us AND s.start_us < COALESCE(d.end_us, :to_us) AND s.end_us > d.start_us"
    " WHERE d.equipment_id = :unit AND d.planned IS TRUE AND d.start_us < :to_us"
    " AND (d.end_us IS NULL OR d.end_us > :from_us) ORDER BY d.start_us, d.downtime_id"
)
_POLICIES = Among(
    "SELECT scope, valid_from_us, minor_stop_s FROM stop_policies WHERE scope {among} ORDER BY valid_from_us"
)
_OPERATIONS = Statement(
    "SELECT start_us, end_us, order_id, product_id, setup_end_us, COALESCE(tool, '') FROM operations"
    " WHERE equipment_id = :unit AND start_us < :to_us AND (end_us IS NULL OR end_us > :from_us)"
    " ORDER BY start_us"
)
_RATES = Statement(
    "SELECT product_id, valid_from_us, tool, planned_cycle_s, cavities, basis FROM product_rates"
    " WHERE equipment_id = :unit ORDER BY valid_from_us"
)


def shift_rows(tx: Connection, spans: Mapping[str, Span]) -> dict[str, list[Row]]:
    """By line (start, end, name, start of the break, its seconds) of shifts that touch its stretch, by
    start."""
    return _touching(_SHIFTS.rows(tx, list(spans), _around(spans)), spans)


def breaks_in(
    tx: Connection, rows: Mapping[str, Iterable[Row]], spans: Mapping[str, Span]
) -> dict[str, list[Span]]:
    """By line the breaks of these shifts: of their rows, and of a calendar."""
    others = _touching(_PAUSES.rows(tx, list(spans), _around(spans)), spans)
    return {
        line: [
            *(PlannedSpan(at, at + s * SECOND, Cause.BREAK) for *_, at, s in its if at is not None and s),
            *(PlannedSpan(start_us, end_us, Cause.BREAK) for _, _, start_us, end_us in others[line]),
        ]
        for line, its in rows.items()
    }


def _around(spans: Mapping[str, Span]) -> dict[str, Any]:
    """The stretch that holds those of all lines."""
    low = min((span.from_us for span in spans.values()), default=0)
    high = max((span.to_us for span in spans.values()), default=0)
    return {"from_us": low, "to_us": high, "old_us": low - OVER_US}


def _touching(rows: Iterable[Row], spans: Mapping[str, Span]) -> dict[str, list[Row]]:
    """By line what follows (line, start, ...) in the rows whose shift touches the stretch of its line."""
    found: dict[str, list[Row]] = {line: [] for line in spans}
    for line, *row in rows:
        span = spans[line]
        if row[0] < span.to_us and row[0] > span.from_us - OVER_US and row[1] > span.from_us:
            found[line].append(tuple(row))
    return found


def planned_stops(tx: Connection, unit: str, from_us: int, to_us: int) -> list[Span]:
    """The time of stops that counts as planned: marked so, in shifts whose plan froze after the stop was
    fixed, and up to the end that stood when that plan froze. One that had no end then is planned up to the
    end of the first shift that it reaches into."""
    rows = _STOPS.rows(tx, {"unit": unit, "from_us": from_us, "to_us": to_us, "old_us": from_us - OVER_US})
    return [span for _, mine in groupby(rows, key=lambda row: row[0]) for span in _planned(list(mine), to_us)]


def endless_stops(tx: Connection, unit: str, from_us: int, to_us: int) -> list[tuple[str, Span]]:
    """(record, what of [from_us, to_us) counts as planned) of stops that are still without an end."""
    rows = _STOPS.rows(tx, {"unit": unit, "from_us": from_us, "to_us": to_us, "old_us": from_us - OVER_US})
    found = []
    for record, mine in groupby((row for row in rows if row[2] is None), key=lambda row: row[0]):
        here = [Span(max(s.from_us, from_us), min(s.to_us, to_us)) for s in _planned(list(mine), to_us)]
        found += [(record, span) for span in here if span.from_us < span.to_us]
    return found


def _planned(rows: list[Row], to_us: int) -> list[Span]:
    """The planned time of one stop, from its rows by shift. Where shifts overlap, all must know of it."""
    fixed: list[Span] = []
    late: list[Span] = []
    for _, start_us, end_us, in_time, shift_us, shift_end_us, end_then, first_end in rows:
        begin, end = max(start_us, shift_us), min(to_us if end_us is None else end_us, shift_end_us)
        upto = (first_end or start_us) if end_then < 0 else end_then
        upto = min(end, max(begin, upto)) if in_time else begin
        fixed.append(Span(begin, upto))
        late.append(Span(upto, end))
    return [PlannedSpan(span.from_us, span.to_us) for span in _without(fixed, late)]


def _without(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """The time of some spans that none of the others covers, as spans apart, by start."""
    result: list[Span] = []
    taken = merged(others)
    for span in merged(spans):
        begin = span.from_us
        for other in taken:
            if begin < other.from_us < span.to_us:
                result.append(Span(begin, other.from_us))
            if other.from_us < span.to_us:
                begin = max(begin, other.to_us)
        if begin < span.to_us:
            result.append(Span(begin, span.to_us))
    return result


def minor_us(tx: Connection, line: str, at_us: int) -> int:
    """The threshold of a minor stop of a line that holds at a moment."""
    known = minor_versions(tx, [line])[line]
    return next((us for since, us in reversed(known) if since <= at_us), MINOR_US)


def minor_versions(tx: Connection, lines: Sequence[str]) -> dict[str, list[tuple[int, int]]]:
    """(valid from, threshold) of each line by time: its own policy, else that of its site."""
    known: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for scope, since, seconds in _POLICIES.rows(tx, sorted({*lines, *map(site_of, lines)}), {}):
        known[scope].append((since, seconds * SECOND))
    return {line: known.get(line) or known.get(site_of(line), []) for line in lines}


def operations(tx: Connection, unit: str, from_us: int, to_us: int) -> list[Booked]:
    """Operations that touch [from_us, to_us), by start, and those near it: a setup may begin LONGEST_US
    before its operation was booked, and depends on the operation before."""
    near = {"unit": unit, "from_us": from_us - 2 * LONGEST_US, "to_us": to_us + LONGEST_US}
    cycles, found = rates(tx, unit), []
    for start_us, end_us, order_id, product, setup_end_us, tool in _OPERATIONS.rows(tx, near):
        end = to_us + 2 * LONGEST_US if end_us is None else end_us
        rate = rate_at(cycles[product], tool, start_us)
        cycle = rate.per_part_s if rate else None
        found.append(Booked(start_us, max(end, start_us), order_id, product, cycle, setup_end_us))
    return found


def rates(tx: Connection, unit: str) -> dict[str, list[Rate]]:
    """The planned cycles per product of a unit, by time."""
    found: dict[str, list[Rate]] = defaultdict(list)
    for product, *rate in _RATES.rows(tx, {"unit": unit}):
        found[product].append(Rate(*rate))
    return found
