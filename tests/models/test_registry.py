import json
from pathlib import Path

import numpy as np
import pytest

from domain.errors import InvalidInput, SettingsError, Tampered
from models.manifest import seal
from models.registry import load
from models.scorer import Scorer
from tests.models.tiny import write_onnx


def test_a_whole_folder_loads(folder: Path):
    model = load(folder)
    assert model.card.name == "tiny"
    assert model.background("cnc").shape == (4, 8, 3)
    assert model.background("oven") is None


@pytest.mark.parametrize("name", ["model.onnx", "card.json", "golden.npz", "background.npz"])
def test_a_missing_file_is_one_clear_line(folder: Path, name: str):
    (folder / name).unlink()
    with pytest.raises(SettingsError) as caught:
        load(folder)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_folder_at_all(tmp_path: Path):
    with pytest.raises(SettingsError, match="no model in"):
        load(tmp_path / "nowhere")


def test_another_model_under_the_same_card_is_tampered(folder: Path):
    write_onnx(folder / "model.onnx", 8, 3, seed=4)
    with pytest.raises(Tampered):
        load(folder)


def test_other_answers_to_the_golden_cases_are_tampered(folder: Path):
    with np.load(folder / "golden.npz") as archive:
        arrays = dict(archive)
    arrays["probability"] = arrays["probability"] + 0.01
    np.savez(folder / "golden.npz", **arrays)
    seal(folder)
    with pytest.raises(Tampered, match="golden"):
        load(folder)


def test_a_golden_file_without_cases_is_refused(folder: Path):
    np.savez(folder / "golden.npz", window=np.zeros((0, 8, 3)))
    seal(folder)
    with pytest.raises(SettingsError, match="probability"):
        load(folder)


def test_a_card_with_an_unknown_field_is_refused(folder: Path):
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, "owner": "x"}))
    with pytest.raises(SettingsError, match="owner"):
        load(folder)


def test_garbage_in_an_archive_is_one_clear_line(folder: Path):
    (folder / "background.npz").write_bytes(b"PK\x03\x04 no archive")
    seal(folder)
    with pytest.raises(SettingsError, match="background"):
        load(folder)


def test_a_background_of_another_shape_is_refused(folder: Path):
    np.savez(folder / "background.npz", cnc=np.zeros((2, 8, 4), dtype=np.float32))
    seal(folder)
    with pytest.raises(SettingsError, match="shape"):
        load(folder)


def test_a_file_that_is_no_onnx(tmp_path: Path):
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(SettingsError):
        Scorer(tmp_path / "model.onnx", 8, 3)


def test_scores_do_not_depend_on_the_batch(folder: Path):
    scorer = load(folder).scorer
    windows = np.random.default_rng(0).standard_normal((1_100, 8, 3)).astype(np.float32)
    scores = scorer.score(windows)
    assert len(scores) == 1_100
    assert scores.usable.all()
    one = np.concatenate([scorer.score(windows[i : i + 1]).probability for i in (0, 511, 512, 1_099)])
    assert np.allclose(one, scores.probability[[0, 511, 512, 1_099]], atol=1e-6)
    assert np.array_equal(scorer.probability(windows), scores.probability)


def test_a_window_with_nan_gives_no_usable_score(folder: Path):
    windows = np.zeros((2, 8, 3), dtype=np.float32)
    windows[1, 3, 1] = np.nan
    assert load(folder).scorer.score(windows).usable.tolist() == [True, False]


def test_no_windows_give_no_scores(folder: Path):
    assert len(load(folder).scorer.score(np.zeros((0, 8, 3), dtype=np.float32))) == 0


def test_windows_of_another_shape_are_refused(folder: Path):
    with pytest.raises(InvalidInput):
        load(folder).scorer.score(np.zeros((1, 8, 4), dtype=np.float32))
