"""The chance of a failure at several horizons, from the hazard over the bins of life.

Horizons are in the model's unit of life (operating hours, cycles). What the network says of a horizon is a
logit of its risk head and the share of its survival curve that is gone by then; a logistic regression a
horizon makes chances of the two, on windows that no member saw. Where the watch of a window ended before
the horizon (a preventive maintenance, the end of the data) nobody knows what came: it is left out, and the
others weigh as the inverse of the chance to have been watched so long (IPCW; Graf et al. 1999, Kaplan-Meier).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.failure import session
from models.failure.calibrate import sigmoid
from models.failure.card import MODEL_FILE
from models.failure.samples import Samples

Floats = npt.NDArray[np.floating]
Doubles = npt.NDArray[np.float64]
TINY = 1e-6
FEWEST = 0.05  # no window weighs more than twenty
PRIOR = 1.0  # pulls a horizon's weights to "what the curve says", so that few failures cannot bend it far


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of windows within a horizon (N,): 1 or 0, and its weight, 0 where nobody knows."""

    failed: Doubles
    weight: Doubles


def seen(samples: Samples, horizon: float) -> Seen:
    """What came within `horizon`, weighed so that those who were watched stand for those who were not."""
    life = samples.life.astype(np.float64)
    failed = samples.observed & (life <= horizon)
    hidden = ~samples.observed & (life < horizon)
    until = np.minimum(life, horizon)
    watched = _watched(until, hidden, samples.weight.astype(np.float64))
    weight = np.where(hidden, 0.0, samples.weight / np.maximum(watched, FEWEST))
    return Seen(failed.astype(np.float64), weight)


def _watched(until: Doubles, hidden: npt.NDArray[np.bool_], weight: Doubles) -> Doubles:
    """Kaplan-Meier: the chance of a window to be watched up to just before `until` (N,)."""
    order = np.argsort(until, kind="stable")
    at_risk = np.cumsum(weight[order][::-1])[::-1]
    lost = np.where(hidden[order], weight[order] / at_risk, 0.0)
    still = np.concatenate(([1.0], np.cumprod(1.0 - lost)[:-1]))
    first = np.searchsorted(until[order], until[order], side="left")  # equal times are one moment
    found = np.empty(len(until))
    found[order] = still[first]
    return found


def at(edges: Floats, horizons: tuple[float, ...]) -> npt.NDArray[np.float32]:
    """How survival at the edges (N, K + 1) is read at the horizons: a matrix (K + 1, H), linear between."""
    found = np.zeros((len(edges), len(horizons)), np.float32)
    for column, horizon in enumerate(horizons):
        right = int(np.clip(np.searchsorted(edges, horizon), 1, len(edges) - 1))
        share = np.clip((horizon - edges[right - 1]) / (edges[right] - edges[right - 1]), 0.0, 1.0)
        found[right - 1, column], found[right, column] = 1.0 - share, share
    return found


def fit(logit: Floats, alive: Floats, samples: Samples, horizons: tuple[float, ...]) -> Doubles:
    """Weights (H, 3): offset, of the risk's logit, of the curve's logit. `alive` (N, H)."""
    rows = []
    for column, horizon in enumerate(horizons):
        came = seen(samples, horizon)
        known = came.weight > 0
        parts = (np.ones(len(logit)), logit.astype(np.float64), odds(alive[:, column]))
        design = np.stack(parts, axis=1)[known]
        rows.append(_logistic(design, came.failed[known], came.weight[known]))
    return np.stack(rows)


def odds(alive: Floats) -> Doubles:
    """Logit of having failed, from survival."""
    gone = np.clip(1.0 - np.asarray(alive, dtype=np.float64), TINY, 1 - TINY)
    return np.asarray(np.log(gone / (1.0 - gone)))


def chances(logit: Floats, alive: Floats, weights: Doubles) -> Doubles:
    """The chance by horizon (N, H), never falling from one horizon to the next."""
    score = weights[:, 0] + logit[:, None] * weights[:, 1] + odds(alive) * weights[:, 2]
    return np.maximum.accumulate(sigmoid(score), axis=1)


def _logistic(design: Doubles, label: Doubles, weight: Doubles) -> Doubles:
    """Newton steps on the weighted likelihood, from and towards "the curve as it is" (0, 0, 1)."""
    prior = np.array([0.0, 0.0, 1.0])
    found = prior.copy()
    for _ in range(50):
        p = sigmoid(design @ found)
        slope = design.T @ (weight * (p - label)) + PRIOR * (found - prior)
        curve = (design * (weight * (p * (1 - p) + 1e-9))[:, None]).T @ design + PRIOR * np.eye(3)
        step = np.linalg.solve(curve, slope)
        found = found - np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-9:
            break
    return np.asarray(found)


def brier(chance: Doubles, samples: Samples, horizons: tuple[float, ...], unit: str) -> dict[str, float]:
    """IPCW Brier score of each horizon, beside that of the share that failed stated for every window."""
    figures = {}
    for column, horizon in enumerate(horizons):
        came = seen(samples, horizon)
        name = f"{horizon:g}_{unit}"
        base = float(np.average(came.failed, weights=came.weight))
        figures[f"ipcw_brier_{name}"] = _square(chance[:, column], came)
        figures[f"ipcw_brier_{name}_base_rate"] = _square(np.full(len(chance), base), came)
        figures[f"stated_{name}"] = float(np.average(chance[:, column], weights=came.weight))
        figures[f"found_{name}"] = base
    return figures


def judge(model: Path, samples: Samples, horizons: tuple[float, ...], unit: str) -> dict[str, float]:
    """`brier` of what the model in a folder says of windows with what came of them."""
    said = session.fetch(session.open_session(model / MODEL_FILE), "horizons", samples.windows)
    return brier(said.astype(np.float64), samples, horizons, unit)


def _square(chance: Doubles, came: Seen) -> float:
    return float(np.average((chance - came.failed) ** 2, weights=came.weight))
