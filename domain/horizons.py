"""The chance of a failure by several horizons: in operating time, and by the clock through the plan."""

from collections.abc import Sequence
from math import exp, log1p

from domain.clock import HOUR

Curve = tuple[tuple[float, float], ...]
"""(operating hours or cycles, chance of a failure by then), rising in both."""
Span = tuple[int, int]

CLOCK_H = (8, 24, 72, 168)
SURE = 1 - 1e-9


def chance_within(curve: Curve, operating: float) -> float:
    """The chance of a failure within so much operating time; beyond the last horizon, that of the last.

    Between two horizons the hazard is taken as constant, and before the first one as that of the first.
    """
    before, hazard = 0.0, 0.0
    for until, chance in curve:
        reached = -log1p(-min(chance, SURE))
        if operating <= until:
            share = (operating - before) / (until - before)
            return 1 - exp(-(hazard + share * (reached - hazard)))
        before, hazard = until, reached
    return 1 - exp(-hazard)


def planned_hours(producing: Sequence[Span], from_us: int, to_us: int) -> float:
    """Hours of [from, to) in which the line is planned to produce."""
    return sum(max(0, min(end, to_us) - max(start, from_us)) for start, end in producing) / HOUR
