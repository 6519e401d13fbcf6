"""Gives a vision model that was trained before there was a check of sharpness and light its usual ranges.

    python -m models.vision.extend --model MODEL --data plant:DIR

DIR holds the pictures that the model was taught (its fingerprints are checked). Only the card changes.
"""

import argparse
from pathlib import Path

import numpy as np

from domain.errors import SettingsError
from models.card import write_card
from models.dataspec import DataSpec
from models.vision import conditions
from models.vision.kinds import KINDS, gallery
from models.vision.session import Inspector, taught


def extend(model: Path, data: DataSpec) -> dict[str, conditions.Range]:
    """Write the ranges into the card of `model`, and return them. SettingsError for other pictures."""
    inspector = Inspector(model)
    found = gallery(inspector.kind, data)
    pixels = np.concatenate(list(found.take(found.truth != "").pixels(inspector.camera)))
    known = taught(model, pixels)
    if known.sum() < inspector.card.pictures:
        raise SettingsError(f"{known.sum()} of the {inspector.card.pictures} pictures it was taught are here")
    ranges = conditions.usual(pixels[known])
    write_card(model, inspector.card.model_copy(update={"usual": ranges}))
    return ranges


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", required=True)
    options = parser.parse_args()
    for name, (low, high) in extend(options.model, DataSpec.parse(options.data, list(KINDS))).items():
        print(f"{name}: {low} to {high}")  # noqa: T201
