"""The day of a line: its shifts count whole to the day on which they begin, as in the roll-ups.

So a day begins at midnight, or, where a shift runs over midnight, at its end; days meet without a gap.
KPI screens, reports, "Yesterday" on the floor and targets share this rule.
"""

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from domain.reporting import Kind, Period, edges_of
from domain.time_model import Span
from services.kpi import grid


def begins(
    tx: Connection, lines: Sequence[str], zone: str, midnights: Collection[int]
) -> dict[str, dict[int, int]]:
    """When each day of each line begins, by the midnight that opens it; the plan is read once."""
    if not midnights:
        return {line: {} for line in lines}
    around = Span(min(midnights), max(midnights) + 1)
    every = grid.of_lines(tx, dict.fromkeys(lines, around), zone)
    return {line: _begins(cells, midnights) for line, cells in every.items()}


def _begins(cells: Sequence[grid.Cell], midnights: Collection[int]) -> dict[int, int]:
    starts = [cell.from_us for cell in cells]
    at = {midnight: cells[bisect_right(starts, midnight) - 1] for midnight in midnights}
    return {midnight: midnight if c.from_us == midnight else c.to_us for midnight, c in at.items()}


def spans_of(tx: Connection, lines: Sequence[str], zone: str, period: Period) -> dict[str, Span]:
    """The days of a period as each line lives them; a shift is what it is."""
    if period.kind is Kind.SHIFT:
        return dict.fromkeys(lines, Span(period.from_us, period.to_us))
    first, after = edges_of(period, zone)
    return {line: Span(at[first], at[after]) for line, at in begins(tx, lines, zone, (first, after)).items()}


def whole(tx: Connection, lines: Sequence[str], zone: str, periods: Sequence[Period]) -> list[Period]:
    """Each day or week from the first of these lines to begin until the last to end. A day that lies whole
    in a shift of an earlier day keeps its midnights; nothing counts in it."""
    if not lines:
        return list(periods)
    edges = [edges_of(period, zone) for period in periods]
    midnights = {midnight for pair in edges for midnight in pair}
    known = list(begins(tx, lines, zone, midnights).values())
    found = []
    for period, (first, after) in zip(periods, edges, strict=True):
        begin, end = min(k[first] for k in known), max(k[after] for k in known)
        empty = end <= begin
        found.append(replace(period, from_us=first if empty else begin, to_us=after if empty else end))
    return found
