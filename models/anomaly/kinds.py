"""The recordings that the anomaly models know: SKAB's water loop, NAB's single series."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from domain.errors import SettingsError
from models.anomaly.deviation import Settings
from models.anomaly.series import Flags, Run, Values, read
from models.dataspec import DataSpec

SKAB = (
    ("Accelerometer1RMS",),
    ("Accelerometer2RMS",),
    ("Current",),
    ("Pressure",),
    ("Temperature",),
    ("Thermocouple",),
    ("Voltage",),
    ("Volume Flow RateRMS", "RateRMS"),
)
HEALTHY = "anomaly-free"


@dataclass(frozen=True, slots=True)
class Kind:
    """One set: its channels, how it is read, how a run's own beginning is used, and which model serves.

    `rate` is the stated false-alarm rate: the share of healthy readings, after a beginning half as long,
    that may be flagged. `least` above 0: every run has a threshold of its own from its own beginning, at
    least so high; runs of unlike things share none, else the one that moves most blinds all the others.
    """

    name: str
    channels: tuple[str, ...]
    read: Callable[[DataSpec], list[Run]]
    settings: Settings
    version: str
    rate: float
    served: str
    source: str
    licence: str
    limits: tuple[str, ...]
    least: float = 0.0


def _files(data: DataSpec) -> list[Path]:
    place = data.folder / data.subset if data.subset else data.folder
    found = [place] if place.is_file() else sorted(place.rglob("*.csv"))
    if not found:
        raise SettingsError(f"{place} holds no CSV files")
    return found


def read_skab(data: DataSpec) -> list[Run]:
    """A run per file, in the order of their paths; `anomaly` is the truth where it is there."""
    runs = []
    for path in _files(data):
        frame = read(path, ";", "datetime", SKAB)
        values = frame[[names[0] for names in SKAB]].to_numpy(float)
        truth = _truth(frame)
        name = path.relative_to(data.folder).as_posix()
        runs.append(Run(name, tuple(map(str, frame["datetime"])), values, truth))
    return runs


def _truth(frame: pd.DataFrame) -> Flags | None:
    """What is labelled odd (rows,); None where a label is missing: a run is judged whole or not."""
    if "anomaly" not in frame:
        return None
    found = pd.to_numeric(frame["anomaly"], errors="coerce").to_numpy(float)
    return None if np.isnan(found).any() else np.asarray(found > 0)


def read_nab(data: DataSpec) -> list[Run]:
    """A run per file; the truth are the windows in combined_windows.json, where it is there."""
    path = data.folder / "combined_windows.json"
    windows = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    runs = []
    for file in _files(data):
        name = file.relative_to(data.folder).as_posix()
        frame = read(file, ",", "timestamp", (("value",),))
        times = pd.to_datetime(frame["timestamp"])
        truth = None
        if name in windows:
            truth = np.zeros(len(frame), dtype=bool)
            for first, last in windows[name]:
                truth |= ((times >= pd.Timestamp(first)) & (times <= pd.Timestamp(last))).to_numpy()
        values = _single(frame["value"].to_numpy(float))
        runs.append(Run(name, tuple(map(str, frame["timestamp"])), values, truth))
    return runs


def _single(value: Values) -> Values:
    """A single series as three signals (N, 3): its level, its change, its spread over twelve readings."""
    change = np.diff(value, prepend=value[:1])
    spread = pd.Series(value).rolling(12, min_periods=1).std().fillna(0.0).to_numpy()
    return np.stack([value, change, spread], axis=1)


_SETTINGS = Settings()
KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            name="skab",
            channels=tuple(names[0] for names in SKAB),
            read=read_skab,
            settings=_SETTINGS,
            version="deviation-1",
            rate=0.25,
            served="t2",
            source="Skoltech anomaly benchmark: a real water loop",
            licence="GPL-3 data; the weights stay with who trains them",
            limits=(
                "The first 400 readings of a run must be healthy: they are what it is compared with.",
                "At this rate a quarter of the healthy readings is flagged: it is the benchmark's balance.",
            ),
        ),
        Kind(
            name="nab",
            channels=("level", "change", "spread"),
            read=read_nab,
            # Five-minute readings: an hour is smoothed, and a day's own course is no wandering.
            settings=replace(_SETTINGS, head_share=0.15, head_most=750, smooth=12, lag=288),
            version="deviation-2",
            rate=0.01,
            served="t2",
            source="Numenta anomaly benchmark: single series",
            licence="MIT",
            limits=("Each series is compared with its first 15 %, at most 750 readings.",),
            least=3.0,
        ),
    )
}
