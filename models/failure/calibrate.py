"""Calibration on windows that the network has not seen: probability, and the interval of life."""

import numpy as np
import numpy.typing as npt

from models.failure.samples import Whole, one_per_run

Floats = npt.NDArray[np.floating]


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
    low: Floats, high: Floats, life: Floats, run: Whole, tail: float = 0.05, draws: int = 51
) -> tuple[float, float]:
    """How much to move the interval's ends outwards so that each misses `tail` of new runs.

    Split conformal prediction on quantiles (Romano et al. 2019), each end on its own: one window per
    run, since windows of one run are not exchangeable; the median over `draws` choices of that window.
    """
    ends = []
    for seed in range(draws):
        chosen = one_per_run(run, seed)
        ends.append([_upper((low - life)[chosen], tail), _upper((life - high)[chosen], tail)])
    below, above = np.median(np.array(ends), axis=0)
    return float(below), float(above)


def _upper(score: Floats, tail: float) -> float:
    rank = int(np.ceil((1 - tail) * (len(score) + 1)))
    return float(np.sort(score)[min(rank, len(score)) - 1])
