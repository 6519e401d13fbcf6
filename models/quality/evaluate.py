"""Judges a model of scrap on operations, machine and product alone beside it."""

from pathlib import Path

import numpy as np

from domain.errors import SettingsError
from models.dataspec import DataSpec
from models.quality import cases as files
from models.quality.adviser import Adviser
from models.quality.judging import figures


def evaluate(model: Path, data: DataSpec) -> dict[str, float | str]:
    """Figures on the operations of `data` that it covers; SettingsError without one that has parts.

    What stands beside it is each product's mean share on a machine among these very operations: a higher bar
    than what was known before.
    """
    adviser, every = Adviser(model), files.read(data)
    known = [one for one in every if one.parts > 0 and adviser.covers(one)]
    if not known:
        raise SettingsError("these data hold no truth to judge by, or nothing that the model knows")
    said = figures(known, adviser.shares(known)[:, 0], _plain(known))
    return {
        "model": f"{adviser.card.name} {adviser.card.version}",
        "covered": len(known) / len(every),
        **said,
    }


def _plain(known: list[files.Operation]) -> np.ndarray:
    sums: dict[tuple[str, str], list[float]] = {}
    for one in known:
        found = sums.setdefault((one.equipment_id, one.product_id), [0.0, 0.0])
        found[0] += one.bad
        found[1] += one.parts
    return np.array([sums[one.equipment_id, one.product_id][0] / sums[one.equipment_id, one.product_id][1]
                     for one in known])  # fmt: skip
