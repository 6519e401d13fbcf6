"""CNC mill tool wear: experiment_NN.csv (44 readings each 0.1 s) and train.csv with each one's end.

A case is an experiment: its whole cutting time. Positions are never given to a model:
worn tools were set up at another height (29.7 instead of 29.5 mm), so a coordinate names the tool.
"""

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.errors import SettingsError
from models.classification.table import Floats, Table, numbers, read_frame, said
from models.dataspec import DataSpec

STRETCHES = 1
FEWEST = 8  # rows in a stretch
AXES = ("X1", "Y1", "S1")
_FOLLOWS = ("Position", "Velocity", "Acceleration")
_LEVELS = ("OutputCurrent", "OutputVoltage", "DCBusVoltage", "OutputPower")
_READ = tuple(
    f"{axis}_{name}"
    for axis in AXES
    for name in (
        *(f"{side}{what}" for what in _FOLLOWS for side in ("Actual", "Command")),
        "CurrentFeedback",
        *_LEVELS,
    )
)
FEED, STEP = "M1_CURRENT_FEEDRATE", "Machining_Process"
COLUMNS = (
    "log feed rate",
    *(
        f"{axis} {what}"
        for axis in AXES
        for what in (
            *(f"{name} error, {how}" for name in _FOLLOWS for how in ("mean", "spread")),
            *(f"CurrentFeedback, {how}" for how in ("mean", "spread", "top")),
            *(f"{name}, {how}" for name in _LEVELS for how in ("mean", "spread")),
        )
    ),
)
CHANNELS = tuple(name.split(",")[0] for name in COLUMNS)
TRUTH = "tool_condition"


def read(data: DataSpec, target: str) -> Table:  # noqa: ARG001 - the set has one target
    """A case per file experiment_NN.csv, in the order of their numbers, named by the number.

    The files lie in the folder or in one below it, with train.csv beside them or in the folder.
    """
    pattern = data.subset or "experiment_*.csv"
    paths = sorted(data.folder.glob(pattern)) or sorted(data.folder.rglob(pattern))
    if not paths:
        raise SettingsError(f"{data.folder} holds no experiment_NN.csv")
    paths.sort(key=_number)
    ids = tuple(str(_number(path)) for path in paths)
    if len(set(ids)) < len(ids):
        raise SettingsError(f"{data.folder} holds an experiment twice: name one folder")
    labels = _labels((paths[0].parent / "train.csv", data.folder / "train.csv"), ids)
    return Table(ids, np.stack([stretches(path) for path in paths]), labels)


def _number(path: Path) -> int:
    return int("".join(filter(str.isdigit, path.stem)) or 0)


def _labels(places: tuple[Path, ...], ids: tuple[str, ...]) -> tuple[str, ...] | None:
    path = next((one for one in places if one.is_file()), None)
    if path is None:
        return None
    frame = read_frame(path, ("No",))
    if TRUTH not in frame:
        return None
    rows = zip(said(frame, "No").tolist(), frame[TRUTH].fillna("").astype(str).str.strip(), strict=True)
    known = {str(int(number)): label for number, label in rows if not math.isnan(number)}
    return tuple(known.get(one, "") for one in ids)


def stretches(path: Path) -> Floats:
    """What an experiment's cutting time says, (STRETCHES, 52)."""
    frame = read_frame(path, (*_READ, FEED, STEP))
    table = pd.DataFrame(numbers(frame, (*_READ, FEED), path), columns=[*_READ, FEED])
    turning = table["S1_ActualVelocity"].abs() > 20
    cutting = turning & (table[FEED] < 50) & frame[STEP].astype(str).str.startswith("Layer")
    chosen = cutting if cutting.sum() >= STRETCHES * FEWEST else turning
    if chosen.sum() < STRETCHES * 2:
        raise SettingsError(f"{path}: the spindle turns in {int(chosen.sum())} rows only: nothing to judge")
    rows = table[chosen]
    cuts = np.array_split(np.arange(len(rows)), STRETCHES)
    return np.stack([_summary(rows.iloc[cut]) for cut in cuts]).astype(np.float32)


def _summary(rows: pd.DataFrame) -> npt.NDArray[np.float64]:
    found = [float(np.log(max(rows[FEED].mean(), 1e-3)))]
    for axis in AXES:
        for what in _FOLLOWS:
            error = rows[f"{axis}_Actual{what}"] - rows[f"{axis}_Command{what}"]
            found += [float(error.abs().mean()), float(error.std())]
        current = rows[f"{axis}_CurrentFeedback"]
        found += [float(current.abs().mean()), float(current.std()), float(current.abs().quantile(0.95))]
        for what in _LEVELS:
            level = rows[f"{axis}_{what}"]
            found += [float(level.mean()), float(level.std())]
    return np.array(found)


def features(raw: Floats) -> Floats:
    """The summaries as they are (..., 52)."""
    return raw
