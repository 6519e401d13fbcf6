"""Risks and explanations: permission, scope, emptiness, figures."""

import pytest

from auth.permissions import Role
from data.store import tables as t
from domain.clock import HOUR, MINUTE
from domain.errors import Forbidden, NotFound
from services.queries.predict import PredictQueries
from tests import factories as f


def test_a_machine_without_a_prediction_is_listed_as_never_scored(plant):
    board = PredictQueries(plant.context()).risks()
    assert [(r.equipment_id, r.prediction, r.trend) for r in board.rows] == [(f.CNC, None, ())]
    assert board.lines == (("north/machining/line-1", "Line 1"),)


def test_above_level_first_then_by_chance_then_not_known(plant):
    with plant.database.write() as tx:
        for k, chance in ((12, 0.07), (13, None), (14, 0.9), (15, 0.3)):
            unit = f.machine(tx, f"north/machining/line-1/cnc-{k}")
            f.prediction(tx, unit, probability=chance)
    rows = PredictQueries(plant.context()).risks().rows
    assert [r.equipment_id[-2:] for r in rows] == ["14", "15", "12", "11", "13"]


def test_what_is_at_stake_ranks_machines_above_the_level(plant):
    with plant.database.write() as tx:
        cheap = f.machine(tx, "north/machining/line-1/cnc-12")
        f.prediction(tx, cheap, probability=0.9)
        f.prediction(tx, f.CNC, probability=0.6)
        f.case(tx)
    first = PredictQueries(plant.context()).risks().rows[0]
    assert (first.equipment_id, first.case_number, first.loss_cents, first.cause) == (
        f.CNC,
        2211,
        690_000,
        "bearing",
    )


def test_since_is_the_start_of_the_present_stretch_above_the_level(plant):
    with plant.database.write() as tx:
        for hours, chance in ((5, 0.8), (4, 0.1), (3, 0.7), (2, 0.6), (1, 0.9)):
            f.prediction(tx, at_us=f.NOW - hours * HOUR, probability=chance)
    row = PredictQueries(plant.context()).risks().rows[0]
    assert row.since_us == f.NOW - 3 * HOUR
    assert [p for _, p in row.trend] == [0.8, 0.1, 0.7, 0.6, 0.9]


def test_a_model_in_shadow_is_not_shown(plant):
    with plant.database.write() as tx:
        shown = f.prediction(tx, at_us=f.NOW - HOUR, probability=0.2)
        f.prediction(tx, at_us=f.NOW - MINUTE, probability=0.99, model_version="2.0.0")
        tx.execute(
            t.model_versions.insert().values(
                name="plant_failure",
                version="2.0.0",
                capability="failure",
                path="",
                sha256="",
                feature_version="",
                stage="shadow",
                card="{}",
                registered_wall_us=0,
            )
        )
    row = PredictQueries(plant.context()).risks().rows[0]
    assert row.prediction is not None and row.prediction.prediction_id == shown


def test_the_line_filter_keeps_the_list_of_lines(plant):
    with plant.database.write() as tx:
        f.machine(tx, f.PRESS, machine_type="press")
    board = PredictQueries(plant.context()).risks("north/forming/line-2")
    assert [r.equipment_id for r in board.rows] == [f.PRESS]
    assert len(board.lines) == 2


def test_scope_hides_machines_and_predictions(plant, somebody):
    with plant.database.write() as tx:
        key = f.prediction(tx)
    tom = plant.context(somebody("tom", [Role.OPERATOR], ["north/forming"]))
    assert PredictQueries(tom).risks().rows == ()
    with pytest.raises(NotFound):
        PredictQueries(tom).prediction(key)


def test_a_scope_is_a_path_and_no_prefix(plant, somebody):
    with plant.database.write() as tx:
        f.machine(tx, "north/machining-2/line-9/cnc-99")
    tom = plant.context(somebody("tom", [Role.OPERATOR], ["north/machining"]))
    assert [r.equipment_id for r in PredictQueries(tom).risks().rows] == [f.CNC]


def test_an_administrator_sees_no_predictions(plant, somebody):
    ada = plant.context(somebody("ada", [Role.ADMINISTRATOR]))
    with pytest.raises(Forbidden):
        PredictQueries(ada).risks()
    with pytest.raises(Forbidden):
        PredictQueries(ada).prediction("any")


def test_a_prediction_comes_with_its_explanation_and_its_sensors(plant):
    with plant.database.write() as tx:
        key = f.prediction(tx)
        f.explanation(tx, key)
        f.readings(tx, f.CNC, "envelope_high", f.wave(f.NOW - 30 * HOUR, f.NOW, 2.1, 4.4))
        f.readings(tx, f.CNC, "load", f.wave(f.NOW - 30 * HOUR, f.NOW, 60, 61))
    view = PredictQueries(plant.context()).prediction(key)
    assert view.explanation is not None
    assert view.explanation.contributions[0].metric == "envelope_high"
    assert view.explanation.contributions[0].value == pytest.approx(0.24)
    assert [trend.metric for trend in view.trends] == ["envelope_high"]  # load lowered the risk
    times = [at for at, _ in view.trends[0].points]
    assert times[0] >= view.prediction.window_from_us - 8 * HOUR
    assert times[-1] <= f.NOW
    assert view.data_us is not None and f.NOW - view.data_us <= 5 * MINUTE


def test_a_hole_in_the_readings_is_a_gap(plant):
    with plant.database.write() as tx:
        key = f.prediction(tx)
        f.explanation(tx, key)
        wave = f.wave(f.NOW - 20 * HOUR, f.NOW, 2.0, 4.0)
        f.readings(tx, f.CNC, "envelope_high", [p for p in wave if not -9 * HOUR < p[0] - f.NOW < -6 * HOUR])
    points = PredictQueries(plant.context()).prediction(key).trends[0].points
    holes = [at for at, value in points if value is None]
    assert len(holes) == 1 and f.NOW - 7 * HOUR < holes[0] < f.NOW - 5 * HOUR


def test_bad_readings_are_not_drawn(plant):
    with plant.database.write() as tx:
        key = f.prediction(tx)
        f.explanation(tx, key)
        f.readings(tx, f.CNC, "envelope_high", f.wave(f.NOW - 20 * HOUR, f.NOW, 2.0, 4.0), quality=0)
    assert PredictQueries(plant.context()).prediction(key).trends == ()


def test_the_newest_prediction_of_a_machine(plant):
    with plant.database.write() as tx:
        f.prediction(tx, at_us=f.NOW - HOUR)
        newest = f.prediction(tx, at_us=f.NOW - MINUTE)
    queries = PredictQueries(plant.context())
    assert queries.newest(f.CNC) == newest
    with pytest.raises(Forbidden):
        queries.newest("south/a/b/c")
