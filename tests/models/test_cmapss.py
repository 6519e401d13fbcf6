"""C-MAPSS: reading the original files, windows, judging and predicting with the shipped model."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

from domain.errors import SettingsError
from models.dataspec import DataSpec
from models.failure import cmapss, known
from models.failure.card import read_card, write_card
from models.failure.evaluate import engine_figures, engine_windows, evaluate, score_engines
from models.failure.predict import predict
from models.failure.problem import cmapss_problem
from models.failure.session import Scores
from models.features import cmapss as features

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "models" / "artifacts" / "cmapss_fd001"
SHARED = ROOT.parent / "shared" / "datasets" / "cmapss"
UNITS = (1, 2, 3, 4, 5, 6)


def level():
    """Middle and span of each sensor (21,) as the shipped model's training saw them; 100 and 0 elsewhere."""
    seen, middle, span = read_card(MODEL).known, np.full(21, 100.0), np.zeros(21)
    for name, low, high in zip(seen.sensors, seen.low[0], seen.high[0], strict=True):
        place = cmapss.SENSORS.index(name)
        middle[place], span[place] = (low + high) / 2, high - low
    return middle, span


def write_engines(path, lives, seed):
    """Engines of the original shape: 26 columns, some constant, one with two values, the rest worn."""
    draw = np.random.default_rng(seed)
    middle, span = level()
    rows = []
    for unit, cycles in zip(UNITS, lives, strict=False):
        for cycle in range(1, cycles + 1):
            worn = 0.05 * draw.normal(0, 1, 21) + 0.001 * cycle * (np.arange(21) % 3)
            sensors = middle + span * worn
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


def table(data):
    return np.loadtxt(data.folder / "test_FD001.txt")


def put(data, rows):
    np.savetxt(data.folder / "test_FD001.txt", rows, fmt="%.6f")


def answers(data, tmp_path):
    """Remaining lives (low, middle, high) by unit."""
    predict(MODEL, data, tmp_path / "rul.csv")
    rows = csv.DictReader((tmp_path / "rul.csv").read_text(encoding="utf-8").splitlines())
    return {row["unit"]: tuple(float(row[name]) for name in ("rul_lo", "rul", "rul_hi")) for row in rows}


@pytest.mark.parametrize(
    "order",
    [
        lambda rows: np.lexsort((rows[:, 0], rows[:, 1])),
        lambda rows: np.arange(len(rows))[::-1],
        lambda rows: np.random.default_rng(3).permutation(len(rows)),
    ],
)
def test_rows_may_come_in_any_order(data, tmp_path, order):
    rows = table(data)
    put(data, rows)
    before = answers(data, tmp_path)
    put(data, rows[order(rows)])
    assert answers(data, tmp_path) == before


def test_a_truth_without_numbers_needs_engines_in_order(data):
    rows = table(data)
    put(data, rows[::-1])
    with pytest.raises(SettingsError, match="order of their number"):
        evaluate(MODEL, data)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: np.vstack((rows, rows[4:5])), "engine 1 has cycle 5 twice"),
        (lambda rows: np.add(rows, [[0, 0.5, *(24 * [0])]]), "numbered 1, 2, 3"),
        (lambda rows: rows * [[1, 1e4, *(24 * [1])]], "more than 20000"),
        (lambda rows: np.where(np.arange(26) == 8, np.nan, rows), "row 1 lacks a number"),
        (lambda rows: rows * [[1, 1, 1, 1, 1, *(21 * [1000])]], "4 of 4 engines are not like those"),
        (lambda rows: rows * [[1, 1, 1, 1, 1, *(21 * [0])]], "training saw"),
        (lambda rows: rows * [[1, 1, 1, 1, 1, *(4 * [5 / 9]), *(17 * [1])]], "s2 is .* and training saw"),
        (lambda rows: np.hstack((rows[:, :5], rows[:1, 5:].repeat(len(rows), 0))), "stands still"),
        (lambda rows: np.add(rows, [[0, 0, 20, 0.5, *(22 * [0])]]), "not seen in training"),
    ],
)
def test_what_is_no_engine_of_this_fleet_is_refused(data, tmp_path, change, said):
    put(data, change(table(data)))
    (tmp_path / "rul.csv").write_text("older")
    with pytest.raises(SettingsError, match=said):
        predict(MODEL, data, tmp_path / "rul.csv")
    assert (tmp_path / "rul.csv").read_text() == "older"


