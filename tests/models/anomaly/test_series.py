"""Recordings are read in order, and one that cannot be judged is refused."""

import numpy as np
import pandas as pd
import pytest

from domain.errors import SettingsError
from models.anomaly.deviation import Settings, deviations, rolling_mean, windows
from models.anomaly.evaluate import figures
from models.anomaly.kinds import read_nab, read_skab
from models.anomaly.peers import PEERS
from models.anomaly.scoring import window_score
from models.anomaly.series import Run
from models.dataspec import DataSpec
from tests.models.anomaly.sets import write_nab, write_skab

SETTINGS = Settings()


def test_runs_come_in_the_order_of_their_paths(tmp_path):
    runs = read_skab(DataSpec("skab", write_skab(tmp_path, 3, 1)))
    assert [run.file for run in runs] == ["other/0.csv", "other/2.csv", "valve1/1.csv"]
    assert runs[0].times[1] == "2020-03-09 10:14:34"
    assert runs[0].truth.sum() == 120
    only = read_skab(DataSpec("skab", tmp_path, "valve1"))
    assert [run.file for run in only] == ["valve1/1.csv"]


def test_the_flow_may_go_by_its_other_name(tmp_path):
    path = write_skab(tmp_path, 1, 1) / "other" / "0.csv"
    frame = pd.read_csv(path, sep=";").rename(columns={"Volume Flow RateRMS": "RateRMS"})
    frame.drop(columns=["anomaly", "changepoint"]).to_csv(path, sep=";", index=False)
    (run,) = read_skab(DataSpec("skab", tmp_path))
    assert run.truth is None
    assert run.values.shape == (600, 8)


def test_a_run_with_a_gap_in_its_labels_has_no_truth(tmp_path):
    path = write_skab(tmp_path, 1, 1) / "other" / "0.csv"
    frame = pd.read_csv(path, sep=";")
    frame.loc[9, "anomaly"] = np.nan
    frame.to_csv(path, sep=";", index=False)
    (run,) = read_skab(DataSpec("skab", tmp_path))
    assert run.truth is None and len(run) == 600


def test_windows_are_the_truth_of_a_series(tmp_path):
    first, second = read_nab(DataSpec("nab", write_nab(tmp_path, 1)))
    assert first.truth.sum() == 61
    assert second.truth.sum() == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f.drop(columns="Pressure"), "missing columns: Pressure"),
        (lambda f: f.rename(columns={"Pressure": "Pressure (psi)"}), "another unit"),
        (lambda f: f.assign(Current="off"), "'Current' in row 1 is no number: 'off'"),
        (lambda f: f.assign(Current=np.inf), "'Current' in row 1 is no number"),
        (lambda f: f.iloc[::-1], "run backwards"),
        (lambda f: f.assign(datetime="noon"), "timestamp cannot be read"),
    ],
)
def test_a_wrong_recording_is_refused(tmp_path, change, said):
    path = write_skab(tmp_path, 1, 1) / "other" / "0.csv"
    change(pd.read_csv(path, sep=";")).to_csv(path, sep=";", index=False)
    with pytest.raises(SettingsError, match=said):
        read_skab(DataSpec("skab", tmp_path))


def test_a_short_run_teaches_nothing():
    with pytest.raises(SettingsError, match="too short"):
        SETTINGS.head(60)


def test_a_reading_is_judged_by_what_came_before_it():
    values = np.random.default_rng(1).normal(0, 1, (500, 3))
    whole = deviations(values, 200, SETTINGS)
    np.testing.assert_allclose(deviations(values[:400], 200, SETTINGS), whole[:400], atol=1e-5)


def test_deviations_are_about_one_until_something_happens():
    draw = np.random.default_rng(2)
    values = draw.normal(5, [1, 10, 100], (800, 3))
    values[600:, 1] += 30
    found = np.abs(deviations(values, 400, SETTINGS))
    assert found[100:400].mean() == pytest.approx(0.8, abs=0.2)
    assert found[620:, 1].mean() > 3 * found[620:, [0, 2]].mean()


def test_a_signal_that_always_wandered_may_wander_on():
    draw = np.random.default_rng(3)
    values = draw.normal(0, 1, (1000, 2))
    values[:, 0] += np.cumsum(draw.normal(0, 0.3, 1000))
    values[600:, 1] += 3
    found = np.abs(deviations(values, 400, SETTINGS))[620:]
    assert found[:, 1].mean() > 2 * found[:, 0].mean()


def test_a_signal_that_never_moved_breaks_nothing():
    values = np.random.default_rng(4).normal(0, 1, (500, 3))
    values[:, 2] = 7
    assert np.isfinite(deviations(values, 200, SETTINGS)).all()


def test_windows_end_with_their_reading():
    values = np.arange(10, dtype=np.float32)[:, None]
    seen = windows(values, 4)
    assert seen.shape == (10, 4, 1)
    assert seen[9, :, 0].tolist() == [6, 7, 8, 9]
    assert seen[0, :, 0].tolist() == [0, 0, 0, 0]
    assert rolling_mean(values.astype(float), 3)[[0, 1, 9], 0].tolist() == [0, 0.5, 8]


def test_figures_count_points_after_the_beginning():
    truth = np.array([0, 0, 1, 1, 0, 0], bool)
    run = Run("a/1.csv", ("",) * 6, np.zeros((6, 1)), truth)
    found = figures([run], [np.array([0, 0, 1, 0, 1, 0], bool)], [2])
    assert found["f1"] == found["precision"] == found["recall"] == 0.5
    assert found["false_alarm_rate"] == 0.5
    assert found["readings"] == 4


@pytest.mark.parametrize("name", PEERS)
def test_peers_see_a_jump(name):
    draw = np.random.default_rng(5)
    score = PEERS[name](draw.normal(0, 1, (300, 4)))
    quiet, jump = draw.normal(0, 1, (50, 4)), draw.normal([8, 0, 0, 0], 1, (50, 4))
    assert np.median(score(jump)) > np.quantile(score(quiet), 0.95)


def labelled(first, end, rows=200):
    truth = np.zeros(rows, dtype=bool)
    truth[first:end] = True
    return Run("a.csv", tuple(map(str, range(rows))), np.zeros((rows, 1)), truth)


def flagged(*places, rows=200):
    flag = np.zeros(rows, dtype=bool)
    flag[list(places)] = True
    return flag


def test_an_early_alarm_earns_all_and_silence_nothing():
    run = labelled(100, 140)
    assert window_score([run], [flagged(100)])["window_score"] == pytest.approx(100)
    assert window_score([run], [flagged()])["window_score"] == pytest.approx(0)
    late = window_score([run], [flagged(139)])["window_score"]
    assert 50 < late < window_score([run], [flagged(110)])["window_score"] < 100


def test_false_alarms_cost_and_one_stretch_is_one_alarm():
    run = labelled(100, 140)
    one = window_score([run], [flagged(50, 51, 55, 100)])
    two = window_score([run], [flagged(20, 55, 100)])
    assert (one["alarms"], two["alarms"]) == (2, 3)
    assert one["window_score"] > two["window_score"]
    assert (one["windows"], one["windows_found"]) == (1, 1)
