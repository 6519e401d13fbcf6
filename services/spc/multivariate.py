"""Several sensors at once: T2 says "the usual pattern, but too far out", SPE "the pattern is broken".

Principal components of standardised values (J. E. Jackson, A User's Guide to Principal Components,
1991). The limit of T2 is that of a future observation (Montgomery, equation 11.25), the limit of SPE
that of Jackson and Mudholkar (Technometrics 21, 1979). Contributions add up to the figure exactly, so
that a name can be put on what moved.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from domain.errors import InvalidInput, Malformed

Floats = NDArray[np.float64]
ALPHA = 0.0027  # as many false alarms as three sigmas
EXPLAINED = 0.9
FEWEST = 40


@dataclass(frozen=True, slots=True)
class Pattern:
    """The usual pattern of m metrics, in a components: `centre`, `scale` (m,), `loadings` (m, a),
    `variances` (a,)."""

    metrics: tuple[str, ...]
    centre: Floats
    scale: Floats
    loadings: Floats
    variances: Floats
    t2_limit: float
    spe_limit: float
    samples: int

    def to_json(self) -> str:
        """As stored."""
        return json.dumps(
            {
                "metrics": self.metrics,
                "centre": self.centre.tolist(),
                "scale": self.scale.tolist(),
                "loadings": self.loadings.tolist(),
                "variances": self.variances.tolist(),
                "t2_limit": self.t2_limit,
                "spe_limit": self.spe_limit,
                "samples": self.samples,
            }
        )


def from_json(text: str) -> Pattern:
    """The inverse of `Pattern.to_json`; Malformed when it is none."""
    try:
        row = json.loads(text)
        centre, scale, loadings, variances = (
            np.array(row[name], float) for name in ("centre", "scale", "loadings", "variances")
        )
        limits = float(row["t2_limit"]), float(row["spe_limit"])
        return Pattern(
            tuple(row["metrics"]), centre, scale, loadings, variances, *limits, int(row["samples"])
        )
    except (ValueError, TypeError, KeyError) as error:
        raise Malformed("pattern", str(error)) from error


@dataclass(frozen=True, slots=True)
class Judgement:
    """T2 and SPE of each of k observations, shape (k,), and each metric's share in them, (k, m)."""

    t2: Floats
    spe: Floats
    t2_parts: Floats
    spe_parts: Floats


def fit(metrics: Sequence[str], values: Floats) -> Pattern:
    """The usual pattern of observations (k, m). InvalidInput for fewer than 40, or for a stuck sensor."""
    count, width = values.shape
    if width < 2 or width != len(metrics):
        raise InvalidInput("a pattern needs two metrics at least")
    if count < max(FEWEST, 5 * width):
        raise InvalidInput(
            f"a pattern needs {max(FEWEST, 5 * width)} hours of running at least, there are {count}"
        )
    centre, scale = values.mean(axis=0), values.std(axis=0, ddof=1)
    stuck = [name for name, s in zip(metrics, scale, strict=True) if not s > 0]
    if stuck:
        raise InvalidInput(f"{', '.join(stuck)} never changes: is the sensor stuck?")
    scaled = (values - centre) / scale
    _, singular, directions = np.linalg.svd(scaled, full_matrices=False)
    spread = singular**2 / (count - 1)
    kept = int(np.searchsorted(np.cumsum(spread) / spread.sum(), EXPLAINED) + 1)
    kept = min(kept, width - 1)
    loadings = directions[:kept].T
    return Pattern(
        tuple(metrics), centre, scale, loadings, spread[:kept],
        t2_limit(kept, count), spe_limit(spread[kept:]), count,
    )  # fmt: skip


def t2_limit(components: int, count: int, alpha: float = ALPHA) -> float:
    """Limit of T2 for an observation that was not in the fit."""
    from scipy import special  # takes most of a second: not while the app starts

    a, n = components, count
    quantile = float(special.fdtri(a, n - a, 1 - alpha))
    return a * (n + 1) * (n - 1) / (n * (n - a)) * quantile


def spe_limit(rest: Floats, alpha: float = ALPHA) -> float:
    """Limit of SPE from the variances of the components left out."""
    one, two, three = (float((rest**power).sum()) for power in (1, 2, 3))
    h = 1 - 2 * one * three / (3 * two**2)
    z = NormalDist().inv_cdf(1 - alpha)
    inner = z * math.sqrt(2 * two * h**2) / one + 1 + two * h * (h - 1) / one**2
    return float(one * max(inner, 0.0) ** (1 / h))


def judge(pattern: Pattern, values: Floats) -> Judgement:
    """T2 and SPE of observations (k, m), and what each metric has to do with them."""
    scaled = (values - pattern.centre) / pattern.scale
    scores = scaled @ pattern.loadings
    weighted = (scores / pattern.variances) @ pattern.loadings.T
    rest = scaled - scores @ pattern.loadings.T
    t2_parts, spe_parts = scaled * weighted, rest**2
    return Judgement(t2_parts.sum(axis=1), spe_parts.sum(axis=1), t2_parts, spe_parts)
