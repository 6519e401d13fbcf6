"""Stated chances beside what came, where maintenance hides some of the ends.

A preventive maintenance within the horizon censors: nobody knows whether the machine would have failed.
Leaving such cases out makes the rest look too healthy or too ill, so the others are weighted by the
inverse of the probability that they were not censored (IPCW; Graf et al., Statistics in Medicine 18,
1999), estimated by Kaplan-Meier over the same cases.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

from domain.drift import FEWEST_CASES

EDGES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
Z_99 = 2.576


@dataclass(frozen=True, slots=True)
class Case:
    """A chance stated at `at_us`, how long the machine was watched (of the horizon), and how that ended.

    `failed`: with a failure; `censored`: with a maintenance; else the horizon passed.
    """

    stated: float
    watched_us: int
    failed: bool
    censored: bool
    at_us: int = 0


@dataclass(frozen=True, slots=True)
class Bin:
    """Chances in [low, high): how many cases count, stated on average, found (None: too few cases)."""

    low: float
    high: float
    cases: int
    stated: float
    found: float | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """All of it. `brier` and `off` are None with too few cases; `off`: the 99 % interval of what was
    found leaves out what was stated (it is looked at every hour, 95 % would be wrong too often)."""

    cases: int
    censored: int
    failures: int
    stated: float | None
    found: float | None
    brier: float | None
    off: bool | None
    bins: tuple[Bin, ...]


def calibration(cases: Sequence[Case]) -> Calibration:
    """Weigh the cases and compare."""
    weights = ipcw(cases)
    known = [(c, w) for c, w in zip(cases, weights, strict=True) if w > 0]
    total = sum(w for _, w in known)
    failures = sum(c.failed for c in cases)
    enough = len(known) >= FEWEST_CASES
    stated = sum(w * c.stated for c, w in known) / total if enough else None
    found = sum(w * c.failed for c, w in known) / total if enough else None
    brier = sum(w * (c.stated - c.failed) ** 2 for c, w in known) / total if enough else None
    off = None
    if stated is not None and found is not None:
        low, high = wilson(found, _effective([w for _, w in known]))
        off = not low <= stated <= high
    bins = tuple(_bin(known, low, high) for low, high in pairwise(EDGES))
    censored = sum(c.censored for c in cases)
    return Calibration(
        len(known), censored, failures, stated, found, brier, off, tuple(b for b in bins if b.cases)
    )


def ipcw(cases: Sequence[Case]) -> list[float]:
    """The weight of each case: 0 where it was censored, else 1 / chance of not having been."""
    steps = _uncensored(cases)
    return [0.0 if c.censored else 1 / _at(steps, c.watched_us) for c in cases]


def wilson(share: float, count: float) -> tuple[float, float]:
    """99 % interval of a share (Wilson 1927)."""
    if count <= 0:
        return 0.0, 1.0
    z2 = Z_99**2 / count
    middle = (share + z2 / 2) / (1 + z2)
    half = Z_99 * sqrt(share * (1 - share) / count + z2 / (4 * count)) / (1 + z2)
    return middle - half, middle + half


def _uncensored(cases: Sequence[Case]) -> list[tuple[int, float]]:
    """Kaplan-Meier of not being censored: (time, chance from then on), falling."""
    chance, steps = 1.0, []
    times = sorted({c.watched_us for c in cases if c.censored})
    for at in times:
        at_risk = sum(c.watched_us >= at for c in cases)
        chance *= 1 - sum(c.censored and c.watched_us == at for c in cases) / at_risk
        steps.append((at, chance))
    return steps


def _at(steps: Sequence[tuple[int, float]], at_us: int) -> float:
    """The chance just before a time; never below a twentieth, so that no case outweighs twenty."""
    before = [chance for time, chance in steps if time < at_us]
    return max(0.05, before[-1] if before else 1.0)


def _effective(weights: Sequence[float]) -> float:
    """How many equal cases say as much (Kish)."""
    return sum(weights) ** 2 / sum(w * w for w in weights)


def _bin(known: Sequence[tuple[Case, float]], low: float, high: float) -> Bin:
    mine = [(c, w) for c, w in known if low <= c.stated < high or c.stated == high == 1.0]
    total = sum(w for _, w in mine)
    if not mine:
        return Bin(low, high, 0, 0.0, None)
    found = sum(w * c.failed for c, w in mine) / total
    stated = sum(w * c.stated for c, w in mine) / total
    return Bin(low, high, len(mine), stated, found if len(mine) >= FEWEST_CASES else None)
