"""What a decision was worth: promised at the decision, realised by what was found, confirmed by finance.

Promised: the expected benefit of the choice against waiting for the limit alarm, as signed.

Realised, when the work was done, by what the technician found:
- worn: share(grade) x A - C. A is what waiting for the alarm costs once the machine does fail: its
  expected cost divided by the risk, since without a failure waiting costs nothing (domain.costs). C is the
  expected cost of the choice. The share is how much of a failure the wear was: GRADE_SHARE.
- had failed: A - C when no failure had stopped the machine between decision and work, else -C: the
  advice came too late to save anything.
- nothing found, or another fault: -C. What the other fault would have cost, finance adds.
Advice that nobody took is worth nothing here, neither saved nor lost: nobody acted.
Without a risk (a person raised the case) there is no A, and only -C can be counted.
"""

from dataclasses import dataclass
from enum import StrEnum

from domain.messages import Finding
from domain.wording import percent

GRADE_SHARE = {"slight": 0.25, "clear": 0.6, "severe": 0.9, "": 0.6}
GRADES = {"slight": "slightly worn", "clear": "clearly worn", "severe": "badly worn"}
TRUTH = frozenset({Finding.FAILED, Finding.DEGRADED, Finding.NOTHING_FOUND, Finding.OTHER_FAULT})
RIGHT = frozenset({Finding.FAILED, Finding.DEGRADED})


class Entry(StrEnum):
    """The kinds of line in the ledger."""

    PROMISED = "promised"
    REALISED = "realised"
    CONFIRMED = "confirmed"
    CORRECTED = "corrected"


@dataclass(frozen=True, slots=True)
class Done:
    """What is known of a decided case whose work was done. Money in cents, `probability` 0..1 or None."""

    finding: Finding
    grade: str
    probability: float | None
    anyway_cents: int
    cost_cents: int
    failed_before_work: bool


@dataclass(frozen=True, slots=True)
class Realised:
    """The value and the inputs that it was counted from."""

    cents: int
    avoided_cents: int
    cost_cents: int
    share: float
    words: str


def realised(done: Done) -> Realised:
    """The value of a decision by what was found."""
    share, words = _share(done)
    avoided = round(share * done.anyway_cents / done.probability) if done.probability and share else 0
    return Realised(avoided - done.cost_cents, avoided, done.cost_cents, share, words)


def _share(done: Done) -> tuple[float, str]:
    if done.finding is Finding.FAILED and done.failed_before_work:
        return 0.0, "the machine failed before the work: nothing was avoided"
    if done.finding is Finding.FAILED:
        return 1.0, "the part had failed, and the machine had not stopped for it yet"
    if done.finding is Finding.DEGRADED:
        said = GRADES.get(done.grade, "worn, no grade was given")
        counts = GRADE_SHARE[done.grade]
        return counts, f"{said}: counts as {percent(counts, 0)} of a failure"
    if done.finding is Finding.NOTHING_FOUND:
        return 0.0, "nothing was found: the work was needless"
    return 0.0, "another fault was found: what it would have cost is not known to the desk"
