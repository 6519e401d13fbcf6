"""Inputs of replayed engines (C-MAPSS): a reading per sensor and cycle, a window of the last cycles."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from data.store import window_data
from domain.equipment import MachineType
from models.failure.card import WindowNote
from models.features import cmapss as features
from services.score.inputs import Input, Times, Unit, mask

NOTHING_YET = "no complete cycle has been received yet"


class EngineInputs:
    """Windows of engines; a cycle counts when every sensor of the model has a good value for it."""

    machine_types = frozenset({MachineType.ENGINE.value})

    def __init__(self, window: WindowNote) -> None:
        self._steps = window.steps
        self._channels = window.channels
        self._sensors = window.sensors

    def due(self, tx: Connection, unit: Unit, after_us: int, until_us: int) -> list[int]:
        """The source times of the complete cycles in (after, until]."""
        times, _ = self._cycles(tx, unit, after_us + 1, until_us)
        return [int(at) for at in times]

    def remember(self, tx: Connection) -> None:
        """Engines are short: nothing is kept."""

    def build(self, tx: Connection, unit: Unit, times: Sequence[int]) -> list[Input]:
        """A window of the cycles up to each time; short histories are padded, as in training."""
        if not times:
            return []
        at_us, cycles = self._cycles(tx, unit, 0, max(times))
        ignored = window_data.ignored(tx, unit.equipment_id)
        places = np.searchsorted(at_us, np.asarray(times), side="right")
        return [
            self._input(unit, at, at_us[:place], cycles[:place], window_data.ignored_at(ignored, at))
            for at, place in zip(times, places.tolist(), strict=True)
        ]

    def _input(
        self, unit: Unit, at: int, times: Times, cycles: NDArray[np.float64], ignored: frozenset[str]
    ) -> Input:
        if len(times) == 0:
            return Input(unit, at, at, None, NOTHING_YET)
        window = features.build(cycles, self._steps).data
        first = int(times[max(0, len(times) - self._steps)])
        return Input(unit, at, first, mask(window, self._channels, ignored))

    def _cycles(
        self, tx: Connection, unit: Unit, from_us: int, to_us: int
    ) -> tuple[Times, NDArray[np.float64]]:
        """Times (n,) and values (n, S) of the cycles for which every sensor has a value."""
        found = window_data.readings(tx, unit.equipment_id, self._sensors, from_us, to_us)
        if len(found) < len(self._sensors):
            return np.zeros(0, np.int64), np.zeros((0, len(self._sensors)))
        common = found[self._sensors[0]][0]
        for name in self._sensors[1:]:
            common = np.intersect1d(common, found[name][0], assume_unique=True)
        columns = []
        for name in self._sensors:
            times, values = found[name]
            columns.append(values[np.searchsorted(times, common)])
        return common, np.stack(columns, axis=1)
