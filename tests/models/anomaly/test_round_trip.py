"""train -> evaluate -> predict -> explain through the command line, on recordings drawn here."""

import csv
import json

import numpy as np
import pandas as pd
import pytest

from domain.errors import Tampered
from models.anomaly.card import read_card
from models.anomaly.kinds import read_nab
from models.anomaly.session import Detector
from models.dataspec import DataSpec
from tests.models.anomaly.sets import write_nab, write_skab
from tests.models.training import command, train

pytestmark = [pytest.mark.train, pytest.mark.slow]


@pytest.fixture(scope="module")
def loop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("skab")
    data = write_skab(folder / "data", 4, 1)
    train("anomaly", f"skab:{data}", folder / "model", "torch")
    return folder


def words(verb, folder, data, *more):
    return (verb, "anomaly", "--model", str(folder / "model"), "--data", f"skab:{data}", *more)


def test_the_card_states_the_rate_and_three_models(loop):
    card = read_card(loop / "model")
    assert card.rate == 0.25
    assert {card.served, *card.peers} == {"t2", "autoencoder", "variational"}
    assert card.validation["autoencoder_threshold_spread"] > 0


def test_labels_do_not_reach_training(loop, tmp_path):
    data = write_skab(tmp_path / "data", 4, 1, truth=False)
    train("anomaly", f"skab:{data}", tmp_path / "model", "torch")
    with_labels, without = read_card(loop / "model"), read_card(tmp_path / "model")
    assert without.threshold == with_labels.threshold
    assert without.limits_by_signal == with_labels.limits_by_signal


def test_it_is_judged_point_by_point_beside_its_peers(loop, tmp_path):
    data = write_skab(tmp_path, 3, 7)
    done = command(*words("evaluate", loop, data, "--json"))
    found = json.loads(done.stdout)
    assert found["f1"] > 0.6
    assert {"other_f1", "valve1_f1", "peer_t2_q_f1", "peer_isolation_forest_f1"} <= found.keys()
    assert {"peer_autoencoder_f1", "peer_variational_f1"} <= found.keys() | {f"peer_{found['served']}_f1"}
    write_skab(tmp_path / "bare", 1, 7, truth=False)
    bare = command(*words("evaluate", loop, tmp_path / "bare", "--json"))
    assert bare.returncode == 2
    assert "no truth" in bare.stderr


def test_every_reading_has_a_row_in_its_order(loop, tmp_path):
    data = write_skab(tmp_path / "new", 2, 9, truth=False)
    done = command(*words("predict", loop, data, "--out", str(tmp_path / "out.csv")))
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    runs = Detector(loop / "model").runs(DataSpec("skab", data))
    assert list(rows[0]) == ["file", "timestamp", "score", "flag"]
    assert [(r["file"], r["timestamp"]) for r in rows] == [(run.file, t) for run in runs for t in run.times]
    threshold = read_card(loop / "model").threshold
    flagged = [row for row in rows if row["flag"] == "1"]
    assert flagged
    assert all(float(row["score"]) > threshold - 1e-6 for row in flagged)


def test_one_run_that_cannot_be_judged_leaves_the_others(loop, tmp_path):
    data = write_skab(tmp_path / "new", 2, 9, truth=False)
    path = data / "valve1" / "1.csv"
    pd.read_csv(path, sep=";").head(80).to_csv(path, sep=";", index=False)
    done = command(*words("predict", loop, data, "--out", str(tmp_path / "out.csv")))
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    assert len(rows) == 680
    assert all((row["score"] == row["flag"] == "") == (row["file"] == "valve1/1.csv") for row in rows)
    (data / "other" / "0.csv").unlink()
    alone = command(*words("predict", loop, data, "--out", str(tmp_path / "alone.csv")))
    assert alone.returncode == 2 and "valve1/1.csv" in alone.stderr
    assert not (tmp_path / "alone.csv").exists()


