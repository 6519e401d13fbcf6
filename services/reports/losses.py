"""Where the time of constraints went, in the words and numbers of the KPI screens (`domain.kpi`)."""

from collections.abc import Sequence

from domain.kpi import Measures, MinorModel
from domain.kpi import waterfall as steps_of
from services.kpi.losses import big_losses
from services.rows.reports import Loss, Step

_HOUR_US = 3_600_000_000


def losses(lines: Sequence[tuple[Measures, int]]) -> tuple[Loss, ...]:
    """The six big losses of lines in minutes and money, dearest first. A line: (measures, cents an hour).
    What nobody knows for want of a planned cycle is left out; the report's notes name those parts."""
    found = [
        Loss(row.label, row.seconds / 60, row.cents)
        for row in big_losses(lines)
        if row.seconds is not None and row.cents is not None
    ]
    return tuple(sorted(found, key=lambda loss: -loss.cents))


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
