"""What leaves a plant: sums, weights of a network, histograms; never more of it where a plant saw more.

No reading, no window and no time of a failure travels. Sums are of at least `FEWEST` windows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from domain.errors import SettingsError
from models.failure import calibrate
from models.failure.recipes import PLANT_FALSE_RATE
from models.failure.samples import Floats, Layout, Samples

Array = npt.NDArray[np.generic]
Doubles = npt.NDArray[np.float64]
FEWEST = 50
LOGITS = np.linspace(-12.0, 12.0, 241)  # edges of the histogram of logits
MISSES = 160  # bins of the histogram of misses of life's interval, from -limit to limit
THRESHOLDS = calibrate.sigmoid(np.linspace(-6.0, 3.0, 73))
COUNTS = ("failures", "warned", "cases", "false", "months")


@dataclass(frozen=True, slots=True)
class Note:
    """A question to a plant, or its answer: `what` it is, arrays and numbers by name."""

    what: str
    arrays: dict[str, Array] = field(default_factory=dict)
    numbers: dict[str, float] = field(default_factory=dict)


Ask = Callable[[Note], list[Note]]  # one answer of each plant, in no order; too few is an error


def sums(healthy: Samples, layout: Layout) -> Doubles:
    """Count, sum and sum of squares of each value where it was seen, by machine type, (G, V, 3).

    Of the last step of healthy windows; a type with fewer than FEWEST of them says nothing.
    """
    last = healthy.windows[:, -1].astype(np.float64)
    of_type = last[:, -layout.groups :] > 0
    values = last[:, : layout.values]
    seen = last[:, [layout.values + one for one in layout.mask_of]] > 0
    found = np.zeros((layout.groups, layout.values, 3))
    for group in range(layout.groups):
        rows = of_type[:, group]
        if rows.sum() >= FEWEST:
            known = np.where(seen[rows], values[rows], 0.0)
            found[group] = np.stack((seen[rows].sum(0), known.sum(0), (known**2).sum(0)), axis=1)
    return found


def scaling(parts: Sequence[Array]) -> tuple[Floats, Floats]:
    """Mean and deviation of each value by type over all plants, (G, V) each."""
    total = np.sum([np.asarray(part, np.float64) for part in parts], axis=0)
    count = np.maximum(total[..., 0], 1.0)
    mean = total[..., 1] / count
    spread = np.sqrt(np.maximum(total[..., 2] / count - mean**2, 0.0))
    spread = np.maximum(spread, np.maximum(1e-3 * np.abs(mean), 1e-6))
    known = total[..., 0] > 1
    return np.where(known, mean, 0.0).astype(np.float32), np.where(known, spread, 1.0).astype(np.float32)


def averaged(states: Sequence[dict[str, Array]], weights: Sequence[float]) -> dict[str, Array]:
    """Federated averaging (McMahan et al. 2017): each weight's mean, plants by their number of windows."""
    share = np.asarray(weights, dtype=np.float64) / sum(weights)
    if not all(np.isfinite(value).all() for state in states for value in state.values()):
        raise SettingsError("a plant sent weights that are no numbers")
    return {
        name: np.asarray(
            sum(part * np.asarray(state[name], np.float64) for part, state in zip(share, states, strict=True))
        ).astype(states[0][name].dtype)
        for name in states[0]
    }


def rate(highest: float, number: int, count: int) -> float:
    """The step size of round `number` (from 0) of `count`: half in the first, then down a cosine."""
    if number == 0 and count > 1:
        return highest / 2
    return float(highest * (0.05 + 0.95 * (1 + np.cos(np.pi * number / count)) / 2))


def logits(logit: Floats, label: Floats, weight: Floats) -> Doubles:
    """Weight of the windows by logit, without and with a failure within the horizon, (2, bins)."""
    cut = np.clip(logit, LOGITS[0], LOGITS[-1])
    return np.stack(
        [np.histogram(cut[label == came], LOGITS, weights=weight[label == came])[0] for came in (0, 1)]
    ).astype(np.float64)


def platt(parts: Sequence[Array]) -> tuple[float, float]:
    """Slope and offset of the probability over all plants' histograms, exact to half a bin (0.05)."""
    total = np.sum([np.asarray(part, np.float64) for part in parts], axis=0)
    middle = (LOGITS[1:] + LOGITS[:-1]) / 2
    label = np.repeat((0.0, 1.0), len(middle))
    return calibrate.platt(np.tile(middle, 2), label, total.ravel())


def misses(score: Doubles, limit: float) -> Doubles:
    """How many windows miss their interval by how much, (MISSES,)."""
    cut = np.clip(score, -limit, limit)
    return np.histogram(cut, MISSES, (-limit, limit))[0].astype(np.float64)


def margin(parts: Sequence[Array], runs: float, limit: float, level: float = calibrate.LEVEL) -> float:
    """How far both ends of the interval move so that `level` of new runs' windows lie inside.

    The upper edge of the bin that holds the quantile; one run more than there are, as conformal asks.
    """
    total = np.sum([np.asarray(part, np.float64) for part in parts], axis=0)
    if total.sum() == 0:
        return 0.0
    share = np.cumsum(total) / (total.sum() * (1 + 1 / max(runs, 1.0)))
    place = min(int(np.searchsorted(share, level)), MISSES - 1)
    return float(np.linspace(-limit, limit, MISSES + 1)[place + 1])


def threshold(parts: Sequence[Array], false_rate: float = PLANT_FALSE_RATE) -> tuple[float, dict[str, float]]:
    """The lowest of THRESHOLDS that keeps to the false rate over all plants, and what it gives.

    `parts`: (len(THRESHOLDS), len(COUNTS)) of each plant.
    """
    total = np.sum([np.asarray(part, np.float64) for part in parts], axis=0)
    found = total[:, COUNTS.index("false")] / np.maximum(total[:, COUNTS.index("months")], 1e-9)
    held = np.flatnonzero(found > false_rate)
    place = min(int(held[-1]) + 1 if len(held) else 0, len(THRESHOLDS) - 1)
    row = dict(zip(COUNTS, total[place].tolist(), strict=True))
    recall = row["warned"] / max(row["failures"], 1.0)
    figures = {"recall": recall, "false_cases_per_machine_month": float(found[place])}
    return float(THRESHOLDS[place]), figures
