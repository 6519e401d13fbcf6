import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from data.store import stops
from data.store import tables as t
from data.store.predictions import Made
from domain.clock import DAY, HOUR, MINUTE
from domain.policy import CALM_PREDICTIONS
from domain.telemetry import MachineState
from models.features import plant as features
from models.scorer import Scores
from services.queries.predictions import explanation_of
from services.score import Judge, Served, score_due, score_range
from services.score.judge import Judged, window_from, window_hash
from services.score.plant import PlantInputs
from services.score.run import ALWAYS, to_be_considered
from tests.services.score.plant import (
    SITE,
    START_US,
    add_maintenance,
    add_readings,
    add_site,
    add_state,
    add_units,
    served,
    unit_id,
)

HALF = 30 * MINUTE


@pytest.fixture
def plant(database, tmp_path):
    """Two machines, two days; the second turns bad in the last ten hours."""
    add_site(database, [11, 12])
    add_readings(database, 11, START_US, START_US + 2 * DAY)
    add_readings(database, 12, START_US, START_US + 38 * HOUR)
    add_readings(database, 12, START_US + 38 * HOUR, START_US + 2 * DAY, lift=8, running=False)
    return served(database, tmp_path / "model")


def rows(database, *columns, **equal):
    p = t.predictions.c
    with database.read() as tx:
        query = select(*(p[name] for name in columns)).where(*(p[k] == v for k, v in equal.items()))
        return tx.execute(query.order_by(p.equipment_id, p.at_us)).all()


def count(database, table) -> int:
    with database.read() as tx:
        return tx.execute(select(func.count()).select_from(table)).scalar_one()


def test_what_training_never_saw_is_not_scored(database, plant):
    """CNC-13 sends one sensor in another unit, CNC-14 three sensors only."""
    now, gauges = START_US + 2 * DAY, features.GAUGES
    add_units(database, [13, 14])
    add_readings(database, 13, START_US, now, gauges=[name for name in gauges if name != "speed"])
    add_readings(database, 13, START_US, now, gauges=["speed"], lift=9_990.0, running=False)
    add_readings(database, 14, START_US, now, gauges=gauges[:3])
    healthy = np.zeros((4, features.STEPS, len(features.CHANNELS)), dtype=np.float32)
    healthy[:, :, : len(gauges)] = 10.0
    healthy[:, :, features.VALUES :] = 1.0
    model = replace(plant.judge.model, backgrounds=dict.fromkeys(features.TYPES, healthy))
    score_due(database, Served(Judge(model), plant.inputs), now, site_id=SITE)
    said = {unit: (status, why) for unit, status, why in rows(database, "equipment_id", "status", "reason")}
    assert said[unit_id(11)] == ("scored", "")
    assert said[unit_id(13)][0] == said[unit_id(14)][0] == "not_known"
    assert said[unit_id(13)][1].startswith("speed: of a size that the model has never seen")
    assert said[unit_id(14)][1].startswith("too many sensors say nothing usable: current, power")


def test_what_is_due_is_scored_and_what_is_at_risk_explained(database, plant):
    now = START_US + 2 * DAY
    found = score_due(database, plant, now, site_id=SITE)
    assert (found.predictions, found.above, found.not_known, found.to_consider) == (2, 1, 0, 1)
    calm, bad = rows(
        database, "prediction_id", "status", "probability", "above_threshold", "window_hash", "horizon_s"
    )
    assert (calm.above_threshold, bad.above_threshold) == (False, True)
    assert bad.probability > 0.5 > calm.probability
    assert bad.horizon_s == 86_400
    with database.read() as tx:
        explanation = explanation_of(tx, bad.prediction_id)
        assert explanation_of(tx, calm.prediction_id) is None
        shape, data = tx.execute(
            select(t.windows.c.shape, t.windows.c.data).where(t.windows.c.prediction_id == bad.prediction_id)
        ).one()
    assert window_hash(window_from(shape, data)) == bad.window_hash
    total = explanation.base_value + sum(part.value for part in explanation.contributions)
    assert total == pytest.approx(bad.probability, abs=1e-6)
    assert explanation.additivity_error < 1e-6
    newest = [part for part in explanation.contributions if part.segment == 3 and part.metric == "pressure"]
    assert newest[0].to_us == now
    assert newest[0].from_us == now - 4 * HOUR
    assert newest[0].observed == pytest.approx(18, abs=0.3)
    assert newest[0].value > 0


def test_scoring_again_adds_nothing(database, plant):
    now = START_US + 2 * DAY
    score_due(database, plant, now, site_id=SITE)
    before = [count(database, table) for table in (t.predictions, t.windows, t.explanations, t.contributions)]
    assert score_due(database, plant, now + HALF - 1, site_id=SITE).predictions == 0
    again = score_range(database, plant, now - HALF, now, site_id=SITE)
    assert (again.predictions, again.above) == (0, 0)
    after = [count(database, table) for table in (t.predictions, t.windows, t.explanations, t.contributions)]
    assert after == before


