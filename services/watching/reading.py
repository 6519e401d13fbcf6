"""A stored look, read back; without the packages that made it, so that a screen can read it."""

import json

from domain.calibration import Bin, Calibration
from services.rows.model_watch import DriftRow, Learning, Look, OutputDrift, Tally


def read(document: str) -> Look:
    """A stored look."""
    d = json.loads(document)
    c = d["calibration"]
    return Look(**d | {
        "inputs": tuple(DriftRow(**row) for row in d["inputs"]),
        "output": OutputDrift(**d["output"]),
        "calibration": Calibration(**c | {"bins": tuple(Bin(**row) for row in c["bins"])}),
        "total": Tally(**d["total"]),
        "machines": tuple(Tally(**row) for row in d["machines"]),
        "learning": tuple(Learning(**row) for row in d["learning"]),
    })  # fmt: skip
