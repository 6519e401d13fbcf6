"""Capability with what is not known about it: 95 % intervals, and whether the values are normal at all.

Intervals: Cp by the chi-square distribution (Kane 1986), Cpk by Bissell's approximation (Applied
Statistics 39, 1990); both as in Montgomery, section 8.3, and NIST e-Handbook 6.1.6. Where the spread
is estimated from ranges or subgroups, the degrees of freedom are those that the estimate is worth.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from inspect import unwrap
from itertools import chain
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from domain.errors import InvalidInput
from domain.spc import constants as k
from domain.spc.capability import Indices, Tolerance, indices
from domain.spc.charts import FEWEST
from domain.spc.model import Kind

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

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


@dataclass(frozen=True, slots=True)
class Measured:
    """The values of samples in a row, and how many each sample has; samples without values are left out."""

    values: Reals
    sizes: Ints

    @classmethod
    def of(cls, samples: Iterable[Sequence[float]]) -> "Measured":
        """From the values of each sample, in order of time."""
        rows = [each for each in samples if each]
        sizes = np.fromiter(map(len, rows), np.int64, len(rows))
        return cls(np.fromiter(chain.from_iterable(rows), np.float64, int(sizes.sum())), sizes)

    @property
    def begins(self) -> Ints:
        """Where each sample's values begin."""
        return np.cumsum(self.sizes) - self.sizes

    @property
    def means(self) -> Reals:
        """The mean of each sample."""
        if len(self.values) == len(self.sizes):
            return self.values
        means: Reals = np.add.reduceat(self.values, self.begins) / self.sizes
        return means


def capability(kind: Kind, samples: Measured, tolerance: Tolerance, run: Sequence[float]) -> Capability:
    """Cp, Cpk, Pp, Ppk of the samples' values; Cm, Cmk of a machine's run of values in a row (may be ()).

    The spread within samples is that of these samples, not of phase I: it may have changed since.
    """
    values = samples.values
    mean, overall = _spread(values)
    inside = indices(mean, within(kind, samples), tolerance)
    total = indices(mean, overall, tolerance)
    found = _pair("C", "p", inside, worth(kind, samples), len(values))
    found += _pair("P", "p", total, len(values) - 1, len(values))
    if run:
        short_mean, short = _spread(np.asarray(run, float))
        found += _pair("C", "m", indices(short_mean, short, tolerance), len(run) - 1, len(run))
    low = -math.inf if tolerance.lower is None else tolerance.lower
    high = math.inf if tolerance.upper is None else tolerance.upper
    outside = int(((values < low) | (values > high)).sum())
    ordered = np.sort(values)
    return Capability(
        tuple(found), normality(ordered), percentile_index(ordered, tolerance), len(values), mean, outside
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


def within(kind: Kind, samples: Measured) -> float:
    """`domain.spc.charts.within` over columns: the spread of one value within samples. Raises InvalidInput
    where that does."""
    if len(samples.sizes) < FEWEST:
        raise InvalidInput(
            f"the spread within samples needs at least {FEWEST} of them, there are {len(samples.sizes)}"
        )
    if kind is Kind.XBAR_R or kind is Kind.XBAR_S or (samples.sizes > 1).all():
        return _pooled(kind, samples)
    return float(np.abs(np.diff(samples.means)).mean()) / k.d2(2)


def _pooled(kind: Kind, samples: Measured) -> float:
    """Mean of the samples' estimates, weighted by n - 1."""
    sizes, begins, values = samples.sizes, samples.begins, samples.values
    several = sizes > 1
    if not several.any():
        raise InvalidInput("subgroups need at least two values each")
    if kind is Kind.XBAR_R:
        apart = np.maximum.reduceat(values, begins) - np.minimum.reduceat(values, begins)
        estimates = apart[several] / _by_size(k.d2, sizes[several])
    else:
        squares = np.add.reduceat((values - np.repeat(samples.means, sizes)) ** 2, begins)[several]
        estimates = np.sqrt(squares / (sizes[several] - 1)) / _by_size(k.c4, sizes[several])
    return float(np.average(estimates, weights=sizes[several] - 1))


def _by_size(constant: Callable[[int], float], sizes: Ints) -> Reals:
    """A constant of each sample's size."""
    known, places = np.unique(sizes, return_inverse=True)
    return np.array([constant(int(n)) for n in known])[places]


def worth(kind: Kind, samples: Measured) -> float:
    """Degrees of freedom of the spread within samples: 1 / (2 x its relative variance).

    Moving ranges overlap: 0.62 of each counts (Cryer and Ryan, Journal of Quality Technology 22, 1990).
    """
    sizes, counts = np.unique(samples.sizes[samples.sizes > 1], return_counts=True)
    if not len(sizes):
        return 0.62 * (len(samples.sizes) - 1)
    freedom = _of_range if kind is Kind.XBAR_R else _of_deviation
    return float(np.dot(_by_size(freedom, sizes), counts))


def _of_range(n: int) -> float:
    return k.d2(n) ** 2 / (2 * k.d3(n) ** 2)


def _of_deviation(n: int) -> float:
    return k.c4(n) ** 2 / (2 * (1 - k.c4(n) ** 2))


def _spread(values: Reals) -> tuple[float, float]:
    """Mean and standard deviation (n - 1) of at least two values."""
    if len(values) < 2:
        raise InvalidInput("two values at least, please")
    return float(values.mean()), float(values.std(ddof=1))


def normality(values: Reals) -> Normality:
    """Shapiro-Wilk over at most 5,000 values in ascending order, evenly taken."""
    if len(values) < LEAST or np.count_nonzero(np.diff(values)) < 2:
        return Normality(None, None)
    if len(values) > MOST:
        values = values[np.linspace(0, len(values) - 1, MOST).astype(int)]
    from scipy import stats  # takes two seconds: only who asks for capability waits for it

    apart = values - values.mean()
    skew = float((apart**3).mean() / (apart**2).mean() ** 1.5)
    test = unwrap(stats.shapiro)  # what SciPy wraps around it takes five times as long as the test
    return Normality(float(test(values).pvalue), skew)


def percentile_index(values: Reals, tolerance: Tolerance) -> float | None:
    """Ppk by percentiles (ISO 22514-4): distance from the median over that to the 0.135 % points of values
    in ascending order.

    None below 100 values: the outer percentiles would be guesses.
    """
    if len(values) < 100:
        return None
    places = np.array([0.00135, 0.5, 0.99865]) * (len(values) - 1)
    low, middle, high = np.interp(places, np.arange(len(values)), values)
    sides = []
    if tolerance.upper is not None and high > middle:
        sides.append((tolerance.upper - middle) / (high - middle))
    if tolerance.lower is not None and middle > low:
        sides.append((middle - tolerance.lower) / (middle - low))
    return float(min(sides)) if sides else None
