"""From samples to limits (phase I) and from limits to points (phase II), one function a chart.

Formulas: Montgomery, chapters 6 (variables), 7 (attributes) and 9 (CUSUM, EWMA); NIST e-Handbook
6.3.2 and 6.3.3. Samples of unequal size get limits of their own.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from domain.errors import InvalidInput
from domain.spc import constants as k
from domain.spc.model import ATTRIBUTES, Kind, Limits, Point, Sample, Series, Weights

FEWEST = 8
FORGOTTEN = 1e-18  # a share that no longer changes a value


def limits_of(kind: Kind, samples: Sequence[Sample], *, between: bool = False) -> Limits:
    """Level and spread of phase I. InvalidInput for fewer than 8 samples or for no spread at all.

    Spread comes from within the subgroups (single values: from the moving range). `between`: the means
    get a spread of their own, taken from the means: for a process that drifts on purpose or whose
    neighbouring values resemble each other (the three-way chart: Wheeler; Montgomery, section 6.3).
    """
    if len(samples) < FEWEST:
        raise InvalidInput(f"limits need at least {FEWEST} samples, there are {len(samples)}")
    if kind not in ATTRIBUTES:
        return _variable(kind, samples, between)
    size = math.fsum(s.size for s in samples)
    count = math.fsum(s.count for s in samples)
    level = count / len(samples) if kind is Kind.C else count / size
    if level <= 0 or (kind in (Kind.P, Kind.NP) and level >= 1):
        raise InvalidInput("phase I holds no bad part, or no good one: no spread to draw limits from")
    return Limits(level, 0.0, len(samples))


def within(kind: Kind, samples: Sequence[Sample]) -> float:
    """The spread of one value within samples of measured values, from ranges, deviations or moving ranges
    as the chart takes it. InvalidInput for fewer than 8 samples."""
    if len(samples) < FEWEST:
        raise InvalidInput(
            f"the spread within samples needs at least {FEWEST} of them, there are {len(samples)}"
        )
    if kind is Kind.XBAR_R:
        return _pooled(samples, lambda s: (max(s.values) - min(s.values)) / k.d2(len(s.values)))
    if kind is Kind.XBAR_S or all(len(s.values) > 1 for s in samples):
        return _pooled(samples, lambda s: _deviation(s.values) / k.c4(len(s.values)))
    steps = [abs(b.mean - a.mean) for a, b in pairwise(samples)]
    return math.fsum(steps) / len(steps) / k.d2(2)


def _variable(kind: Kind, samples: Sequence[Sample], between: bool) -> Limits:
    means = [s.mean for s in samples]
    sizes = sum(len(s.values) for s in samples)
    level = math.fsum(v for s in samples for v in s.values) / sizes
    sigma = within(kind, samples)
    apart = _deviation(means) / k.c4(len(means)) if between else 0.0
    if sigma <= 0:
        raise InvalidInput("all values of phase I are equal: is the sensor stuck?")
    return Limits(level, sigma, len(samples), apart)


def _pooled(samples: Sequence[Sample], of: Callable[[Sample], float]) -> float:
    """Mean of the samples' estimates, weighted by n - 1 (equal sizes: the plain mean)."""
    usable = [s for s in samples if len(s.values) > 1]
    if not usable:
        raise InvalidInput("subgroups need at least two values each")
    weight = sum(len(s.values) - 1 for s in usable)
    return math.fsum(of(s) * (len(s.values) - 1) for s in usable) / weight


def _deviation(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1))


def series_of(
    kind: Kind,
    samples: Sequence[Sample],
    limits: Limits,
    weights: Weights | None = None,
    sums: tuple[float, float] = (0.0, 0.0),
) -> tuple[Series, ...]:
    """The series of a chart, first the level, then (where there is one) the spread. A CUSUM goes on from
    `sums`, above and below."""
    if kind is Kind.CUSUM:
        return _cusum(samples, limits, weights or Weights(), sums)
    return _DRAWN[kind](samples, limits, weights or Weights())


def remembers(kind: Kind, weights: Weights) -> int | None:
    """How many samples before one its point depends on; None: all of them (a CUSUM forgets nothing, but
    its sums hold all that it remembers)."""
    if kind is Kind.CUSUM:
        return None
    if kind is Kind.EWMA and weights.ewma_lambda < 1:
        return math.ceil(math.log(FORGOTTEN) / math.log(1 - weights.ewma_lambda))
    return 1


def _point(at_us: int, value: float, center: float, sigma: float, floor: float = -math.inf) -> Point:
    return Point(at_us, value, center, max(floor, center - 3 * sigma), center + 3 * sigma, sigma)


def _means(samples: Sequence[Sample], limits: Limits) -> Series:
    points = (_point(s.at_us, s.mean, limits.level, limits.of_mean(len(s.values))) for s in samples)
    return Series("Mean", tuple(points), zones=True)


def _xbar_r(samples: Sequence[Sample], limits: Limits, _: Weights) -> tuple[Series, ...]:
    ranges = []
    for s in samples:
        n = len(s.values)
        if n > 1:
            low, high = k.d3_d4(n)
            center = k.d2(n) * limits.sigma
            value = max(s.values) - min(s.values)
            ranges.append(Point(s.at_us, value, center, low * center, high * center, k.d3(n) * limits.sigma))
    return _means(samples, limits), Series("Range", tuple(ranges), zones=False)