def test_after_a_pause_the_missed_half_hours_are_made_up_for(database, plant):
    score_due(database, plant, START_US + DAY, site_id=SITE)
    found = score_due(database, plant, START_US + DAY + 3 * HOUR, site_id=SITE)
    assert found.predictions == 2 * 6
    late = score_due(database, plant, START_US + 2 * DAY, site_id=SITE, catch_up_us=HOUR)
    assert late.predictions == 2 * 2


def test_history_gives_the_same_scores_as_the_moment(database, plant, tmp_path):
    total = score_range(database, plant, START_US, START_US + 2 * DAY, site_id=SITE)
    assert total.predictions == 2 * 96
    assert total.not_known == 2 * 31
    assert total.above > 5
    history = rows(database, "at_us", "probability", "window_hash", equipment_id=unit_id(12))
    other = served(database, tmp_path / "other", version="2")
    score_due(database, other, START_US + 45 * HOUR, site_id=SITE)
    moment = rows(
        database, "at_us", "probability", "window_hash", equipment_id=unit_id(12), model_version="2"
    )
    assert moment[0] in history
    assert count(database, t.explanations) == total.above + 1
    assert count(database, t.windows) == total.above + 2


def test_two_workers_at_once_store_everything_once(database, plant):
    results = []

    def work(own: Served) -> None:
        results.append(score_range(database, own, START_US, START_US + 2 * DAY, site_id=SITE))

    workers = [replace(plant, inputs=PlantInputs(plant.inputs.machine_types)) for _ in range(3)]
    threads = [threading.Thread(target=work, args=(one,)) for one in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one.predictions for one in results) == 2 * 96
    assert count(database, t.predictions) == 2 * 96
    assert count(database, t.explanations) == sum(one.above for one in results)
    assert count(database, t.to_consider) == sum(one.to_consider for one in results)


def test_the_risk_is_not_known_after_a_maintenance_until_the_window_is_full(database, plant):
    done = START_US + 40 * HOUR
    add_maintenance(database, 11, done - HOUR, done)
    add_state(database, 11, done - HOUR, MachineState.STOPPED)
    add_state(database, 11, done, MachineState.EXECUTE)
    score_range(database, plant, START_US + 39 * HOUR, START_US + 2 * DAY, site_id=SITE)
    found = rows(database, "at_us", "status", "reason", "probability", equipment_id=unit_id(11))
    after = [one for one in found if one.at_us > done + HALF]
    assert {(one.status, one.reason) for one in after} == {
        ("not_known", "not enough history since the last stop")
    }
    assert all(one.probability is None for one in after)


def test_a_silent_machine_is_not_known_and_says_so(database, plant):
    score_due(database, plant, START_US + 2 * DAY + 2 * HOUR, site_id=SITE)
    found = rows(database, "status", "reason", "above_threshold")
    assert {(one.status, one.reason, one.above_threshold) for one in found} == {
        ("not_known", "data too old", False)
    }


def test_unplaced_machines_are_not_scored(database, plant):
    with database.write() as tx:
        tx.execute(t.equipment.update().values(assigned=False))
    assert score_due(database, plant, START_US + 2 * DAY, site_id=SITE).predictions == 0


class OddScorer:
    """Answers with what no model should."""

    shape = (features.STEPS, len(features.CHANNELS))

    def probability(self, windows):
        return np.zeros(len(windows))

    def score(self, windows):
        n = len(windows)
        return Scores(np.full(n, np.nan), np.zeros((n, 3)), np.zeros(n, dtype=np.bool_), np.zeros((n, 0)))


def test_an_odd_output_of_the_model_is_not_a_prediction(database, plant):
    odd = Served(Judge(replace(plant.judge.model, scorer=OddScorer())), plant.inputs)
    found = score_due(database, odd, START_US + 2 * DAY, site_id=SITE)
    assert found.not_known == 2
    assert {one.reason for one in rows(database, "reason")} == {"the model gave no usable answer"}


def judged(unit: str, place: int, above: bool, scored: bool = True) -> Judged:
    return Judged(Made({"equipment_id": unit, "at_us": place}), above=above, scored=scored)


def wanted(marks: str, watched: int = 0) -> str:
    """`^` above, `.` below, `?` not known; returns the places that are to be considered."""
    series = [judged("a", place, mark == "^", mark != "?") for place, mark in enumerate(marks)]
    chosen = {one.made.prediction["at_us"] for one in to_be_considered(series, {"a": watched})}
    return "".join("x" if place in chosen else "-" for place in range(len(marks)))


