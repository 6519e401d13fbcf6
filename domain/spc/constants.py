"""Control-chart constants by subgroup size, computed from the normal distribution.

W is the range of n standard normal values: d2 = E(W), d3 = the standard deviation of W (L. H. C.
Tippett, Biometrika 17, 1925). c4 = E(s) for a standard deviation of 1 (Montgomery, section 3.2).
Published tables round to 3 or 4 decimals; a test compares all of them.
"""

import math
from functools import cache

from domain.errors import InvalidInput

SMALLEST, LARGEST = 2, 100
_REACH, _STEP = 8.5, 0.05


@cache
def c4(n: int) -> float:
    """E(s)/sigma for n values, 2 <= n."""
    if n < SMALLEST:
        raise InvalidInput(f"a spread needs {SMALLEST} values, not {n}")
    return math.sqrt(2.0 / (n - 1)) * math.exp(math.lgamma(n / 2) - math.lgamma((n - 1) / 2))


@cache
def d2(n: int) -> float:
    """E(range)/sigma: the integral of 1 - (1 - F)^n - F^n over the real line."""
    _check(n)
    return _STEP * sum(1.0 - (1.0 - f) ** n - f**n for f in _distribution())


@cache
def d3(n: int) -> float:
    """The standard deviation of range/sigma, from E(W^2) as a double integral over x < y."""
    _check(n)
    grid = _distribution()
    square = 0.0
    for k, low in enumerate(grid):
        below = (1.0 - low) ** n
        inner = sum(1.0 - high**n - below + (high - low) ** n for high in grid[k + 1 :])
        square += inner + 0.5 * (1.0 - low**n - below)
    edge = _STEP * _STEP / 6.0  # Euler and Maclaurin: what the trapezoid rule adds along x = y
    return math.sqrt(2.0 * _STEP * _STEP * square - edge - d2(n) ** 2)


def a2(n: int) -> float:
    """Factor of the mean range for the limits of the means."""
    return 3.0 / (d2(n) * math.sqrt(n))


def a3(n: int) -> float:
    """Factor of the mean standard deviation for the limits of the means."""
    return 3.0 / (c4(n) * math.sqrt(n))


def b3_b4(n: int) -> tuple[float, float]:
    """Factors of the mean standard deviation for its own limits; the lower one is never below 0."""
    spread = 3.0 * math.sqrt(1.0 - c4(n) ** 2) / c4(n)
    return max(0.0, 1.0 - spread), 1.0 + spread


def d3_d4(n: int) -> tuple[float, float]:
    """Factors D3 and D4 of the mean range for its own limits; the lower one is never below 0."""
    spread = 3.0 * d3(n) / d2(n)
    return max(0.0, 1.0 - spread), 1.0 + spread


@cache
def _distribution() -> tuple[float, ...]:
    """The normal distribution function on an even grid; the trapezoid rule is exact to rounding here."""
    count = round(2 * _REACH / _STEP)
    return tuple(0.5 * math.erfc((_REACH - k * _STEP) / math.sqrt(2.0)) for k in range(count + 1))


def _check(n: int) -> None:
    if not SMALLEST <= n <= LARGEST:
        raise InvalidInput(f"a subgroup holds {SMALLEST} to {LARGEST} values, not {n}")
