"""The day of a line: its shifts count whole to the day on which they begin, as in the roll-ups.

So a day begins at midnight, or, where a shift runs over midnight, at its end; days meet without a gap.
KPI screens, reports, "Yesterday" on the floor and targets share this rule.
"""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection

from domain.reporting import Kind, Period, edges_of
from domain.time_model import Span
from services.kpi import grid


def begins(tx: Connection, line_id: str, zone: str, midnight_us: int) -> int:
    """When the day of a line begins that midnight opens."""
    at = next(c for c in grid.read(tx, line_id, zone, midnight_us, midnight_us + 1) if c.covers(midnight_us))
    return midnight_us if at.from_us == midnight_us else at.to_us


def span_of(tx: Connection, line_id: str, zone: str, period: Period) -> Span:
    """The days of a period as a line lives them; a shift is what it is."""
    if period.kind is Kind.SHIFT:
        return Span(period.from_us, period.to_us)
    first, after = edges_of(period, zone)
    return Span(begins(tx, line_id, zone, first), begins(tx, line_id, zone, after))


def whole(tx: Connection, lines: Iterable[str], zone: str, period: Period) -> Period:
    """The period from the first of these lines to begin until the last to end."""
    spans = [span_of(tx, line, zone, period) for line in lines]
    if not spans:
        return period
    return replace(period, from_us=min(s.from_us for s in spans), to_us=max(s.to_us for s in spans))
