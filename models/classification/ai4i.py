"""AI4I 2020: a milling machine, five failure modes. Original file: ai4i2020.csv."""

import numpy as np
import pandas as pd

from domain.errors import SettingsError
from models.classification.table import Floats, Table, csv_file, ids, numbers, read_frame, said
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
IDS = ("UDI", "UID")  # the header of the original file, and of shares of it


def read(data: DataSpec, target: str) -> Table:
    """A case per row, named by its UDI (or UID), else by its number from 1.

    RNF is left out as a mode: it is drawn by chance. SettingsError when an id is missing or comes twice.
    """
    path = csv_file(data.folder, data.subset, COLUMNS)
    frame = read_frame(path, COLUMNS)
    unknown = sorted(set(frame["Type"].astype(str)) - set(GRADES))
    if unknown:
        raise SettingsError(f"{path}: Type {unknown[0]!r} is none of {', '.join(GRADES)}")
    grade = frame["Type"].map({name: place for place, name in enumerate(GRADES)}).to_numpy(float)
    raw = np.column_stack([numbers(frame, NUMBERS, path), grade]).astype(np.float32)
    return Table(ids(frame, IDS, path), raw[:, None, :], _labels(frame, target))


def _labels(frame: pd.DataFrame, target: str) -> tuple[str, ...] | None:
    if TRUTH not in frame:
        return None
    truth = said(frame, TRUTH)
    failed = truth > 0
    if target == "failure":
        return tuple(np.where(np.isnan(truth), "", np.where(failed, "1", "0")).tolist())
    if any(name not in frame for name in MODES):
        return None
    found = np.where(truth <= 0, "none", "").astype("U4")  # a failure without a mode is not known
    for name in reversed(MODES):
        found[failed & (said(frame, name) > 0)] = name
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
