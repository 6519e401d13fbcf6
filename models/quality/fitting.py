"""Fits shares of bad parts by logistic regression with a ridge, on counts of parts."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
STEPS, CLOSE = 60, 1e-8
PRIOR_BAD = 0.5  # parts added to every operation, so that none without bad parts drives a weight away


def fit(inputs: npt.NDArray[np.float32], good: Floats, bad: Floats, ridge: Floats) -> Floats:
    """Weights (F,) by Newton's steps; `ridge` (F,) is the penalty on each. Inputs (N, F), counts (N,)."""
    x = inputs.astype(np.float64)
    n = good + bad
    weights, total = np.zeros(x.shape[1]), max(n.sum(), 1.0)
    start = np.log((bad.sum() + PRIOR_BAD) / (good.sum() + PRIOR_BAD))
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-(start + x @ weights)))
        slope = x.T @ (bad - n * p) - ridge * weights
        bend = (x.T * (n * p * (1 - p))) @ x + np.diag(ridge)
        step = np.linalg.solve(bend, slope)
        weights = weights + step * min(1.0, 3.0 / max(np.abs(step).max(), 1e-12))
        if np.abs(slope).max() < CLOSE * total:
            break
    return np.asarray(np.concatenate([weights, [start]]))


def shares(inputs: npt.NDArray[np.float32], weights: Floats) -> Floats:
    """Shares (N,) or (N, M) of inputs (N, F), for weights (F + 1,) or (F + 1, M)."""
    logit = inputs.astype(np.float64) @ weights[:-1] + weights[-1]
    return np.asarray(1 / (1 + np.exp(-logit)))
