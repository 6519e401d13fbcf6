"""How a failure model is explained: what its players are, and which healthy windows it is compared with.

Players are sensors in time segments; sensors that move together on healthy machines of the type are one
(`models.together`). The background is of the machine type and of the window's own regime: of the type's
healthy windows the half in which speed, load, hall and share of time running were most like the window's,
and of these `HEALTHY` spread evenly over what the model says of them. So the base value is what is usual
for such machines at such work. Of these `WALKED` are walked from in a round of the estimate.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from domain.errors import NotNow
from models.explainer import SEED, Explainer, Floats, Groups
from models.failure.card import WindowNote
from models.registry import LoadedModel
from models.together import joined_channels

SEGMENTS = 4
HEALTHY = 16
WALKED = 8
ROUNDS = 6
PRECISION = 0.015  # of a probability: one and a half points of 100
REGIME = ("speed", "load", "ambient_temperature", "run_fraction")


class Game:
    """The explanations of one model for one machine type. NotNow without healthy windows of that type."""

    def __init__(
        self, model: LoadedModel, machine_type: str, *, segments: int = SEGMENTS, healthy: int = HEALTHY
    ) -> None:
        background = model.background(machine_type)
        if background is None:
            raise NotNow(f"the model knows no healthy machine of the kind {machine_type!r}")
        note = model.card.window
        joined = joined_channels(background, note.channels, note.statistics)
        self.groups = Groups.of(joined, note.steps, segments)
        self.background, self.outputs = background, model.scorer.probability(background)
        self._model, self._healthy, self._regime = model, healthy, _regime_columns(note)

    def explainer(
        self, window: Floats, *, rounds: int = ROUNDS, precision: float = PRECISION, seed: int = SEED
    ) -> Explainer:
        """The explainer for one window (T, F), against healthy windows of its regime."""
        near = same_regime(window, self.background, self._regime, self._healthy)
        chosen = near[representative(self.outputs[near], self._healthy)]
        return Explainer(
            self._model.scorer.probability, self.groups, self.background[chosen],
            rounds=rounds, precision=precision, walked=WALKED, seed=seed,
        )  # fmt: skip


def same_regime(window: Floats, background: Floats, columns: Sequence[int], least: int) -> NDArray[np.int64]:
    """Places of the half of the background (B, T, F), `least` at least, that worked most like the window.

    Like: by the means of the columns, in standard deviations over the background. All of it without columns.
    """
    if not columns:
        return np.arange(len(background))
    usual = background[:, :, columns].mean(axis=1, dtype=np.float64)
    spread = np.maximum(usual.std(axis=0), 1e-9)
    away = (((window[:, columns].mean(axis=0, dtype=np.float64) - usual) / spread) ** 2).sum(axis=1)
    count = max(least, -(-len(background) // 2))
    return np.sort(np.argsort(away, kind="stable")[:count])


def representative(outputs: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Places of `count` windows spread evenly over their outputs (N,), so that their mean is near its."""
    if len(outputs) <= count:
        return np.arange(len(outputs))
    ranks = ((np.arange(count) + 0.5) * len(outputs) / count).astype(int)
    return np.sort(np.argsort(outputs, kind="stable")[ranks])


def _regime_columns(note: WindowNote) -> list[int]:
    return [
        place
        for place, (name, kind) in enumerate(zip(note.channels, note.statistics, strict=True))
        if name in REGIME and kind == "mean"
    ]
