"""Small sets in the formats of the real ones, drawn here: tests need no data."""

from pathlib import Path

import numpy as np
import pandas as pd

from models.classification import plates
from models.classification.mill import _READ, FEED, STEP


def write_ai4i(folder: Path, rows: int, seed: int, *, truth: bool = True, first: int = 1) -> Path:
    """A milling machine that fails by strain or by power."""
    draw = np.random.default_rng(seed)
    grade = draw.choice(["L", "M", "H"], rows, p=[0.6, 0.3, 0.1])
    air = draw.normal(300, 2, rows).round(1)
    frame = pd.DataFrame(
        {
            "UDI": draw.permutation(np.arange(first, first + rows)),
            "Product ID": [f"{g}{k}" for k, g in enumerate(grade)],
            "Type": grade,
            "Air temperature [K]": air,
            "Process temperature [K]": (air + draw.normal(10, 1, rows)).round(1),
            "Rotational speed [rpm]": draw.integers(1200, 2000, rows),
            "Torque [Nm]": draw.normal(40, 12, rows).clip(4, 76).round(1),
            "Tool wear [min]": draw.integers(0, 250, rows),
        }
    )
    strained = frame["Torque [Nm]"] * frame["Tool wear [min]"] > 10_500
    weak = frame["Torque [Nm]"] * frame["Rotational speed [rpm]"] * 2 * np.pi / 60 < 3_500
    if truth:
        frame["Machine failure"] = (strained | weak).astype(int)
        frame["TWF"], frame["HDF"], frame["RNF"] = 0, 0, 0
        frame["PWF"], frame["OSF"] = weak.astype(int), strained.astype(int)
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_csv(folder / "ai4i2020.csv", index=False)
    return folder


def write_plates(folder: Path, rows: int, seed: int) -> Path:
    """Seven kinds of faults, each around a place of its own in the 27 measures."""
    draw = np.random.default_rng(seed)
    kind = np.arange(rows) % 7
    centre = np.random.default_rng(1).uniform(10, 200, (7, len(plates.COLUMNS)))
    table = centre[kind] + draw.normal(0, 15, (rows, len(plates.COLUMNS)))
    frame = pd.DataFrame(table.clip(1), columns=list(plates.COLUMNS))
    frame["failure.type"], frame["target"] = kind, (kind > 0).astype(int)
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_csv(folder / "faults.csv", index=False)
    return folder


def write_mill(folder: Path, count: int, seed: int) -> Path:
    """Experiments of 120 rows; a worn tool makes the spindle's speed ripple."""
    draw = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(1, count + 1):
        worn = number % 2 == 0
        frame = pd.DataFrame(draw.normal(0, 1, (120, len(_READ))), columns=list(_READ))
        frame["S1_ActualVelocity"] = 50 + draw.normal(0, 1, 120)
        frame["S1_ActualAcceleration"] *= 40 if worn else 10
        frame[FEED], frame[STEP] = 6.0, "Layer 1 Up"
        frame.to_csv(folder / f"experiment_{number:02d}.csv", index=False)
        rows.append((number, "wax", 6, 4.0, "worn" if worn else "unworn", "yes", "yes"))
    names = [
        "No",
        "material",
        "feedrate",
        "clamp_pressure",
        "tool_condition",
        "machining_finalized",
        "passed_visual_inspection",
    ]
    pd.DataFrame(rows, columns=names).to_csv(folder / "train.csv", index=False)
    return folder
