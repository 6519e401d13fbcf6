"""Rendered parts: the same for the same seed, and bad only where the defect is."""

import json

import numpy as np
import pytest

from simulator.layout import demo
from simulator.pictures.cameras import Watch, cameras, seen
from simulator.pictures.folder import write
from simulator.pictures.parts import PARTS
from simulator.pictures.render import FOREIGN, LABELS, STUDIOS, render


@pytest.mark.parametrize("part", PARTS)
def test_every_part_with_every_label(part) -> None:
    for place, label in enumerate((*LABELS, FOREIGN)):
        found = render(part, label, place)
        assert found.values.shape == (200, 200, 3) and found.values.dtype == np.uint8
        assert found.values.std() > 10
        assert (found.where.max() > 0.3) == (label != "good")


def test_the_same_seed_gives_the_same_bytes() -> None:
    one, other = render("Bracket", "crack", 5), render("Bracket", "crack", 5)
    assert one.jpeg() == other.jpeg() != render("Bracket", "crack", 6).jpeg()


def test_the_other_studio_is_noisier() -> None:
    def grain(variant: str) -> float:
        corner = render("Clip", "good", 3, STUDIOS[variant]).values[:20, :20].astype(float)
        return float(np.abs(np.diff(corner, axis=1)).mean())

    assert grain("other") > 1.4 * grain("plant")


def test_what_is_not_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="not drawn"):
        render("Bracket", "rust", 1)


def test_a_folder_by_label_with_the_places_of_defects(tmp_path) -> None:
    found = write(tmp_path, 2, 1, "plant", lambda share: None)
    assert found["pictures"] == 12
    boxes = json.loads((tmp_path / "where.json").read_text())
    assert set(boxes) == {f"{label}/{k:05d}.jpg" for label in LABELS if label != "good" for k in (0, 1)}
    left, top, right, bottom = boxes["dent/00000.jpg"]
    assert 0 <= left < right < 200 and 0 <= top < bottom < 200


def test_cameras_stand_at_the_ends_of_press_and_packing_lines(tmp_path) -> None:
    found = cameras(demo())
    assert [camera.equipment_id.split("/")[1] for camera in found] == ["forming", "packaging"]
    watch = Watch(demo(), 1, tmp_path, every_s=0.0)
    message = watch.due()
    assert message is not None and message.topic == f"taktwise/pictures/{found[0].equipment_id}"
    assert message.payload.startswith(b"\xff\xd8")
    assert watch.due() is None
    written = list((tmp_path / found[1].equipment_id).iterdir())
    assert len(written) == 1 and not written[0].name.startswith(".")


def test_most_of_what_a_camera_sees_is_good() -> None:
    draw = np.random.default_rng(1)
    labels = [seen(cameras(demo())[0], draw).label for _ in range(40)]
    assert 22 <= labels.count("good") < 40
