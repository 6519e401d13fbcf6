"""Pictures taken otherwise than the training's: told by sharpness, light and colours."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from domain.errors import SettingsError
from models.dataspec import DataSpec
from models.vision import conditions
from models.vision.extend import extend
from models.vision.pictures import Pixels
from models.vision.session import Inspector
from simulator.pictures.render import render

SHIPPED = Path(__file__).resolve().parents[3] / "models" / "artifacts" / "plant_vision"
LABELS = ("good", "crack", "dent", "colour", "surface", "assembly")


@pytest.fixture(scope="module")
def drawn() -> list[Image.Image]:
    """36 parts that no model was taught."""
    return [
        Image.open(io.BytesIO(render("Bracket", label, 9_000 + number).jpeg())).convert("RGB")
        for label in LABELS
        for number in range(6)
    ]


def values(images: list[Image.Image]) -> Pixels:
    return np.stack([np.asarray(one, np.uint8).transpose(2, 0, 1) for one in images])


def test_new_parts_before_the_same_camera_are_judged(drawn) -> None:
    assert Inspector(SHIPPED).odd(values(drawn)) == [""] * len(drawn)


def test_a_loose_lens_and_a_dead_lamp_are_told(drawn) -> None:
    inspector = Inspector(SHIPPED)
    blurred = inspector.odd(values([one.filter(ImageFilter.GaussianBlur(1)) for one in drawn]))
    assert all("less sharp" in why for why in blurred)
    for factor, word in ((0.6, "darker"), (1.5, "brighter")):
        changed = inspector.odd(values([ImageEnhance.Brightness(one).enhance(factor) for one in drawn]))
        assert sum(word in why for why in changed) >= 0.9 * len(drawn)


def test_each_word_stands_once_and_no_range_means_no_word() -> None:
    dark = np.full((1, 1, 40, 40), 5, np.uint8)
    assert conditions.odd(dark, {"brightness": (50, 90), "edges": (50, 90)}) == [
        "darker than the pictures it learned from"
    ]
    assert conditions.odd(dark, {}) == [""]


def test_ranges_are_taken_from_the_pictures_that_were_taught(tmp_path) -> None:
    for label in LABELS:
        (tmp_path / label).mkdir()
        (tmp_path / label / "1.jpg").write_bytes(render("Bracket", label, 1).jpeg())
    with pytest.raises(SettingsError, match="of the 2160 pictures it was taught are here"):
        extend(SHIPPED, DataSpec("plant", tmp_path))
