"""Capability with what is not known about it: 95 % intervals, and whether the values are normal at all.

Intervals: Cp by the chi-square distribution (Kane 1986), Cpk by Bissell's approximation (Applied
Statistics 39, 1990); both as in Montgomery, section 8.3, and NIST e-Handbook 6.1.6. Where the spread
is estimated from ranges or subgroups, the degrees of freedom are those that the estimate is worth.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from domain.spc import charts
from domain.spc import constants as k
from domain.spc.capability import Indices, Tolerance, indices, spread
from domain.spc.model import Kind, Sample

LEVEL = 0.95
MOST = 5_000  # the normality check is not meant for more
LEAST = 20
BENT = 0.05


@dataclass(frozen=True, slots=True)
class Index:
    """One index with its interval; None where it does not exist (a tolerance with one limit)."""

    name: str
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Normality:
    """Shapiro and Wilk's test: `p` is the chance of values at least this odd from a normal process.

    `skew` is 0 for symmetric values. None of them below 20 values.
    """

    p: float | None
    skew: float | None

    @property
    def doubtful(self) -> bool:
        """True when the values are hardly normal: a share of bad parts must not be read off the indices."""
        return self.p is not None and self.p < BENT


@dataclass(frozen=True, slots=True)
class Capability:
    """All indices of one chart. `by_percentiles` is Ppk without the assumption of normal values."""

    indices: tuple[Index, ...]
    normality: Normality
    by_percentiles: float | None
    values: int
    mean: float
    outside: int


def capability(
    kind: Kind, samples: Sequence[Sample], tolerance: Tolerance, run: Sequence[float]
) -> Capability:
    """Cp, Cpk, Pp, Ppk of the samples' values; Cm, Cmk of a machine's run of values in a row (may be ()).

    The spread within samples is that of these samples, not of phase I: it may have changed since.
    """
    values = [v for s in samples for v in s.values]
    mean, overall = spread(values)
    within = indices(mean, charts.within(kind, samples), tolerance)
    total = indices(mean, overall, tolerance)
    found = _pair("C", "p", within, worth(kind, samples), len(values))
    found += _pair("P", "p", total, len(values) - 1, len(values))
    if run:
        short_mean, short = spread(run)
        found += _pair("C", "m", indices(short_mean, short, tolerance), len(run) - 1, len(run))
    low, high = tolerance.lower, tolerance.upper
    outside = sum((low is not None and v < low) or (high is not None and v > high) for v in values)
    return Capability(
        tuple(found), normality(values), percentile_index(values, tolerance), len(values), mean, outside
    )


def _pair(first: str, second: str, one: Indices, freedom: float, count: int) -> list[Index]:
    wide = interval_wide(one.wide, freedom) if one.wide is not None else (None, None)
    near = interval_near(one.near, freedom, count)
    return [
        Index(f"{first}{second}", one.wide, *wide),
        Index(f"{first}{second}k", one.near, *near),
    ]


def interval_wide(value: float, freedom: float, level: float = LEVEL) -> tuple[float, float]:
    """Interval of Cp, Pp or Cm for a spread worth `freedom` degrees of freedom."""
    from scipy import special  # takes most of a second: not while the app starts

    tail = (1 - level) / 2
    low, high = float(special.chdtri(freedom, 1 - tail)), float(special.chdtri(freedom, tail))
    return value * math.sqrt(low / freedom), value * math.sqrt(high / freedom)


def interval_near(value: float, freedom: float, count: int, level: float = LEVEL) -> tuple[float, float]:
    """Bissell's interval of Cpk, Ppk or Cmk."""
    z = NormalDist().inv_cdf((1 + level) / 2)
    wide = z * math.sqrt(1 / (9 * count) + value**2 / (2 * freedom))
    return value - wide, value + wide


def worth(kind: Kind, samples: Sequence[Sample]) -> float:
    """Degrees of freedom of the spread within samples: 1 / (2 x its relative variance).

    Moving ranges overlap: 0.62 of each counts (Cryer and Ryan, Journal of Quality Technology 22, 1990).
    """
    sizes = [len(s.values) for s in samples if len(s.values) > 1]
    if not sizes:
        return 0.62 * (len(samples) - 1)
    if kind is Kind.XBAR_R:
        return sum(k.d2(n) ** 2 / (2 * k.d3(n) ** 2) for n in sizes)
    return sum(k.c4(n) ** 2 / (2 * (1 - k.c4(n) ** 2)) for n in sizes)


def normality(values: Sequence[float]) -> Normality:
    """Shapiro-Wilk over at most 5,000 values, evenly taken."""
    if len(values) < LEAST or len(set(values)) < 3:
        return Normality(None, None)
    data = np.asarray(values, float)
    if len(data) > MOST:
        data = data[np.linspace(0, len(data) - 1, MOST).astype(int)]
    from scipy import stats  # takes two seconds: only who asks for capability waits for it

    return Normality(float(stats.shapiro(data).pvalue), float(stats.skew(data)))


def percentile_index(values: Sequence[float], tolerance: Tolerance) -> float | None:
    """Ppk by percentiles (ISO 22514-4): distance from the median over that to the 0.135 % points.

    None below 100 values: the outer percentiles would be guesses.
    """
    if len(values) < 100:
        return None
    low, middle, high = np.quantile(np.asarray(values, float), [0.00135, 0.5, 0.99865])
    sides = []
    if tolerance.upper is not None and high > middle:
        sides.append((tolerance.upper - middle) / (high - middle))
    if tolerance.lower is not None and middle > low:
        sides.append((middle - tolerance.lower) / (middle - low))
    return float(min(sides)) if sides else None
