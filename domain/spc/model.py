"""What a control chart is made of: samples, frozen limits, plotted points.

A chart plots one or two series. Values are in the metric's own unit; shares are 0..1; times are
microseconds of plant time. Frozen limits hold the parameters of phase I (level and spread), never
drawn lines: lines follow from them and from each sample's size.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from domain.errors import InvalidInput


class Kind(StrEnum):
    """The charts."""

    XBAR_R = "xbar_r"
    XBAR_S = "xbar_s"
    I_MR = "i_mr"
    P = "p"
    NP = "np"
    C = "c"
    U = "u"
    EWMA = "ewma"
    CUSUM = "cusum"


KIND_LABELS = {
    Kind.XBAR_R: "X-bar and R",
    Kind.XBAR_S: "X-bar and S",
    Kind.I_MR: "Individuals and moving range",
    Kind.P: "p: share of bad parts",
    Kind.NP: "np: bad parts in a sample",
    Kind.C: "c: defects in a sample",
    Kind.U: "u: defects per part",
    Kind.EWMA: "EWMA",
    Kind.CUSUM: "CUSUM",
}
ATTRIBUTES = frozenset({Kind.P, Kind.NP, Kind.C, Kind.U})
DEFECTS = frozenset({Kind.C, Kind.U})  # Poisson counts: a part may have several
SUBGROUPED = frozenset({Kind.XBAR_R, Kind.XBAR_S})
WEIGHTED = frozenset({Kind.EWMA, Kind.CUSUM})  # each point carries the past: rules on runs do not hold


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample: measured `values` (subgroup, or one value), or `count` bad parts or defects in `size`."""

    at_us: int
    values: tuple[float, ...] = ()
    count: float = 0.0
    size: float = 0.0

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (*self.values, self.count, self.size))):
            raise InvalidInput("a sample holds a value that is no number")
        if not self.values and (self.size <= 0 or self.count < 0):
            raise InvalidInput(f"a sample of {self.size:g} with {self.count:g} bad parts is impossible")

    @property
    def mean(self) -> float:
        """Mean of the values."""
        return math.fsum(self.values) / len(self.values)


@dataclass(frozen=True, slots=True)
class Weights:
    """Settings of the weighted charts: EWMA's lambda and width L, CUSUM's slack k and decision h.

    Widths, slack and decision are in sigmas of the plotted value (Montgomery, chapter 9).
    """

    ewma_lambda: float = 0.2
    ewma_width: float = 2.86
    cusum_slack: float = 0.5
    cusum_decision: float = 5.0

    def __post_init__(self) -> None:
        if not 0 < self.ewma_lambda <= 1 or self.ewma_width <= 0:
            raise InvalidInput("the weight of an EWMA lies between 0 and 1, its width above 0")
        if self.cusum_slack < 0 or self.cusum_decision <= 0:
            raise InvalidInput("the slack of a CUSUM is not negative, its decision interval above 0")


@dataclass(frozen=True, slots=True)
class Limits:
    """What phase I found. `level`: mean, share, or defects per sample or part; `sigma`: spread of one
    value within a sample (0 for attributes, whose spread follows from the level); `samples` behind it.
    `between`: spread of the samples' means where it was asked for, else 0 (sigma / sqrt n holds)."""

    level: float
    sigma: float
    samples: int
    between: float = 0.0

    def of_mean(self, n: int) -> float:
        """Sigma of a sample's mean of n values."""
        return self.between or self.sigma / math.sqrt(n)

    def __post_init__(self) -> None:
        numbers = (self.level, self.sigma, self.between)
        if not all(map(math.isfinite, numbers)) or min(self.sigma, self.between) < 0:
            raise InvalidInput("limits need a level and a spread that are numbers")


@dataclass(frozen=True, slots=True)
class Point:
    """One plotted value with its lines. `sigma` is a third of the way to the upper line, 0 if none."""

    at_us: int
    value: float
    center: float
    lower: float
    upper: float
    sigma: float

    @property
    def outside(self) -> bool:
        """Beyond a line; on the line is inside."""
        slack = 1e-9 * max(abs(self.upper), abs(self.lower), 1e-300)
        return self.value > self.upper + slack or self.value < self.lower - slack


@dataclass(frozen=True, slots=True)
class Series:
    """One series of a chart: its name, its points in time order, and whether zone rules hold for it."""

    name: str
    points: tuple[Point, ...]
    zones: bool
