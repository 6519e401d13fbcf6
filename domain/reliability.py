"""How sure a mean time between failures is. Pure functions."""

import math


def mtbf_interval(operating_s: float, failures: int, confidence: float = 0.9) -> tuple[float, float | None]:
    """Exact two-sided interval of MTBF in seconds for a constant failure rate, observed for a fixed time.

    Source: NIST/SEMATECH e-Handbook 8.4.5.1 (2T / chi-square with 2r+2 and 2r degrees of freedom). With
    no failure there is no upper end, and the lower one is one-sided.
    """
    tail = (1 - confidence) / 2 if failures else 1 - confidence
    most = _poisson_mean(failures, tail)
    least = _poisson_mean(failures - 1, 1 - tail) if failures else 0.0
    return operating_s / most, operating_s / least if least else None


def _poisson_mean(count: int, probability: float) -> float:
    """The mean at which `count` or fewer events have a given probability; by bisection."""
    low, high = 0.0, count + 10 * math.sqrt(count + 1) + 30
    for _ in range(200):
        middle = (low + high) / 2
        if _at_most(count, middle) > probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _at_most(count: int, mean: float) -> float:
    """Poisson probability of `count` or fewer events."""
    if mean == 0:
        return 1.0
    logs = (k * math.log(mean) - mean - math.lgamma(k + 1) for k in range(count + 1))
    return math.fsum(math.exp(value) for value in logs)
