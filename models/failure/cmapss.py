"""Reads NASA's C-MAPSS turbofan sets from their original files (train_, test_, RUL_ + FD00x.txt)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from domain.errors import SettingsError
from models.dataspec import DataSpec
from models.failure import conditions

COLUMNS = ("unit", "cycle", "setting_1", "setting_2", "setting_3", *(f"s{i}" for i in range(1, 22)))
SETTINGS, SENSORS = COLUMNS[2:5], COLUMNS[5:]
READINGS = SETTINGS + SENSORS
LONGEST = 20_000  # cycles of an engine: more is a wrong number

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine: its number, and what it said by cycle, (cycles, 24), in the order of `READINGS`.

    A row for every cycle from `first` on; `seen` (cycles,) is False where a cycle is missing, whose row
    repeats the one before.
    """

    unit: int
    readings: Floats
    first: int
    seen: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.readings)

    @property
    def last(self) -> int:
        """The number of the last cycle."""
        return self.first + len(self) - 1

    @property
    def settings(self) -> Floats:
        """Altitude, Mach number and throttle by cycle, (cycles, 3)."""
        return self.readings[:, : len(SETTINGS)]

    @property
    def sensors(self) -> Floats:
        """The sensors by cycle, (cycles, 21), in the order of `SENSORS`."""
        return self.readings[:, len(SETTINGS) :]


def _read(path: Path, columns: int) -> Floats:
    if not path.is_file():
        raise SettingsError(f"no file {path}")
    if path.stat().st_size == 0:
        raise SettingsError(f"{path} is empty")
    try:
        table = np.loadtxt(path, dtype=np.float64, ndmin=2)
    except ValueError as error:
        raise SettingsError(f"{path}: {error}") from error
    if table.size == 0 or table.shape[1] != columns:
        raise SettingsError(f"{path}: {columns} columns of numbers are expected")
    if not np.isfinite(table).all():
        raise SettingsError(f"{path}: row {np.argwhere(~np.isfinite(table))[0][0] + 1} lacks a number")
    return table


def engines(data: DataSpec, part: str) -> list[Engine]:
    """The engines of `part` ('train' or 'test'), in the order in which the file first names them.

    Rows may come in any order: they are sorted by cycle. SettingsError for a cycle that comes twice, and
    for a number of an engine or a cycle that is none.
    """
    path = data.folder / f"{part}_{data.subset or 'FD001'}.txt"
    table = _read(path, len(COLUMNS))
    numbers = table[:, :2]
    if (numbers < 1).any() or (numbers != np.round(numbers)).any():
        raise SettingsError(f"{path}: engines and cycles are numbered 1, 2, 3 ...")
    units, firsts = np.unique(numbers[:, 0], return_index=True)
    return [_engine(path, int(unit), table[table[:, 0] == unit]) for unit in units[np.argsort(firsts)]]


def _engine(path: Path, unit: int, rows: Floats) -> Engine:
    rows = rows[np.argsort(rows[:, 1], kind="stable")]
    cycles = rows[:, 1].astype(int)
    twice = np.flatnonzero(np.diff(cycles) == 0)
    if len(twice):
        raise SettingsError(f"{path}: engine {unit} has cycle {cycles[twice[0]]} twice")
    first, count = int(cycles[0]), int(cycles[-1] - cycles[0] + 1)
    if count > LONGEST:
        raise SettingsError(f"{path}: engine {unit} has cycles {first} to {cycles[-1]}: more than {LONGEST}")
    seen = np.zeros(count, dtype=np.bool_)
    seen[cycles - first] = True
    return Engine(unit, rows[np.cumsum(seen) - 1, 2:], first, seen)


def truth(data: DataSpec, count: int) -> Floats:
    """Remaining life in cycles after the last cycle of each test engine, (count,), in their order."""
    path = data.folder / f"RUL_{data.subset or 'FD001'}.txt"
    lives = _read(path, 1)[:, 0]
    if len(lives) != count:
        raise SettingsError(f"{path}: {len(lives)} lives for {count} engines")
    return lives


def centres(runs: list[Engine]) -> Floats:
    """The operating conditions that the engines flew in, (K, 3)."""
    return conditions.found(np.concatenate([run.settings for run in runs]))


def varying(runs: list[Engine]) -> tuple[str, ...]:
    """Names of the sensors that say anything: more than two distinct values in some condition."""
    table, middles = np.concatenate([run.sensors for run in runs]), centres(runs)
    place = conditions.places(np.concatenate([run.settings for run in runs]), middles)
    _, scale = conditions.scaling(table, place, len(middles))
    return tuple(name for i, name in enumerate(SENSORS) if np.isfinite(scale[:, i]).any())


def columns(names: tuple[str, ...]) -> list[int]:
    """Positions of settings and sensors in `Engine.readings`."""
    return [READINGS.index(name) for name in names]
