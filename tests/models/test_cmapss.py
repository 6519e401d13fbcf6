"""C-MAPSS: reading the original files, windows, judging and predicting with the shipped model."""

import csv
from pathlib import Path

import numpy as np
import pytest

from domain.errors import SettingsError
from models.dataspec import DataSpec
from models.failure import cmapss
from models.failure.card import read_card
from models.failure.evaluate import engine_figures, evaluate, score_engines
from models.failure.predict import predict
from models.failure.problem import cmapss_problem
from models.failure.session import Scores
from models.features import cmapss as features

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "models" / "artifacts" / "cmapss_fd001"
SHARED = ROOT.parent / "shared" / "datasets" / "cmapss"
UNITS = (1, 2, 3, 4, 5, 6)


def write_engines(path, lives, seed):
    """Engines of the original shape: 26 columns, some constant, one with two values, the rest worn."""
    draw = np.random.default_rng(seed)
    rows = []
    for unit, cycles in zip(UNITS, lives, strict=False):
        for cycle in range(1, cycles + 1):
            sensors = 500 + np.arange(21) + draw.normal(0, 0.3, 21) + 0.01 * cycle * (np.arange(21) % 3)
            sensors[[0, 4, 9, 15, 17, 18]] = 100.0
            sensors[5] = 21.61 if cycle % 7 else 21.60
            rows.append([unit, cycle, 0.001, -0.0003, 100.0, *sensors])
    np.savetxt(path, rows, fmt="%.4f")


@pytest.fixture
def data(tmp_path):
    write_engines(tmp_path / "train_FD001.txt", (140, 160, 150, 145), 1)
    write_engines(tmp_path / "test_FD001.txt", (31, 120, 60, 77), 2)
    np.savetxt(tmp_path / "RUL_FD001.txt", [112, 20, 130, 60], fmt="%d")
    return DataSpec.parse(f"cmapss:{tmp_path}:FD001", ("cmapss",))


def test_constant_sensors_are_dropped(data):
    names = cmapss.varying(cmapss.engines(data, "train"))
    assert len(names) == 14
    assert not {"s1", "s5", "s6", "s10", "s16", "s18", "s19"} & set(names)


def test_single_and_batch_windows_are_the_same_bytes(data):
    run = cmapss.engines(data, "test")[1]
    windows = features.build_all(run.sensors, 50)
    assert windows.shape == (120, 50, 23)
    for cycle in (1, 2, 49, 50, 51, 120):
        single = features.build(run.sensors[:cycle], 50)
        assert single.data.tobytes() == windows[cycle - 1].tobytes()


def test_short_histories_are_padded_in_front_and_masked():
    window = features.build(np.ones((3, 2)), 5).data
    np.testing.assert_array_equal(window[:, -1], [0, 0, 1, 1, 1])
    np.testing.assert_array_equal(window[:, 0], [0, 0, 1, 1, 1])
    np.testing.assert_array_equal(window[:, -2], [0, 0, 1, 2, 3])


def test_training_samples_count_down_to_the_failure(data):
    problem = cmapss_problem(data)
    own = problem.samples.take(problem.samples.run == 2)
    np.testing.assert_array_equal(own.life, np.arange(159, -1, -1))
    assert own.observed.all()
    assert own.label.sum() == 31
    assert problem.window.sensors == cmapss.varying(cmapss.engines(data, "train"))
    assert problem.samples.windows.shape[2] == len(problem.window.channels)


def test_figures_are_raw_clipped_and_covered():
    rul = np.array([[5, 10, 20], [90, 100, 125], [50, 60, 70]], dtype=np.float32)
    found = engine_figures(Scores(np.zeros(3, np.float32), rul), np.array([14.0, 145.0, 80.0]), 125.0)
    assert found["engines"] == 3
    assert found["rmse_raw"] == pytest.approx(np.sqrt((16 + 45**2 + 400) / 3))
    assert found["rmse_clipped"] == pytest.approx(np.sqrt((16 + 25**2 + 400) / 3))
    assert found["coverage"] == pytest.approx(2 / 3)


def test_evaluate_and_predict_agree(data, tmp_path):
    found = evaluate(MODEL, data)
    assert predict(MODEL, data, tmp_path / "rul.csv") == 4
    rows = list(csv.DictReader((tmp_path / "rul.csv").read_text(encoding="utf-8").splitlines()))
    assert list(rows[0]) == ["unit", "rul", "rul_lo", "rul_hi"]
    lives = np.array([float(row["rul"]) for row in rows])
    truth = np.array([112, 20, 130, 60])
    assert found["engines"] == 4
    assert found["rmse_raw"] == pytest.approx(np.sqrt(np.mean((lives - truth) ** 2)), abs=1e-3)
    assert all(float(r["rul_lo"]) <= float(r["rul"]) <= float(r["rul_hi"]) <= 125 for r in rows)


def test_predict_keeps_the_order_of_the_file_and_needs_no_truth(data, tmp_path):
    rows = (data.folder / "test_FD001.txt").read_text(encoding="utf-8").splitlines()
    parts = {unit: [row for row in rows if row.startswith(f"{unit}.")] for unit in (1, 2, 3, 4)}
    shuffled = [row for unit in (3, 1, 4, 2) for row in parts[unit]]
    predict(MODEL, data, tmp_path / "before.csv")
    (data.folder / "test_FD001.txt").write_text("\n".join(shuffled), encoding="utf-8")
    (data.folder / "RUL_FD001.txt").unlink()
    predict(MODEL, data, tmp_path / "after.csv")
    before = dict(line.split(",", 1) for line in (tmp_path / "before.csv").read_text().splitlines()[1:])
    after = [line.split(",", 1) for line in (tmp_path / "after.csv").read_text().splitlines()[1:]]
    assert [unit for unit, _ in after] == ["3", "1", "4", "2"]
    assert dict(after) == before


def test_without_truth_there_is_nothing_to_judge_by(data):
    (data.folder / "RUL_FD001.txt").unlink()
    with pytest.raises(SettingsError, match="no file"):
        evaluate(MODEL, data)


@pytest.mark.parametrize("content", ["", "1 2 3\n", "1 1 x\n"])
def test_a_file_of_another_shape_is_refused(data, content):
    (data.folder / "test_FD001.txt").write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match="test_FD001"):
        evaluate(MODEL, data)


@pytest.mark.parametrize("text", ["cmapss", "cmapss:", "turbine:/tmp", "cmapss:/no/such/folder:FD001"])
def test_wrong_data_names_are_refused(text):
    with pytest.raises(SettingsError, match="--data"):
        DataSpec.parse(text, ("cmapss", "plant"))


def test_a_model_is_not_used_on_data_of_another_kind(data, tmp_path):
    plant = DataSpec("plant", tmp_path)
    for call in (lambda: evaluate(MODEL, plant), lambda: predict(MODEL, plant, tmp_path / "x.csv")):
        with pytest.raises(SettingsError, match="cmapss"):
            call()


@pytest.mark.skipif(not SHARED.is_dir(), reason="the C-MAPSS files are not here")
def test_the_shipped_model_reaches_its_figure_on_fd001():
    data = DataSpec("cmapss", SHARED, "FD001")
    card, found = read_card(MODEL), evaluate(MODEL, data)
    assert found["engines"] == 100
    assert found["rmse_clipped"] <= 14.0
    assert found["rmse_raw"] >= found["rmse_clipped"]
    assert found["rmse_clipped"] == pytest.approx(card.test["rmse_clipped"], abs=1e-3)
    assert 0.8 <= found["coverage"] <= 1
    assert len(score_engines(MODEL, card, data).rul) == 100
