"""Windows of machines, healthy and odd ones, without the readings behind them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from domain.clock import MINUTE
from models.features import plant as features
from services.score.inputs import Input, Unit

MODEL = Path(__file__).resolve().parents[3] / "models" / "artifacts" / "plant_anomaly"
STEP = 30 * MINUTE
VIBRATION = len(features.GAUGES) + features.CHANGES.index("vibration_rms")


class Windows:
    """Inputs that are said here: `of(equipment id, time)` is a window, or why there is none."""

    def __init__(self, of: Callable[[str, int], np.ndarray | str]) -> None:
        self.machine_types = frozenset({"cnc"})
        self._of = of

    def due(self, _tx, _unit: Unit, after_us: int, until_us: int) -> list[int]:
        return [end * STEP for end in range(after_us // STEP + 1, until_us // STEP + 1)]

    def build(self, _tx, unit: Unit, times: Sequence[int]) -> list[Input]:
        found = []
        for at in times:
            said = self._of(unit.equipment_id, at)
            from_us = at - features.STEPS * STEP
            one = (None, said) if isinstance(said, str) else (said, "")
            found.append(Input(unit, at, from_us, *one))
        return found

    def remember(self, _tx) -> None:
        """Nothing is kept."""


def healthy(watcher) -> np.ndarray:
    """A healthy window of a machining centre: the one that is furthest from odd."""
    every = watcher.backgrounds["cnc"]
    return every[int(np.argmin(watcher.scores(every)))]


def shaking(watcher) -> np.ndarray:
    """The same machine with vibration far beyond its usual for half a day."""
    window = healthy(watcher).copy()
    window[-24:, VIBRATION] += 2.0
    return window
