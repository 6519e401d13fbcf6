"""What watches machines: its thresholds, its figures, and train -> evaluate -> predict -> explain."""

import csv
import json

import numpy as np
import pytest

from domain.clock import DAY, MINUTE
from models.anomaly.machines import history
from models.anomaly.machines.card import read_card
from models.anomaly.machines.history import Track
from simulator.history import HistorySpec, write_parquet
from tests.models.training import command, train

STEP = 30 * MINUTE


def track(scores, healthy=None, failures=()):
    at_us = np.arange(1, len(scores) + 1) * STEP
    well = np.ones(len(scores), bool) if healthy is None else np.array(healthy)
    return Track(
        "cnc", at_us, well, np.array(failures, np.int64), np.array(scores, float), np.zeros((len(scores), 1))
    )


def test_the_threshold_keeps_the_stated_rate_on_healthy_time_only():
    draw = np.random.default_rng(3)
    calm = track(draw.gamma(2, 1, 20 * 1_440))
    (top,) = history.thresholds([calm], 0.5).values()
    assert 0.2 < history.false_rate([calm], top) <= 0.5
    sick = track(calm.score * 9, healthy=np.zeros(len(calm.score), bool))
    assert history.thresholds([calm, sick], 0.5) == {"cnc": top}


def test_a_failure_is_noticed_by_the_day_before_it():
    scores = np.zeros(480)
    scores[200:240] = 9.0
    failed = 250 * STEP
    found = history.figures([track(scores, np.arange(480) < 100, [failed, 470 * STEP])], {"cnc": 1.0})
    assert (found["failures"], found["noticed"], found["false_alarms"]) == (2, 0.5, 0)
    assert found["hours_ahead"] == pytest.approx(24.5)
    late = np.zeros(480)
    late[246:] = 9.0
    assert history.figures([track(late, failures=[failed])], {"cnc": 1.0})["noticed"] == 0.0


@pytest.fixture(scope="module")
def loop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("machines")
    for name, seed, days, machines in (("train-1", 1, 40, 12), ("test-2", 2, 25, 6)):
        write_parquet(HistorySpec(days=days, machines=machines, seed=seed), folder / "plants" / name)
    train("anomaly", f"plant:{folder / 'plants'}", folder / "model", "torch")
    return folder


@pytest.mark.train
@pytest.mark.slow
def test_from_training_to_an_explanation(loop):
    card = read_card(loop / "model")
    assert {card.served, *card.peers} == {"farthest", "autoencoder", "variational"}
    assert card.data.simulated and 0 <= card.validation[f"{card.served}_false_alarms"] <= card.false_alarms
    words = ("anomaly", "--model", str(loop / "model"), "--data", f"plant:{loop / 'plants'}")
    judged = json.loads(command("evaluate", *words, "--json").stdout)
    assert {"noticed", "odd_share", "peer_autoencoder_noticed"} <= judged.keys()
    done = command("predict", *words, "--out", str(loop / "said.csv"))
    assert done.returncode == 0, done.stderr
    with (loop / "said.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6 * 25 * DAY // STEP
    assert {row["flag"] for row in rows} <= {"0", "1", ""}
    best = max((row for row in rows if row["score"]), key=lambda row: float(row["score"]))
    case = f"{best['file']}@{best['timestamp']}"
    told = json.loads(command("explain", *words, "--case", case).stdout)
    assert told["score"] == pytest.approx(float(best["score"]), abs=1e-4)
    assert told["additivity_error"] < 1e-4
    assert told["signals"][0]["times"] == pytest.approx(told["score"] / told["threshold"], abs=1e-4)
