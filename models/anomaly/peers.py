"""What the served model must beat: isolation forest, and T squared with Q on principal components.

Both learn from each run's own beginning, as the benchmark has it, and take their threshold from the same
false-alarm rate on the second half of the beginning, learned from its first half.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from models.anomaly.series import Values

Score = Callable[[Values], npt.NDArray[np.float64]]
KEPT = 0.9


def isolation_forest(head: Values) -> Score:
    """Needs scikit-learn, as the development environment has it."""
    from sklearn.ensemble import IsolationForest

    model = IsolationForest(n_estimators=100, random_state=7).fit(head)
    return lambda values: -np.asarray(model.score_samples(values), dtype=np.float64)


def t2_q(head: Values) -> Score:
    """The larger of T squared on the components that hold 90 % of the variance, and Q on the rest.

    Each in units of its 99 % quantile in the head (Jackson and Mudholkar 1979).
    """
    mean, spread = head.mean(axis=0), head.std(axis=0) + 1e-9
    level, direction = np.linalg.eigh(np.atleast_2d(np.cov(((head - mean) / spread).T)))
    level, direction = level[::-1], direction[:, ::-1]
    kept = int(np.searchsorted(np.cumsum(level) / level.sum(), KEPT)) + 1

    def both(values: Values) -> tuple[Values, Values]:
        turned = ((values - mean) / spread) @ direction
        t2 = (turned[:, :kept] ** 2 / np.maximum(level[:kept], 1e-9)).sum(axis=1)
        return t2, (turned[:, kept:] ** 2).sum(axis=1)

    units = [float(np.quantile(part, 0.99)) + 1e-9 for part in both(head)]

    def score(values: Values) -> npt.NDArray[np.float64]:
        t2, q = both(values)
        return np.maximum(t2 / units[0], q / units[1])

    return score


PEERS: dict[str, Callable[[Values], Score]] = {"isolation_forest": isolation_forest, "t2_q": t2_q}
