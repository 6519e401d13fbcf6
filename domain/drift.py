"""How far a distribution has moved: population stability index and Kolmogorov-Smirnov, with their limits.

PSI: Siddiqi, Credit Risk Scorecards (2006); below 0.1 nothing, 0.25 and more a shift. KS: the critical
value of the two-sample test at 1 %, for as many independent values as there are after thinning: half
hours of one machine resemble their neighbours, so NEIGHBOURS of them count as one.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt

from domain.clock import DAY

BINS = 5
SHIFTED_PSI = 0.25
KS_1_PERCENT = 1.63
NEIGHBOURS = 8
FEWEST = 48  # half hours: a day of running
SMOOTH = 0.5
FEWEST_CASES = 20  # behind any share or chance that people are shown
LEARN_US = 3 * DAY
NOW_US = 2 * DAY
MOVED_SHARE = 0.3  # of the machines compared: a change of the plant rather than of a machine
FEWEST_MACHINES = 5


@dataclass(frozen=True, slots=True)
class Moved:
    """One quantity now against then. `ks` is the distance, `critical` what it must reach at 1 %."""

    psi: float
    ks: float
    critical: float

    @property
    def shifted(self) -> bool:
        """Both agree that it moved."""
        return self.psi >= SHIFTED_PSI and self.ks >= self.critical


def moved(then: Sequence[float], now: Sequence[float]) -> Moved | None:
    """Compare two samples; None when either is too small."""
    if len(then) < FEWEST or len(now) < FEWEST:
        return None
    a, b = sorted(then), sorted(now)
    independent = NEIGHBOURS * (1 / len(a) + 1 / len(b))
    return Moved(psi(a, b), ks(a, b), min(1.0, KS_1_PERCENT * sqrt(independent)))


def psi(then: Sequence[float], now: Sequence[float]) -> float:
    """PSI over BINS bins that hold equal shares of `then` (sorted); half a value is added to each bin."""
    edges = [then[len(then) * k // BINS] for k in range(1, BINS)]
    p, q = _shares(then, edges), _shares(now, edges)
    return sum((b - a) * log(b / a) for a, b in zip(p, q, strict=True))


def ks(then: Sequence[float], now: Sequence[float]) -> float:
    """The largest distance of the two distribution functions; both sorted."""
    return max(
        abs(bisect_right(then, x) / len(then) - bisect_right(now, x) / len(now)) for x in (*then, *now)
    )


def _shares(values: Sequence[float], edges: Sequence[float]) -> list[float]:
    counts = [SMOOTH] * BINS
    for value in values:
        counts[bisect_right(edges, value)] += 1
    return [count / sum(counts) for count in counts]
