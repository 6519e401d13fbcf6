"""Steel Plates Faults: 27 measures of a fault's picture, seven kinds."""

import numpy as np

from models.classification.table import Floats, Table, csv_file, ids, numbers, read_frame, said
from models.dataspec import DataSpec

COLUMNS = (
    "X_Minimum", "X_Maximum", "Y_Minimum", "Y_Maximum", "Pixels_Areas", "X_Perimeter", "Y_Perimeter",
    "Sum_of_Luminosity", "Minimum_of_Luminosity", "Maximum_of_Luminosity", "Length_of_Conveyer",
    "TypeOfSteel_A300", "TypeOfSteel_A400", "Steel_Plate_Thickness", "Edges_Index", "Empty_Index",
    "Square_Index", "Outside_X_Index", "Edges_X_Index", "Edges_Y_Index", "Outside_Global_Index",
    "LogOfAreas", "Log_X_Index", "Log_Y_Index", "Orientation_Index", "Luminosity_Index", "SigmoidOfAreas",
)  # fmt: skip
TRUTH = "failure.type"
ONE_HOT = ("Other_Faults", "Pastry", "Z_Scratch", "K_Scatch", "Stains", "Dirtiness", "Bumps")


def read(data: DataSpec, target: str) -> Table:  # noqa: ARG001 - the set has one target
    """A case per row, named by its `id`, else by its number in the file, from 1."""
    path = csv_file(data.folder, data.subset, COLUMNS)
    frame = read_frame(path, COLUMNS)
    raw = numbers(frame, COLUMNS, path).astype(np.float32)
    labels = None
    if TRUTH in frame:
        labels = tuple("" if np.isnan(one) else str(int(one)) for one in said(frame, TRUTH))
    elif set(ONE_HOT) <= set(frame.columns):
        named = np.column_stack([said(frame, name) for name in ONE_HOT]) > 0
        labels = tuple(ONE_HOT[int(row.argmax())] if row.any() else "" for row in named)
    return Table(ids(frame, ("id",), path), raw[:, None, :], labels)


def features(raw: Floats) -> Floats:
    """The measures, and size, filling, contrast and place of the fault (..., 37), float32."""
    v = {name: raw[..., k].astype(np.float64) for k, name in enumerate(COLUMNS)}
    width, height = v["X_Maximum"] - v["X_Minimum"], v["Y_Maximum"] - v["Y_Minimum"]
    area = np.maximum(v["Pixels_Areas"], 1)
    derived = (
        width,
        height,
        width * height,
        area / (width * height + 1),
        (width + 1) / (height + 1),
        v["Sum_of_Luminosity"] / area,
        v["Maximum_of_Luminosity"] - v["Minimum_of_Luminosity"],
        (v["X_Perimeter"] + v["Y_Perimeter"]) / np.sqrt(area),
        (v["X_Minimum"] + v["X_Maximum"]) / 2,
        np.minimum(v["X_Minimum"], v["Length_of_Conveyer"] - v["X_Maximum"]),
    )
    return np.concatenate([raw, np.stack(derived, axis=-1)], axis=-1).astype(np.float32)
