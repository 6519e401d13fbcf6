"""How far a run has come from its own healthy beginning, in units of what it does by itself.

The head of a run says what is usual: mean, spread, how the signals move together (covariance of the
smoothed head), and how fast they wander (covariance of changes over `lag` readings, per reading). With
time since the head the wandering is allowed to grow, so a temperature that drifts is no news and a flow
that leaves its level is. All of it is causal: a reading is judged by what came before it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from domain.errors import SettingsError
from models.anomaly.series import Values

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Settings:
    """One setting for all files of a kind. A head is `head_share` of a run, at most `head_most` readings."""

    head_share: float = 0.4
    head_most: int = 400
    smooth: int = 10
    lag: int = 50
    ridge: float = 0.01
    wander: float = 0.25
    steps: int = 16

    def head(self, rows: int) -> int:
        """Readings in the head of a run; SettingsError when there are too few to learn from."""
        found = min(self.head_most, int(rows * self.head_share))
        if found < 2 * self.smooth + 20:
            raise SettingsError(f"a run of {rows} readings is too short to learn what is usual")
        return found


def deviations(values: Values, head: int, settings: Settings) -> Floats:
    """Whitened deviations (N, C): about one in each column while nothing happens.

    The square root is the symmetric one, so that a column still speaks of its own signal.
    """
    lag = min(settings.lag, head // 3)
    usual = values[:head]
    spread = np.maximum(usual.std(axis=0), 1e-6 * (1 + np.abs(usual.mean(axis=0))))
    scaled = (values - usual.mean(axis=0)) / spread
    smooth, slow = rolling_mean(scaled, settings.smooth), rolling_mean(scaled, lag)
    together = np.atleast_2d(np.cov(smooth[settings.smooth : head].T))
    change = slow[2 * lag : head] - slow[lag : head - lag]
    wandering = change.T @ change / len(change) / lag
    since = np.maximum(0, np.arange(len(values)) - head / 2)
    width = values.shape[1]
    allowed = together + settings.ridge * np.eye(width) + settings.wander * since[:, None, None] * wandering
    level, direction = np.linalg.eigh(allowed)
    turned = np.einsum("nij,ni->nj", direction, smooth) / np.sqrt(np.maximum(level, 1e-9))
    return np.asarray(np.einsum("nij,nj->ni", direction, turned), dtype=np.float32)


def rolling_mean(values: Values, width: int) -> Values:
    """Mean of the last `width` readings (of fewer at the start), (N, C)."""
    total = np.cumsum(np.concatenate([np.zeros((1, values.shape[1])), values]), axis=0)
    last = np.arange(1, len(values) + 1)
    first = np.maximum(0, last - width)
    return np.asarray((total[last] - total[first]) / (last - first)[:, None])


def windows(deviation: Floats, steps: int) -> Floats:
    """The last `steps` deviations of every reading, (N, T, C); before the first reading it is repeated."""
    padded = np.concatenate([np.repeat(deviation[:1], steps - 1, axis=0), deviation])
    view = np.lib.stride_tricks.sliding_window_view(padded, steps, axis=0)
    return np.ascontiguousarray(view.transpose(0, 2, 1))
