"""Why did we not see it? What is looked at after every unplanned failure, and what the facts say first.

The verdict is proposed from facts of the day before the failure; a person settles it:
- no sensor: nothing could be scored, so nothing could be seen
- below threshold: the risk had risen to half the threshold or more, but advice was never given
- ignored: there was advice, and nobody acted on it
- unpredictable: it was scored, and no score had risen
- too late: somebody had acted on advice, and the machine failed all the same
"""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Why it was not seen."""

    NO_SENSOR = "no_sensor"
    BELOW_THRESHOLD = "below_threshold"
    IGNORED = "ignored"
    UNPREDICTABLE = "unpredictable"
    TOO_LATE = "too_late"


LABELS = {
    Verdict.NO_SENSOR: "no sensor",
    Verdict.BELOW_THRESHOLD: "below threshold",
    Verdict.IGNORED: "ignored",
    Verdict.UNPREDICTABLE: "unpredictable",
    Verdict.TOO_LATE: "acted on too late",
}
NEXT_STEPS = {
    Verdict.NO_SENSOR: "Check the sensors of this machine: nothing could be scored before the failure.",
    Verdict.BELOW_THRESHOLD: "The risk had risen: label this failure and retrain, or lower the threshold.",
    Verdict.IGNORED: "Talk about why the advice was not followed; nothing was wrong with the model.",
    Verdict.UNPREDICTABLE: "No sensor showed it coming: ask what signal would, or plan by hours.",
    Verdict.TOO_LATE: "See why the work came too late: the deadline, the part, or the people.",
}


@dataclass(frozen=True, slots=True)
class Before:
    """The day before a failure: scores, the highest risk, the model's threshold, advice and acts on it."""

    scored: int
    highest: float | None
    threshold: float
    advised: bool
    acted: bool


def proposed(before: Before) -> Verdict:
    """The verdict that the facts speak for."""
    if before.acted:
        return Verdict.TOO_LATE
    if before.advised:
        return Verdict.IGNORED
    if not before.scored:
        return Verdict.NO_SENSOR
    risen = before.highest is not None and before.highest >= before.threshold / 2
    return Verdict.BELOW_THRESHOLD if risen else Verdict.UNPREDICTABLE


def why(before: Before) -> str:
    """The facts behind the proposal, in one sentence."""
    advice = "a case was open" if before.advised else "no case was open"
    case = "a case was decided" if before.acted else advice
    if not before.scored:
        return f"Nothing was scored in the day before; {case}."
    highest, from_ = round((before.highest or 0) * 100), before.threshold * 100
    told = f"{before.scored} scores in the day before, {highest} of 100 at most"
    return f"{told}; advice from {from_:.0f} on; {case}."
