"""Gradient boosting on the same operations, measured beside the model that serves."""

from collections.abc import Sequence

import numpy as np

from models.quality.cases import Operation
from models.quality.features import Basis
from models.quality.fitting import Floats


def boosted(basis: Basis, teach: Sequence[Operation], test: Sequence[Operation], seed: int) -> Floats:
    """Shares (N,) of the operations of `test`."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    inputs = basis.rows(teach)
    weights = np.concatenate([[one.bad for one in teach], [one.good for one in teach]])
    truth = np.repeat([1, 0], len(teach))
    model = HistGradientBoostingClassifier(
        max_iter=80, learning_rate=0.1, max_leaf_nodes=8, min_samples_leaf=10, random_state=seed
    )
    model.fit(np.concatenate([inputs, inputs]), truth, sample_weight=weights)
    return np.asarray(model.predict_proba(basis.rows(test))[:, 1])