def test_a_signal_that_stops_is_flagged_and_said(loop, tmp_path):
    path = write_skab(tmp_path, 1, 9) / "other" / "0.csv"
    frame = pd.read_csv(path, sep=";")
    frame.loc[500:, "Pressure"] = 20.0
    frame.to_csv(path, sep=";", index=False)
    detector = Detector(loop / "model")
    (run,) = detector.runs(DataSpec("skab", tmp_path))
    scored = detector.score(run)
    assert scored.flags()[535:].all() and (scored.score[535:] > scored.limit).all()
    done = command(*words("explain", loop, tmp_path, "--case", "other/0.csv@2020-03-09 10:24:00"))
    still = {part["signal"]: part["standing_still"] for part in json.loads(done.stdout)["contributions"]}
    assert still.pop("Pressure") is True and not any(still.values())


def test_networks_learn_from_one_run_alone(tmp_path):
    data = write_skab(tmp_path / "data", 1, 3, truth=False)
    path = data / "other" / "0.csv"
    frame = pd.read_csv(path, sep=";")
    more = [
        frame.assign(datetime=(pd.to_datetime(frame["datetime"]) + pd.Timedelta(minutes=10 * k)).astype(str))
        for k in range(3)
    ]
    pd.concat(more).to_csv(path, sep=";", index=False)
    train("anomaly", f"skab:{data}", tmp_path / "model", "torch")
    card = read_card(tmp_path / "model")
    assert card.validation["autoencoder_threshold"] != card.validation["t2_threshold"]
    assert card.peers["autoencoder"].sha256 != card.peers["variational"].sha256


def test_the_odd_signal_is_named_with_its_beginning(loop):
    done = command(*words("explain", loop, loop / "data", "--case", "other/0.csv@2020-03-09 10:21:30"))
    found = json.loads(done.stdout)
    assert found["flagged"]
    total = found["base_value"] + sum(part["value"] for part in found["contributions"])
    assert total == pytest.approx(found["score"], abs=1e-5)
    assert found["contributions"][0]["signal"] == "Volume Flow RateRMS"
    assert "2020-03-09 10:20:4" <= found["contributions"][0]["odd_since"] <= "2020-03-09 10:21:10"
    assert "contributed" in found["text"]
    assert found["counterfactual"] is None or found["counterfactual"]["score"] < found["score"]
    assert "cause" not in found["text"]
    missing = command(*words("explain", loop, loop / "data", "--case", "other/9.csv"))
    assert missing.returncode == 2


@pytest.mark.parametrize("name", ["model.onnx", "peer_variational.onnx"])
def test_a_tampered_file_is_refused(loop, tmp_path, name):
    for path in (loop / "model").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with (tmp_path / name).open("ab") as file:
        file.write(b"x")
    with pytest.raises(Tampered):
        Detector(tmp_path).peers()


def test_single_series_go_the_same_way_and_a_restless_one_blinds_no_other(tmp_path):
    data = write_nab(tmp_path / "data", 1)
    path = data / "realTraffic" / "speed_1.csv"
    frame = pd.read_csv(path)
    frame.loc[:109, "value"] = 50.0 + np.arange(110) % 2 * 0.001
    frame.to_csv(path, index=False)
    train("anomaly", f"nab:{data}", tmp_path / "model", "torch")
    done = command(
        "evaluate", "anomaly", "--model", str(tmp_path / "model"), "--data", f"nab:{data}", "--json"
    )
    found = json.loads(done.stdout)
    assert found["recall"] > 0.5
    assert found["false_alarm_rate"] < 0.3
    assert found["windows_found"] == found["windows"] == 1
    assert found["window_score"] > 50
    limits = [
        scored.limit for scored in map(Detector(tmp_path / "model").score, read_nab(DataSpec("nab", data)))
    ]
    assert limits[0] == 3.0 and limits[1] > 20 * limits[0]
