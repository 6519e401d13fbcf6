"""What came of a moved set point: the share of bad parts in the operations after it against those before.

Operations differ more than their parts do, so each is counted as a whole: the share is bad parts by parts,
its variance that of a ratio over operations (Cochran, Sampling Techniques, 6.3). The interval is Student's t
with as many degrees of freedom as there are operations less two; its quantile after Abramowitz and Stegun,
26.7.5. Nothing is said of fewer than FEWEST operations on either side.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

RUNS, FEWEST = 10, 3  # operations on either side: at most, at least
_Z = NormalDist().inv_cdf(0.95)  # a 90 % interval


class Verdict(StrEnum):
    """What the bad parts say: `unclear` while the interval of the change holds zero."""

    FEWER = "fewer"
    UNCLEAR = "unclear"
    MORE = "more"
    UNKNOWN = "unknown"


VERDICTS = {
    Verdict.FEWER: "fewer bad parts",
    Verdict.MORE: "more bad parts",
    Verdict.UNCLEAR: "no clear change",
    Verdict.UNKNOWN: "too few operations to say",
}


@dataclass(frozen=True, slots=True)
class Counted:
    """One operation: its parts, and how many of them were bad."""

    parts: float
    bad: float


@dataclass(frozen=True, slots=True)
class Side:
    """The operations before, or after: `share` is None without parts."""

    operations: int
    parts: float
    bad: float

    @property
    def share(self) -> float | None:
        """Bad parts by parts, 0..1."""
        return self.bad / self.parts if self.parts else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Both sides, and the change of the share with its 90 % interval; None where nothing may be said."""

    before: Side
    after: Side
    change: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def verdict(self) -> Verdict:
        """Fewer, more, or not clearly either."""
        if self.low is None or self.high is None:
            return Verdict.UNKNOWN
        return Verdict.FEWER if self.high < 0 else Verdict.MORE if self.low > 0 else Verdict.UNCLEAR


def compared(before: Sequence[Counted], after: Sequence[Counted]) -> Outcome:
    """The outcome from operations with parts."""
    first, second = _side(before), _side(after)
    if min(len(before), len(after)) < FEWEST or first.share is None or second.share is None:
        return Outcome(first, second)
    change = second.share - first.share
    wide = _quantile(len(before) + len(after) - 2) * math.sqrt(_variance(before) + _variance(after))
    return Outcome(first, second, change, change - wide, change + wide)


def _side(runs: Sequence[Counted]) -> Side:
    return Side(len(runs), sum(run.parts for run in runs), sum(run.bad for run in runs))


def _variance(runs: Sequence[Counted]) -> float:
    """Of the share, over operations; never below that of its parts drawn alone."""
    n, parts = len(runs), sum(run.parts for run in runs)
    share = sum(run.bad for run in runs) / parts
    between = sum((run.bad - share * run.parts) ** 2 for run in runs) / parts**2 * n / (n - 1)
    return max(between, share * (1 - share) / parts)


def _quantile(freedom: int) -> float:
    """The 95 % quantile of Student's t."""
    z = _Z
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3
