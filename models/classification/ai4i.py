"""AI4I 2020: a milling machine, five failure modes. Original file: ai4i2020.csv."""

from pathlib import Path

import numpy as np
import pandas as pd

from domain.errors import SettingsError
from models.classification.table import Floats, Table, csv_file, numbers, read_frame
from models.dataspec import DataSpec

NUMBERS = (
    "Air temperature [K]",
    "Process temperature [K]",
    "Rotational speed [rpm]",
    "Torque [Nm]",
    "Tool wear [min]",
)
COLUMNS = (*NUMBERS, "Type")
GRADES = ("L", "M", "H")
MODES = ("HDF", "PWF", "OSF", "TWF")  # where a case has several, the first one names it
TRUTH = "Machine failure"


def read(data: DataSpec, target: str) -> Table:
    """A case per row, named by its UDI. RNF is left out as a mode: it is drawn by chance."""
    path = csv_file(data.folder, data.subset, COLUMNS)
    frame = read_frame(path, ("UDI", *COLUMNS) if "UDI" in _names(path) else COLUMNS)
    unknown = sorted(set(frame["Type"].astype(str)) - set(GRADES))
    if unknown:
        raise SettingsError(f"{path}: Type {unknown[0]!r} is none of {', '.join(GRADES)}")
    grade = frame["Type"].map({name: place for place, name in enumerate(GRADES)}).to_numpy(float)
    raw = np.column_stack([numbers(frame, NUMBERS, path), grade]).astype(np.float32)
    ids = frame["UDI"] if "UDI" in frame else pd.Series(range(1, len(frame) + 1))
    return Table(tuple(map(str, ids)), raw[:, None, :], _labels(frame, target, path))


def _names(path: Path) -> list[str]:
    return list(pd.read_csv(path, nrows=0).columns)


def _labels(frame: pd.DataFrame, target: str, path: Path) -> tuple[str, ...] | None:
    if TRUTH not in frame:
        return None
    failed = numbers(frame, (TRUTH,), path)[:, 0] > 0
    if target == "failure":
        return tuple("1" if one else "0" for one in failed)
    if any(name not in frame for name in MODES):
        return None
    found = np.where(failed, "", "none").astype("U4")  # a failure without a mode is not known
    for name in reversed(MODES):
        found[failed & (numbers(frame, (name,), path)[:, 0] > 0)] = name
    return tuple(found.tolist())


def features(raw: Floats) -> Floats:
    """Readings (..., 6) and what they mean for the machine (..., 10), float32.

    Heat difference (K), mechanical power (W = Nm x rad/s), strain (min x Nm), and strain relative to the
    grade's strength (the order of the grades, L, M, H).
    """
    air, process, speed, torque, wear, grade = (raw[..., k].astype(np.float64) for k in range(6))
    power = torque * speed * 2 * np.pi / 60
    strain = wear * torque
    parts = (air, process, speed, torque, wear, grade)
    derived = (np.round(process - air, 2), power, strain, strain / (11 + grade))
    return np.stack([*parts, *derived], axis=-1).astype(np.float32)
