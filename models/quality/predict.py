"""Writes the share of bad parts that a model expects of operations: `id,share,share_lo,share_hi`."""

from pathlib import Path

from models import answers
from models.dataspec import DataSpec
from models.quality import cases as files
from models.quality.adviser import Adviser


def predict(model: Path, data: DataSpec, out: Path) -> int:
    """Write a row per operation, in input order; returns how many. Needs no counts of parts.

    Operations of products, settings or machines that the model does not know have empty cells.
    """
    adviser = Adviser(model)
    rows = []
    for one in files.read(data):
        cells = ["", "", ""]
        if adviser.covers(one):
            said = adviser.expected(one)
            cells = [f"{x:.6f}" for x in (said.value, said.low, said.high)]
        rows.append([one.operation, *cells])
    return answers.write(out, ["id", "share", "share_lo", "share_hi"], rows)
