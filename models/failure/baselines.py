"""What the network must beat: hours since maintenance, a limit rule, and gradient boosting.

All see the same windows and are judged by the same events. Gradient boosting needs scikit-learn, which
the development and training environments have; the product does not run it.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from models.failure.samples import Floats, Samples
from models.features.plant import CHANGES, GAUGES, VALUES

Score = Callable[[Floats], npt.NDArray[np.float64]]
_HOURS = len(GAUGES) + len(CHANGES) + 1
_CHANGE = slice(len(GAUGES), len(GAUGES) + len(CHANGES))
# What a maintenance engineer would put a limit on; speed and load are the order's, not the machine's.
LIMITED = ("temperature", "pressure", "current", "power", "vibration_rms", "vibration_kurtosis",
           "envelope_low", "envelope_high")  # fmt: skip


def hours_since_maintenance(windows: Floats) -> npt.NDArray[np.float64]:
    """The longer since the last stop, the riskier (N,)."""
    return windows[:, -1, _HOURS].astype(np.float64)


def limit_rule(samples: Samples) -> Score:
    """The worst sensor of the last two hours against limits by machine type (N,).

    A limit is as far from the healthy median of the sensor's change from the machine's usual value as
    the healthy windows spread (in deviations), on the side to which damage moves it.
    """
    columns = [len(GAUGES) + CHANGES.index(name) for name in LIMITED]
    sign = np.array([-1.0 if name == "pressure" else 1.0 for name in LIMITED])
    healthy = samples.windows[samples.label == 0]
    level = healthy[:, -4:, columns].mean(1)
    centre, spread = np.median(level, axis=0), level.std(0)

    def score(windows: Floats) -> npt.NDArray[np.float64]:
        recent = windows[:, -4:, columns].mean(1)
        return np.asarray((sign * (recent - centre) / spread).max(1), dtype=np.float64)

    return score


def single_limits() -> dict[str, Score]:
    """One limit on one sensor each: if one of them is enough, the plant is too easy."""
    return {name: _one_limit(name) for name in LIMITED}


def _one_limit(name: str) -> Score:
    column = len(GAUGES) + CHANGES.index(name)
    sign = -1.0 if name == "pressure" else 1.0
    return lambda windows: np.asarray(sign * windows[:, -4:, column].mean(1), dtype=np.float64)


def summary(windows: Floats) -> Floats:
    """A window as a row for a tree: last 2 h, last 8 h and whole mean of each value, and its trend."""
    value = windows[:, :, :VALUES]
    masks = windows[:, -1, VALUES:]
    parts = (value[:, -4:].mean(1), value[:, -16:].mean(1), value.mean(1), value.std(1))
    trend = value[:, -8:].mean(1) - value[:, :8].mean(1)
    return np.concatenate((*parts, trend, masks), axis=1)


def boosting(samples: Samples, seed: int = 7) -> Score:
    """Gradient boosting on the summaries of labelled windows, weighted as they stand for the data."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    known = ~np.isnan(samples.label)
    model = HistGradientBoostingClassifier(
        max_iter=300, learning_rate=0.06, max_leaf_nodes=24, min_samples_leaf=60, l2_regularization=1.0,
        early_stopping=False, random_state=seed,
    )  # fmt: skip
    model.fit(summary(samples.windows[known]), samples.label[known], sample_weight=samples.weight[known])
    return lambda windows: np.asarray(model.predict_proba(summary(windows))[:, 1], dtype=np.float64)
