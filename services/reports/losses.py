"""Where the time of constraints went, in the words and numbers of the KPI screens (`domain.kpi`)."""

from collections.abc import Sequence

from domain.kpi import Measures, MinorModel, six_big_losses
from domain.kpi import waterfall as steps_of
from services.rows.reports import Loss, Step

_HOUR_US = 3_600_000_000


def losses(lines: Sequence[tuple[Measures, int]]) -> tuple[Loss, ...]:
    """The six big losses of lines in minutes and money, dearest first. A line: (measures, cents an hour)."""
    found: dict[str, tuple[float, int]] = {}
    for m, rate in lines:
        for loss in six_big_losses(m):
            minutes, cents = found.get(loss.label, (0.0, 0))
            more = round(loss.seconds / 3600 * rate)
            found[loss.label] = (minutes + loss.seconds / 60, cents + more)
    rows = [Loss(label, minutes, cents) for label, (minutes, cents) in found.items()]
    return tuple(sorted(rows, key=lambda loss: -loss.cents))


def waterfall(m: Measures, model: MinorModel) -> tuple[Step, ...]:
    """Calendar time, what was taken from it step by step, and what is left for good parts, in hours."""
    hours = m.calendar_us / _HOUR_US
    taken = steps_of(m, model)
    rated = any(step.name == "speed" for step in taken)
    left = hours - sum(step.hours for step in taken)
    return (
        Step("Calendar time", hours, "whole"),
        *(Step(step.label, step.hours, "loss") for step in taken),
        Step("Good parts" if rated else "Running", left, "rest"),
    )