def _xbar_s(samples: Sequence[Sample], limits: Limits, _: Weights) -> tuple[Series, ...]:
    spreads = []
    for s in samples:
        n = len(s.values)
        if n > 1:
            low, high = k.b3_b4(n)
            center = k.c4(n) * limits.sigma
            sigma = limits.sigma * math.sqrt(1 - k.c4(n) ** 2)
            spreads.append(Point(s.at_us, _deviation(s.values), center, low * center, high * center, sigma))
    return _means(samples, limits), Series("Standard deviation", tuple(spreads), zones=False)


def _i_mr(samples: Sequence[Sample], limits: Limits, _: Weights) -> tuple[Series, ...]:
    singles = tuple(_point(s.at_us, s.mean, limits.level, limits.of_mean(1)) for s in samples)
    center, top = k.d2(2) * limits.sigma, k.d3_d4(2)[1]
    moving = tuple(
        Point(b.at_us, abs(b.mean - a.mean), center, 0.0, top * center, k.d3(2) * limits.sigma)
        for a, b in pairwise(samples)
    )
    return Series("Value", singles, zones=True), Series("Moving range", moving, zones=False)


def _p(samples: Sequence[Sample], limits: Limits, _: Weights) -> tuple[Series, ...]:
    level = limits.level
    points = []
    for s in samples:
        sigma = math.sqrt(level * (1 - level) / s.size)
        upper = min(1.0, level + 3 * sigma)
        lower = max(0.0, level - 3 * sigma)
        points.append(Point(s.at_us, s.count / s.size, level, lower, upper, sigma))
    return (Series("Share", tuple(points), zones=True),)


def _np(samples: Sequence[Sample], limits: Limits, _: Weights) -> tuple[Series, ...]:
    level = limits.level
    points = (
        _point(s.at_us, s.count, level * s.size, math.sqrt(s.size * level * (1 - level)), 0.0)
        for s in samples
    )
    return (Series("Bad parts", tuple(points), zones=True),)


def _c(samples: Sequence[Sample], limits: Limits, _: Weights) -> tuple[Series, ...]:
    sigma = math.sqrt(limits.level)
    points = (_point(s.at_us, s.count, limits.level, sigma, 0.0) for s in samples)
    return (Series("Defects", tuple(points), zones=True),)


def _u(samples: Sequence[Sample], limits: Limits, _: Weights) -> tuple[Series, ...]:
    points = (
        _point(s.at_us, s.count / s.size, limits.level, math.sqrt(limits.level / s.size), 0.0)
        for s in samples
    )
    return (Series("Defects per part", tuple(points), zones=True),)


def _ewma(samples: Sequence[Sample], limits: Limits, weights: Weights) -> tuple[Series, ...]:
    share, kept, variance = weights.ewma_lambda, limits.level, 0.0
    points = []
    for s in samples:
        kept += share * (s.mean - kept)
        one = limits.of_mean(len(s.values)) ** 2
        variance = (1 - share) ** 2 * variance + share**2 * one
        wide = weights.ewma_width * math.sqrt(variance)
        points.append(Point(s.at_us, kept, limits.level, limits.level - wide, limits.level + wide, wide / 3))
    return (Series("EWMA", tuple(points), zones=False),)


def _cusum(
    samples: Sequence[Sample], limits: Limits, weights: Weights, sums: tuple[float, float]
) -> tuple[Series, ...]:
    """Two one-sided sums in sigmas of the plotted value; the lower one is drawn downwards."""
    h, (high, low) = weights.cusum_decision, sums
    above, below = [], []
    for s in samples:
        z = (s.mean - limits.level) / limits.of_mean(len(s.values))
        high = max(0.0, high + z - weights.cusum_slack)
        low = max(0.0, low - z - weights.cusum_slack)
        above.append(Point(s.at_us, high, 0.0, 0.0, h, h / 3))
        below.append(Point(s.at_us, -low, 0.0, -h, 0.0, h / 3))
    return Series("Sum above", tuple(above), zones=False), Series("Sum below", tuple(below), zones=False)


_DRAWN: dict[Kind, Callable[[Sequence[Sample], Limits, Weights], tuple[Series, ...]]] = {
    Kind.XBAR_R: _xbar_r,
    Kind.XBAR_S: _xbar_s,
    Kind.I_MR: _i_mr,
    Kind.P: _p,
    Kind.NP: _np,
    Kind.C: _c,
    Kind.U: _u,
    Kind.EWMA: _ewma,
}


def resemblance(samples: Sequence[Sample]) -> float:
    """Lag-1 autocorrelation of the samples' means; near 0 for a process that forgets (0 if constant)."""
    means = [s.mean if s.values else s.count / s.size for s in samples]
    middle = math.fsum(means) / len(means)
    whole = math.fsum((m - middle) ** 2 for m in means)
    together = math.fsum((a - middle) * (b - middle) for a, b in pairwise(means))
    return together / whole if whole > 0 else 0.0
