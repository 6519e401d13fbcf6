"""How sure a mean time between failures is. Pure functions."""

import math
from statistics import NormalDist

EXACT_UP_TO = 100


def mtbf_interval(operating_s: float, failures: int, confidence: float = 0.9) -> tuple[float, float | None]:
    """Two-sided interval of MTBF in seconds for a constant failure rate, observed for a fixed time.

    Source: NIST/SEMATECH e-Handbook 8.4.5.1 (2T / chi-square with 2r+2 and 2r degrees of freedom); exact
    up to EXACT_UP_TO failures, beyond it by Wilson and Hilferty's cube root, good to 1e-4. With no
    failure there is no upper end, and the lower one is one-sided.
    """
    tail = (1 - confidence) / 2 if failures else 1 - confidence
    most = _poisson_mean(failures, tail)
    least = _poisson_mean(failures - 1, 1 - tail) if failures else 0.0
    return operating_s / most, operating_s / least if least else None


def _poisson_mean(count: int, probability: float) -> float:
    """The mean at which `count` or fewer events have a given probability."""
    k, z = count + 1, NormalDist().inv_cdf(1 - probability)
    guess: float = k * max(0.02, 1 - 1 / (9 * k) + z / (3 * k**0.5)) ** 3
    if count > EXACT_UP_TO:
        return guess
    low, high = 0.0, 2 * guess + 10
    for _ in range(60):
        middle = (low + high) / 2
        if _at_most(count, middle) > probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _at_most(count: int, mean: float) -> float:
    """Poisson probability of `count` or fewer events, for means that exp(-mean) can hold."""
    term = total = math.exp(-mean)
    for k in range(1, count + 1):
        term *= mean / k
        total += term
    return total
