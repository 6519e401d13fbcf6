"""Calibration on windows that the network has not seen: probability, and the interval of life."""

import numpy as np
import numpy.typing as npt

from models.failure.samples import Whole, one_per_run

Floats = npt.NDArray[np.floating]
LEVEL = 0.9
TAIL = 0.04  # the quantiles of the hazard that the interval starts from: this far from each end
OPEN = 1e-3


def sigmoid(x: Floats) -> npt.NDArray[np.float64]:
    """The logistic function without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * np.asarray(x, dtype=np.float64)))


def platt(logit: Floats, label: Floats, weight: Floats) -> tuple[float, float]:
    """Slope and offset that make sigmoid(slope * logit + offset) most likely (Newton, 50 steps).

    NaN labels are left out; `weight` says how many windows each stands for. A weak prior (one case of
    each kind at logit 0) keeps it finite.
    """
    known = ~np.isnan(label)
    x = np.concatenate((logit[known].astype(np.float64), (0.0, 0.0)))
    y = np.concatenate((label[known].astype(np.float64), (0.0, 1.0)))
    share = np.concatenate((weight[known].astype(np.float64), (1.0, 1.0)))
    design, weights = np.stack((x, np.ones_like(x)), axis=1), np.array([1.0, 0.0])
    for _ in range(50):
        p = sigmoid(design @ weights)
        slope = design.T @ (share * (p - y))
        curve = (design * (share * (p * (1 - p) + 1e-9))[:, None]).T @ design
        step = np.linalg.solve(curve, slope)
        weights = weights - np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-9:
            break
    return float(weights[0]), float(weights[1])


def margin(
    rul: Floats, life: Floats, run: Whole, limit: float, level: float = LEVEL, draws: int = 51
) -> float:
    """How far to move both ends of `rul` (N, 3) outwards so that `level` of new windows lie inside.

    Split conformal prediction on quantiles (Romano et al. 2019) with one score for both ends. Windows of
    one run are not exchangeable: one of each is drawn, weighted by the run's length, since long runs have
    more windows to be held, and the median over `draws` such draws is taken. Negative where the
    ends may come closer.
    """
    return drawn(missed(rul, life, limit), run, level, draws)


def drawn(score: Floats, run: Whole, level: float = LEVEL, draws: int = 51) -> float:
    """The quantile of `score` (N,) that holds `level` of new runs' windows, as `margin` says."""
    names, counts = np.unique(run, return_counts=True)
    found = []
    for seed in range(draws):
        chosen = score[one_per_run(run, seed)]
        order = np.argsort(chosen, kind="stable")
        share = np.cumsum(counts[order]) / (counts.sum() + counts.mean())
        found.append(chosen[order[min(int(np.searchsorted(share, level)), len(names) - 1)]])
    return float(np.median(found))


def widened(rul: Floats, margin: float, limit: float) -> npt.NDArray[np.float64]:
    """`rul` (N, 3) with its ends moved outwards by the margin; an end at the limit stays "at least"."""
    low, middle, high = np.asarray(rul, dtype=np.float64).T
    top = high >= limit - OPEN
    moved = np.where(top, limit, np.minimum(high + margin, limit))
    return np.stack((np.clip(low - margin, 0.0, middle), middle, np.maximum(moved, middle)), axis=1)


def inside(rul: Floats, life: Floats, limit: float) -> npt.NDArray[np.bool_]:
    """Whether each life, cut at the limit, lies in its interval (N,)."""
    cut = np.minimum(life, limit)
    return np.asarray((cut >= rul[:, 0] - OPEN) & (cut <= rul[:, 2] + OPEN))


def winkler(rul: Floats, life: Floats, limit: float, level: float = LEVEL) -> float:
    """Mean interval score: width, and 2 / (1 - level) for each unit that a life lies outside.

    Winkler 1972; lower is better.
    """
    low, high, cut = rul[:, 0], rul[:, 2], np.minimum(life, limit)
    outside = np.maximum(low - cut, 0.0) + np.maximum(cut - high, 0.0)
    return float(np.mean(high - low + 2 / (1 - level) * outside))


def missed(rul: Floats, life: Floats, limit: float) -> npt.NDArray[np.float64]:
    """How far each life lies outside its interval, negative inside; an open end is never missed."""
    cut = np.minimum(life, limit)
    below = np.where(life >= limit, -limit, rul[:, 0] - cut)
    above = np.where(rul[:, 2] >= limit - OPEN, -limit, cut - rul[:, 2])
    return np.asarray(np.maximum(below, above), dtype=np.float64)