def test_what_the_recommender_is_shown():
    assert wanted("..^^....") == "--xxxxx-"
    assert wanted("^.?.?..") == "xxxxxx-"
    assert wanted("....") == "----"
    assert wanted("....", watched=2) == "xx--"
    assert wanted("......", watched=ALWAYS) == "xxxxxx"
    assert wanted("^.^....") == "xxxxxx-"


@given(st.text(alphabet="^.?", max_size=40))
def test_everything_above_is_shown_and_enough_of_the_calm_after_it(marks: str):
    shown = wanted(marks)
    for place, mark in enumerate(marks):
        if mark == "^":
            assert shown[place] == "x"
        since = marks[:place].rfind("^")
        if mark == "." and since >= 0:
            calm = marks[since:place].count(".")
            assert (shown[place] == "x") == (calm < CALM_PREDICTIONS)
        if since < 0 and mark != "^":
            assert shown[place] == "-"


def test_a_stopped_model_scores_nothing_and_makes_nothing_up_afterwards(database, plant):
    now = START_US + 2 * DAY
    with database.write() as tx:
        stops.add(tx, stop_row(plant.judge.key[0], now - 4 * HOUR))
    assert score_due(database, plant, now, site_id=SITE).predictions == 0
    with database.write() as tx:
        stops.end(tx, "s1", {"resumed_us": now - HOUR, "resumed_wall_us": 0, "resumed_by": "a"})
    score_due(database, plant, now - HOUR - 1, site_id=SITE)
    assert count(database, t.predictions) == 0
    score_due(database, plant, now, site_id=SITE)
    assert count(database, t.predictions) == 2
    assert min(r.at_us for r in rows(database, "at_us")) > now - HOUR


def test_a_stop_that_comes_while_scores_are_counted_is_obeyed(database, plant):
    class StoppedMeanwhile(Judge):
        def judge(self, inputs, *, keep_windows):
            with database.write() as tx:
                stops.add(tx, stop_row("", START_US))
            return super().judge(inputs, keep_windows=keep_windows)

    late = replace(plant, judge=StoppedMeanwhile(plant.judge.model))
    assert score_due(database, late, START_US + 2 * DAY, site_id=SITE).predictions == 0
    assert count(database, t.predictions) == count(database, t.to_consider) == 0


def stop_row(model: str, at_us: int) -> dict:
    words = ("reason", "stopped_by", "printed_name", "meaning", "record_hash", "resume_reason")
    key = stops.open_key(SITE, model, drill=False)
    row = {"stop_id": "s1", "site_id": SITE, "model_name": model, "drill": False, "open_key": key}
    return row | dict.fromkeys(words, "x") | {"stopped_us": at_us, "stopped_wall_us": 0, "effect": "{}"}


class CurveScorer(OddScorer):
    """States a chance by two horizons."""

    def score(self, windows):
        n = len(windows)
        lives = np.tile([1.0, 2.0, 3.0], (n, 1))
        return Scores(np.full(n, 0.1), lives, np.ones(n, dtype=np.bool_), np.tile([0.05, 0.25], (n, 1)))


def test_the_chance_by_horizon_is_stored_with_the_prediction(database, plant):
    model = plant.judge.model
    card = model.card.model_copy(update={"horizons": (8.0, 24.0)})
    served = Served(Judge(replace(model, card=card, scorer=CurveScorer())), plant.inputs)
    assert score_due(database, served, START_US + 2 * DAY, site_id=SITE).predictions == 2
    assert {one.curve for one in rows(database, "curve")} == {"[[8.0, 0.05], [24.0, 0.25]]"}


def real(database):
    """The site's machines are no simulation."""
    with database.write() as tx:
        tx.execute(t.sites.update().values(virtual=False))


def test_weights_from_a_simulator_never_score_real_machines(database, plant):
    real(database)
    due = score_due(database, plant, START_US + 2 * DAY, site_id=SITE)
    past = score_range(database, plant, START_US, START_US + DAY, site_id=SITE)
    assert due.predictions == due.not_known == 2
    assert past.predictions == past.not_known > 0
    assert {(one.probability, one.rul) for one in rows(database, "probability", "rul")} == {(None, None)}
    assert all("simulated machines only" in one.reason for one in rows(database, "reason"))


def test_weights_from_a_real_plant_score_real_machines(database, plant):
    real(database)
    model = plant.judge.model
    data = model.card.data.model_copy(update={"simulated": False})
    own = Served(Judge(replace(model, card=model.card.model_copy(update={"data": data}))), plant.inputs)
    assert score_due(database, own, START_US + 2 * DAY, site_id=SITE).not_known == 0
