"""The same SHAP game as `models.explainer`, computed by the `shap` library: the yardstick.

A model over group masks stands in for the network: f(mask) = mean over the background of the hybrid
windows' probability, batched. Only the scoring worker, the tests and the bench import this module's
library, inside the functions: it takes seconds to load.
"""

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.explainer import ROWS_A_CALL, Floats, Groups, Model, hybrids

MaskModel = Callable[[NDArray[Any]], NDArray[np.float64]]


def mask_model(model: Model, groups: Groups, window: Floats, background: Floats) -> MaskModel:
    """f(masks (N, G)) = mean over the background windows of the model on the hybrid windows, (N,)."""
    step = max(1, ROWS_A_CALL // len(background))

    def value(masks: NDArray[Any]) -> NDArray[np.float64]:
        chosen = np.asarray(masks) > 0.5
        parts = [
            _chunk(model, groups, window, background, chosen[at : at + step])
            for at in range(0, len(chosen), step)
        ]
        return np.concatenate(parts)

    return value


def exact(value: MaskModel, groups: int) -> NDArray[np.float64]:
    """Exact Shapley values (G,) by shap's ExactExplainer: 2^G masks, so for 15 groups or fewer."""
    import shap

    explainer = shap.ExactExplainer(value, np.zeros((1, groups)))
    return np.asarray(explainer(np.ones((1, groups))).values[0], dtype=np.float64)


def permutation(value: MaskModel, groups: int, rounds: int = 1, seed: int = 0) -> NDArray[np.float64]:
    """Values (G,) by shap's PermutationExplainer, `rounds` orders walked both ways."""
    import shap

    explainer = shap.PermutationExplainer(value, np.zeros((1, groups)), seed=seed)
    evaluations = rounds * (2 * groups + 1)
    return np.asarray(explainer(np.ones((1, groups)), max_evals=evaluations, silent=True).values[0])


def kernel(value: MaskModel, groups: int, samples: int) -> NDArray[np.float64]:
    """Values (G,) by shap's KernelExplainer with `samples` masks."""
    import shap

    logging.getLogger("shap").setLevel(logging.WARNING)  # it logs every array
    explainer = shap.KernelExplainer(value, np.zeros((1, groups)))
    found = explainer.shap_values(np.ones((1, groups)), nsamples=samples, silent=True, l1_reg=False)
    return np.asarray(found, dtype=np.float64).reshape(groups)


def _chunk(
    model: Model, groups: Groups, window: Floats, background: Floats, masks: NDArray[np.bool_]
) -> NDArray[np.float64]:
    count = len(background)
    rows = (
        hybrids(window, background[0], masks, groups.index)
        if count == 1
        else np.concatenate([hybrids(window, other, masks, groups.index) for other in background])
    )
    return np.asarray(model(rows).reshape(count, len(masks)).mean(axis=0))