def test_one_odd_engine_of_many_has_an_open_interval(data, tmp_path):
    rows = table(data)
    before = answers(data, tmp_path)
    rows[rows[:, 0] == 2, 6] *= 2
    put(data, rows)
    after = answers(data, tmp_path)
    assert after["2"][0] == 0 and after["2"][2] == 125
    assert {unit: after[unit] for unit in ("1", "3", "4")} == {unit: before[unit] for unit in ("1", "3", "4")}


@pytest.mark.parametrize(
    ("kept", "share"),
    [
        (lambda cycle: cycle > 100, 20 / 100),
        (lambda cycle: cycle % 3 == 0, 33 / 100),
        (lambda cycle: cycle <= 12, 12 / 30),
        (lambda cycle: cycle > 0, 1.0),
    ],
)
def test_less_history_means_a_wider_interval(data, kept, share):
    rows = table(data)
    own = rows[(rows[:, 0] == 2) & kept(rows[:, 1])]
    put(data, own)
    (run,) = cmapss.engines(data, "test")
    assert (run.first, run.last) == (own[0, 1], own[-1, 1])
    (found,) = known.trust(read_card(MODEL), [run])
    assert found.why == "" and found.share == pytest.approx(share, abs=0.02)
    lives = known.widened(np.array([[40.0, 50.0, 60.0]]), [found], 125.0)[0]
    np.testing.assert_allclose(lives, [40 * found.share, 50, 125 - 65 * found.share], rtol=1e-5)


def test_a_missing_cycle_repeats_the_one_before_and_keeps_its_number(data):
    rows = table(data)
    put(data, rows[~((rows[:, 0] == 3) & np.isin(rows[:, 1], (1, 2, 10, 11)))])
    run = next(run for run in cmapss.engines(data, "test") if run.unit == 3)
    assert (run.first, run.last, len(run)) == (3, 60, 58)
    np.testing.assert_array_equal(np.flatnonzero(~run.seen) + run.first, [10, 11])
    np.testing.assert_array_equal(run.readings[[7, 8]], run.readings[[6, 6]])
    window = engine_windows(read_card(MODEL), [run])[0]
    np.testing.assert_array_equal(window[-58:, -2], np.arange(3, 61))
    assert window[:-58].sum() == 0


def test_the_longest_run_of_equal_readings():
    values = np.array([[1, 5], [1, 5], [2, 5], [2, 6], [2, 7]], float)
    assert known.longest(values).tolist() == [3, 3]


def test_the_card_knows_what_training_saw(data, tmp_path):
    problem = cmapss_problem(data)
    seen, runs = problem.known, cmapss.engines(data, "train")
    assert seen.sensors == problem.window.sensors and len(seen.conditions) == 1
    column = cmapss.SENSORS.index(seen.sensors[0])
    values = np.concatenate([run.sensors for run in runs])[:, column]
    assert (seen.low[0][0], seen.high[0][0]) == (values.min(), values.max())
    with pytest.raises(SettingsError, match="was not trained on"):
        known.extend(MODEL, data)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the C-MAPSS files are not here")
def test_a_card_is_completed_from_its_own_training_data(tmp_path):
    shutil.copytree(MODEL, tmp_path / "model")
    before = read_card(MODEL)
    write_card(tmp_path / "model", before.model_copy(update={"known": None}))
    known.extend(tmp_path / "model", DataSpec("cmapss", SHARED, "FD001"))
    assert read_card(tmp_path / "model").known == before.known


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
