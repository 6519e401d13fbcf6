"""What is like nothing that training saw is said to be unknown, in the file too."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from domain.errors import SettingsError
from models.dataspec import DataSpec
from models.vision import pictures
from models.vision.predict import predict
from models.vision.session import NEAR, UNKNOWN, Inspector, Seen
from simulator.pictures.parts import PARTS
from simulator.pictures.render import render

MODEL = Path(__file__).resolve().parents[3] / "models" / "artifacts" / "plant_vision"


@pytest.fixture(scope="module")
def inspector() -> Inspector:
    return Inspector(MODEL)


@pytest.fixture(scope="module")
def seen(inspector: Inspector) -> Seen:
    jpeg = render(PARTS[0], "crack", 91_000).jpeg()
    return inspector.see(pictures.decode(jpeg, inspector.camera)[None])


def strange(seen: Seen, times: float, probability: list[float]) -> Seen:
    return replace(seen, strangeness=np.array([times]), probability=np.array([probability]))


SURE, HALF = [0.0, 0.95, 0.01, 0.01, 0.02, 0.01], [0.5, 0.4, 0.1, 0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("times", "probability", "label"),
    [
        (0.9, SURE, "crack"),
        (0.9, HALF, "good"),
        (NEAR - 0.01, SURE, "crack"),
        (NEAR - 0.01, HALF, UNKNOWN),
        (NEAR + 0.01, SURE, UNKNOWN),
        (9.0, SURE, UNKNOWN),
        (np.nan, SURE, UNKNOWN),
    ],
)
def test_beyond_the_limit_a_picture_is_of_no_kind(inspector, seen, times, probability, label) -> None:
    assert inspector.said(strange(seen, times, probability)) == (label,)


def test_the_stranger_the_flatter(inspector, seen) -> None:
    best = []
    for times in (0.5, 1.0, 1.5, 4.0, 1e6, np.nan):
        p = inspector.stated(strange(seen, times, SURE))[0]
        assert p.sum() == pytest.approx(1)
        best.append(float(p.max()))
    assert best[0] == best[1] == pytest.approx(0.95)
    assert best[1] > best[2] > best[3] > best[4]
    assert best[4] == pytest.approx(1 / 6, abs=1e-4) and best[5] == pytest.approx(1 / 6)


def test_the_file_says_unknown_of_noise_and_names_a_part(tmp_path: Path, inspector: Inspector) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    (tmp_path / "in").mkdir()
    Image.fromarray(noise).save(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "b.jpg").write_bytes(render(PARTS[0], "crack", 91_000).jpeg())
    assert predict(MODEL, DataSpec("plant", tmp_path / "in"), tmp_path / "out.csv") == 2
    first, second = csv.DictReader((tmp_path / "out.csv").read_text().splitlines())
    assert list(first) == ["id", "label", *(f"p_{label}" for label in inspector.card.labels)]
    assert (first["label"], second["label"]) == (UNKNOWN, "crack")
    assert max(float(first[f"p_{label}"]) for label in inspector.card.labels) < 0.6


def test_a_refused_picture_leaves_the_older_file(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Image.new("RGB", (64, 64)).save(tmp_path / "in" / "small.png")
    (tmp_path / "out.csv").write_text("older\n")
    with pytest.raises(SettingsError, match="64 x 64"):
        predict(MODEL, DataSpec("plant", tmp_path / "in"), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "older\n"
