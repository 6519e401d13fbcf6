"""train -> evaluate -> predict -> explain through the command line, on pictures drawn here."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from domain.errors import Tampered
from models.vision.card import read_card
from models.vision.session import Inspector
from tests.models.training import command, train

pytestmark = [pytest.mark.train, pytest.mark.slow]
LABELS = ("crazing", "inclusion", "patches", "pitted_surface", "rolled-in_scale", "scratches")


def write_steel(folder, each: int, seed: int, *, by_label: bool = True) -> None:
    """Six textures that differ in the size and the direction of their grain."""
    draw = np.random.default_rng(seed)
    for place, label in enumerate(LABELS):
        where = folder / label if by_label else folder
        where.mkdir(parents=True, exist_ok=True)
        for number in range(each):
            cells = ((25, 25), (100, 10), (10, 100), (100, 100), (50, 50), (200, 20))[place]
            grid = draw.integers(0, 256, cells, dtype=np.uint8)
            image = Image.fromarray(grid).resize((200, 200), Image.Resampling.NEAREST)
            image.save(where / f"{draw.integers(10**9):09d}.png" if not by_label else where / f"{number}.png")


@pytest.fixture(scope="module")
def loop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("steel")
    write_steel(folder / "data", 12, 1)
    train("vision", f"neu_steel:{folder / 'data'}", folder / "model", "torch")
    return folder


def words(verb, folder, data, *more):
    return (verb, "vision", "--model", str(folder / "model"), "--data", f"neu_steel:{data}", *more)


def test_the_card_says_how_it_was_held_out(loop) -> None:
    card = read_card(loop / "model")
    assert card.labels == LABELS and card.members == 3 and card.pictures == 72
    assert card.validation["accuracy"] > 0.9 and card.validation["accuracy_spread"] >= 0
    assert {one.label for one in card.left_out} == {"patches", "scratches"}


def test_new_pictures_are_judged_as_they_are_and_own_ones_are_not(loop, tmp_path) -> None:
    write_steel(tmp_path / "new", 4, 9)
    found = json.loads(command(*words("evaluate", loop, tmp_path / "new", "--json")).stdout)
    assert found["protocol"] == "pictures that the model never saw" and found["accuracy"] > 0.9
    own = json.loads(command(*words("evaluate", loop, loop / "data", "--json")).stdout)
    assert "held out in training" in own["protocol"]


def test_every_picture_has_a_row_without_truth(loop, tmp_path) -> None:
    write_steel(tmp_path / "flat", 2, 5, by_label=False)
    done = command(*words("predict", loop, tmp_path / "flat", "--out", str(tmp_path / "out.csv")))
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    assert list(rows[0]) == ["id", "label", *(f"p_{label}" for label in LABELS)]
    assert [row["id"] for row in rows] == sorted(path.name for path in (tmp_path / "flat").iterdir())
    assert all(abs(sum(float(row[f"p_{label}"]) for label in LABELS) - 1) < 1e-4 for row in rows)
    bare = command(*words("evaluate", loop, tmp_path / "flat", "--json"))
    assert bare.returncode == 2 and "no truth" in bare.stderr


def test_a_picture_of_another_size_is_refused_by_name(loop, tmp_path) -> None:
    write_steel(tmp_path / "flat", 1, 5, by_label=False)
    Image.new("L", (64, 64)).save(tmp_path / "flat" / "wrong.png")
    done = command(*words("predict", loop, tmp_path / "flat", "--out", str(tmp_path / "out.csv")))
    assert done.returncode == 2 and "wrong.png" in done.stderr and "64 x 64" in done.stderr


def test_regions_add_up_to_the_probability(loop, tmp_path) -> None:
    out = tmp_path / "regions.png"
    done = command(*words("explain", loop, loop / "data", "--case", "patches/0.png", "--out", str(out)))
    found = json.loads(done.stdout)
    total = found["base_value"] + sum(part["value"] for part in found["contributions"])
    assert abs(total - found["probability"]) < 1e-6
    assert found["class_map_additivity_error"] < 1e-3 and len(found["contributions"]) == 25
    with Image.open(out) as drawn:
        assert drawn.size == (200, 200)


def test_another_file_is_not_run(loop, tmp_path) -> None:
    import shutil

    shutil.copytree(loop / "model", tmp_path / "model")
    path = tmp_path / "model" / "model.onnx"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(Tampered):
        Inspector(tmp_path / "model")
