"""Runs of a machine as they were recorded, and the refusal of what cannot be judged."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.errors import SettingsError

Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Run:
    """One file: its name within the set, its timestamps as written, readings (N, C), truth (N,) or None."""

    file: str
    times: tuple[str, ...]
    values: Values
    truth: Flags | None

    def __len__(self) -> int:
        return len(self.times)


def read(path: Path, separator: str, time: str, columns: tuple[tuple[str, ...], ...]) -> pd.DataFrame:
    """A recording with its time and numeric columns; each column may go by several names.

    SettingsError for a missing column, a cell that is no number, and times that are none or run back.
    """
    try:
        frame = pd.read_csv(path, sep=separator, encoding="utf-8-sig", low_memory=False)
    except (ValueError, OSError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    if time not in frame.columns:
        raise SettingsError(f"{path}: missing columns: {time}")
    named = {name: names[0] for names in columns for name in names if name in frame.columns}
    missing = [names[0] for names in columns if names[0] not in named.values()]
    if missing:
        raise SettingsError(f"{path}: missing columns: {', '.join(missing)} (or another unit is in its name)")
    frame = frame.rename(columns=named)
    for name in named.values():
        found = np.asarray(pd.to_numeric(frame[name], errors="coerce"), dtype=np.float64)
        wrong = np.flatnonzero(~np.isfinite(found))
        if len(wrong):
            row = int(wrong[0])
            raise SettingsError(f"{path}: {name!r} in row {row + 1} is no number: {frame[name].iloc[row]!r}")
        frame[name] = found
    _check_times(path, frame[time])
    return frame


def _check_times(path: Path, times: "pd.Series[str]") -> None:
    try:
        found = pd.to_datetime(times)
    except (ValueError, TypeError) as error:
        raise SettingsError(f"{path}: a timestamp cannot be read: {error}") from error
    if not found.is_monotonic_increasing:
        raise SettingsError(f"{path}: the timestamps run backwards")
