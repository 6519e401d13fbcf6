"""Where the time of a line's constraint went: the waterfall from calendar time to good parts, and losses.

The leaves are those of domain.time_model. Speed and quality losses are constraint time that good parts
did not need: APT - sum(PRI x PQ), and sum(PRI x PQ) - sum(PRI x GQ). A negative speed loss (parts made
faster than planned) is shown as it is.
"""

from collections.abc import Sequence

from domain.clock import HOUR, SECOND
from domain.oee import Oee
from domain.time_model import Leaf
from services.rows.reports import Loss, Step

_HOUR_S = HOUR / SECOND
_NAMES = (
    "Breakdowns and longer stops",
    "Minor stops",
    "Setup",
    "Waiting (blocked, starved, no order)",
    "Slow running",
    "Scrap",
)


def lost_s(oee: Oee, minor_s: float) -> tuple[float, ...]:
    """Seconds per loss in the order of the names; speed and quality are 0 without a rate."""
    s = oee.seconds
    rated = oee.rated
    return (
        s[Leaf.DOWN] - minor_s,
        minor_s,
        s[Leaf.SETUP],
        s[Leaf.DELAY],
        s[Leaf.PRODUCTION] - oee.ideal_s if rated else 0.0,
        oee.ideal_s - oee.ideal_good_s if rated else 0.0,
    )


def losses(lines: Sequence[tuple[Oee, float, int]]) -> tuple[Loss, ...]:
    """Minutes and money per loss of lines, dearest first.

    A line is (figures, seconds in minor stops, cents per hour).
    """
    minutes, cents = [0.0] * len(_NAMES), [0.0] * len(_NAMES)
    for oee, minor_s, rate in lines:
        for k, seconds in enumerate(lost_s(oee, minor_s)):
            minutes[k] += seconds / 60
            cents[k] += seconds / _HOUR_S * rate
    found = [Loss(name, minutes[k], round(cents[k])) for k, name in enumerate(_NAMES)]
    return tuple(sorted(found, key=lambda loss: -loss.cents))


def waterfall(whole: Oee, minor_s: float) -> tuple[Step, ...]:
    """Calendar time down to good parts, in hours; each rest is what the losses before it left."""
    s = whole.seconds
    lost = lost_s(whole, minor_s)
    steps = [
        ("Calendar time", sum(s.values()), "whole"),
        ("Outside shifts", s[Leaf.OUTSIDE], "loss"),
        ("Planned stops", s[Leaf.PLANNED_DOWN], "loss"),
        ("No data", s[Leaf.NO_DATA], "loss"),
        ("Planned time", whole.pbt_s, "rest"),
        ("Stops", lost[0], "loss"),
        ("Minor stops", lost[1], "loss"),
        ("Setup", lost[2], "loss"),
        ("Waiting", lost[3], "loss"),
        ("Running", s[Leaf.PRODUCTION], "rest"),
    ]
    if whole.rated and whole.produced:
        steps += [
            ("Slow running", lost[4], "loss"),
            ("Scrap", lost[5], "loss"),
            ("Good parts", whole.ideal_good_s, "rest"),
        ]
    return tuple(Step(name, seconds / _HOUR_S, kind) for name, seconds, kind in steps)
