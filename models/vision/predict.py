"""Writes a vision model's labels to a file: `id,label` and a probability for each label."""

from collections.abc import Iterator
from pathlib import Path

from models import answers
from models.dataspec import DataSpec
from models.vision.kinds import Gallery, gallery
from models.vision.session import Inspector


def predict(model: Path, data: DataSpec, out: Path) -> int:
    """Write a row per picture, in the order of their paths; returns the number of rows. Needs no truth.

    `label` is the likeliest one, or `unknown` where the picture is like none that training saw; its
    probabilities are then the flatter, the stranger it is. SettingsError names pictures that the model's
    camera cannot have taken; an older file then stays as it was.
    """
    inspector = Inspector(model)
    found = gallery(inspector.kind, data)
    header = ["id", "label", *(f"p_{label}" for label in inspector.card.labels)]
    return answers.write(out, header, _rows(inspector, found))


def _rows(inspector: Inspector, found: Gallery) -> Iterator[list[str]]:
    place = 0
    for pixels in found.pixels(inspector.camera):
        seen = inspector.see(pixels)
        for label, row in zip(inspector.said(seen), inspector.stated(seen).tolist(), strict=True):
            yield [found.ids[place], label, *(f"{value:.6f}" for value in row)]
            place += 1
