"""The heat map of the shipped model lies on the drawn defect."""

from pathlib import Path

import numpy as np
import pytest

from models.vision import pictures
from models.vision.overlay import heat
from models.vision.session import Inspector
from simulator.pictures.parts import PARTS
from simulator.pictures.render import render

MODEL = Path(__file__).resolve().parents[3] / "models" / "artifacts" / "plant_vision"
LOCAL = ("crack", "dent", "surface")  # a part can be off colour, or incomplete, as a whole
EACH = 12


def regions_of(where: np.ndarray, cells: tuple[int, int]) -> np.ndarray:
    """The regions (h, w) that a defect touches, and their neighbours: a region sees beyond its edge."""
    rows, columns = (
        np.minimum(place * count // size, count - 1)
        for place, count, size in zip(np.nonzero(where > 0.3), cells, where.shape, strict=True)
    )
    on = np.zeros((cells[0] + 2, cells[1] + 2), dtype=bool)
    for down in range(3):
        for right in range(3):
            on[rows + down, columns + right] = True
    return on[1:-1, 1:-1]


@pytest.fixture(scope="module")
def maps() -> list[tuple[np.ndarray, np.ndarray]]:
    """Heat (h, w) and the regions of the drawn defect, of every defect that is named rightly."""
    inspector, found = Inspector(MODEL), []
    for place, label in enumerate(LOCAL):
        for number in range(EACH):
            picture = render(PARTS[number % len(PARTS)], label, 90_000 + 100 * place + number)
            seen = inspector.see(pictures.decode(picture.jpeg(), inspector.camera)[None])
            best = int(seen.probability[0].argmax())
            if inspector.card.labels[best] == label:
                shown = heat(seen.maps[0, best])
                found.append((shown, regions_of(picture.where, shown.shape)))
    return found


def test_most_defects_are_named_rightly(maps) -> None:
    assert len(maps) >= 0.7 * EACH * len(LOCAL)


def test_the_strongest_region_lies_on_the_defect(maps) -> None:
    hits = [on[np.unravel_index(shown.argmax(), shown.shape)] for shown, on in maps]
    assert np.mean(hits) >= 0.65


def test_the_heat_gathers_on_the_defect(maps) -> None:
    shares = np.mean([shown[on].sum() / shown.sum() for shown, on in maps])
    areas = np.mean([on.mean() for _, on in maps])
    assert shares >= 2 * areas
