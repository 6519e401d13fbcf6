"""Reads NASA's C-MAPSS turbofan sets from their original files (train_, test_, RUL_ + FD00x.txt)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from domain.errors import SettingsError
from models.dataspec import DataSpec

COLUMNS = ("unit", "cycle", "setting_1", "setting_2", "setting_3", *(f"s{i}" for i in range(1, 22)))
SENSORS = COLUMNS[5:]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine: its number, and its sensors by cycle, (cycles, 21), in the order of `SENSORS`."""

    unit: int
    sensors: Floats


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
    return table


def engines(data: DataSpec, part: str) -> list[Engine]:
    """The engines of `part` ('train' or 'test'), in the order of the file."""
    table = _read(data.folder / f"{part}_{data.subset or 'FD001'}.txt", len(COLUMNS))
    numbers = table[:, 0].astype(int)
    starts = np.flatnonzero(np.r_[True, np.diff(numbers) != 0])
    return [Engine(int(rows[0, 0]), rows[:, 5:]) for rows in np.split(table, starts[1:])]


def truth(data: DataSpec, count: int) -> Floats:
    """Remaining life in cycles after the last cycle of each test engine, (count,)."""
    path = data.folder / f"RUL_{data.subset or 'FD001'}.txt"
    lives = _read(path, 1)[:, 0]
    if len(lives) != count:
        raise SettingsError(f"{path}: {len(lives)} lives for {count} engines")
    return lives


def varying(runs: list[Engine]) -> tuple[str, ...]:
    """Names of the sensors that say anything: more than two distinct values over all engines."""
    table = np.concatenate([run.sensors for run in runs])
    return tuple(name for i, name in enumerate(SENSORS) if len(np.unique(table[:, i])) > 2)


def columns(names: tuple[str, ...]) -> list[int]:
    """Positions of sensors in `Engine.sensors`."""
    return [SENSORS.index(name) for name in names]
