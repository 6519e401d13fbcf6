"""Risks and explanations: permission, scope, emptiness, figures."""

from dataclasses import asdict, replace

import pytest

from auth.permissions import Role
from data.store import tables as t
from domain.clock import HOUR, MINUTE
from domain.cost_inputs import Rates
from domain.errors import Forbidden, NotFound
from domain.maturity import Level
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


def test_what_a_failure_is_expected_to_cost_ranks_machines(plant):
    """The cost of a case holds its chance already; without a case it is the chance times a usual failure."""
    line = "north/machining/line-1"
    usual = Rates(downtime_cents_per_hour=100_000, labour_cents_per_hour=0, collateral_cents=0)
    with plant.database.write() as tx:
        for unit, chance, rates in (("cnc-12", 0.9, 1), ("cnc-13", 0.5, 20), ("cnc-14", None, 1)):
            machine = f.machine(tx, f"{line}/{unit}")
            f.prediction(tx, machine, probability=chance, above_threshold=True)
            stated = replace(usual, downtime_cents_per_hour=100_000 * rates)
            tx.execute(t.cost_rates.insert().values(equipment_id=machine, **asdict(stated)))
        f.prediction(tx, f.CNC, probability=0.6)
        f.case(tx)
    rows = PredictQueries(plant.context()).risks().rows
    by_unit = {row.equipment_id[-6:]: row for row in rows}
    assert [row.equipment_id[-6:] for row in rows] == ["cnc-13", "cnc-11", "cnc-12", "cnc-14"]
    case = by_unit["cnc-11"]
    assert (case.case_number, case.loss_cents, case.loss_is_rough, case.cause) == (
        2211,
        690_000,
        False,
        "bearing",
    )
    rough, dear = by_unit["cnc-12"], by_unit["cnc-13"]
    assert rough.loss_is_rough and dear.loss_is_rough
    assert dear.loss_cents == pytest.approx(rough.loss_cents / 0.9 * 0.5 * 20, rel=1e-5)
    assert by_unit["cnc-14"].loss_cents is None


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


CURVE = "[[8.0, 0.1], [24.0, 0.3], [72.0, 0.5], [168.0, 0.8]]"


def shift(tx, key, start_us, end_us):
    tx.execute(
        t.shifts.insert().values(
            instance="mes", shift_id=key, line_id="north/machining/line-1", name=key, start_us=start_us,
            end_us=end_us, break_s=0, break_start_us=None, frozen_us=0, updated_us=0,
        )
    )  # fmt: skip


def test_the_chance_by_horizon_goes_through_the_plan_of_the_line(plant):
    with plant.database.write() as tx:
        key = f.prediction(tx, at_us=f.NOW, curve=CURVE)
        shift(tx, "early", f.NOW - HOUR, f.NOW + 4 * HOUR)
        shift(tx, "next", f.NOW + 20 * HOUR, f.NOW + 168 * HOUR)
    rows = PredictQueries(plant.context()).prediction(key).horizons
    assert [row.at for row in rows] == [8, 24, 72, 168]
    assert [row.chance for row in rows] == pytest.approx([0.1, 0.3, 0.5, 0.8])
    assert [row.planned for row in rows] == pytest.approx([4, 8, 56, 152])
    assert rows[0].by_clock is not None and rows[0].by_clock < rows[0].chance
    assert rows[1].by_clock == pytest.approx(0.1)


def test_a_line_without_shifts_runs_all_the_time(plant):
    with plant.database.write() as tx:
        key = f.prediction(tx, at_us=f.NOW, curve=CURVE)
    rows = PredictQueries(plant.context()).prediction(key).horizons
    assert [row.planned for row in rows] == [8, 24, 72, 168]
    assert [row.by_clock for row in rows] == [row.chance for row in rows]


def test_cycles_have_no_clock_and_an_older_model_states_no_horizons(plant):
    with plant.database.write() as tx:
        cycles = f.prediction(tx, at_us=f.NOW, curve="[[30.0, 0.2]]", life_unit="cycles")
        older = f.prediction(tx, at_us=f.NOW - HOUR)
    queries = PredictQueries(plant.context())
    assert [(row.at, row.chance, row.planned) for row in queries.prediction(cycles).horizons] == [
        (30, 0.2, None)
    ]
    assert queries.prediction(older).horizons == ()


def test_the_maturity_of_a_machine_follows_from_its_own_record(plant):
    with plant.database.write() as tx:
        key = f.prediction(tx)
        part = {"machine_type": "cnc", "part_id": "P1", "task": "Replace", "skill": "s", "duration_s": 60}
        tx.execute(t.parts_of_machines.insert().values(cause="bearing", inspect_s=60, **part))
        card = '{"window": {"groups": ["cnc"]}, "data": {"failures": 300, "simulated": true}}'
        tx.execute(
            t.model_versions.insert().values(
                name="plant_failure", version="1.0.0", capability="failure", path="", sha256="",
                feature_version="", stage="champion", card=card, registered_wall_us=0,
            )
        )  # fmt: skip
    queries = PredictQueries(plant.context())
    (row,) = queries.prediction(key).maturity
    assert (row.cause, row.level, row.facts.learned, row.facts.own) == ("bearing", Level.POOLED, 300, 0)
    with plant.database.write() as tx:
        tx.execute(t.sites.update().values(virtual=False))
    (row,) = queries.prediction(key).maturity
    assert (row.level, row.facts.learned) == (Level.LIMITS, 0)
    assert "days of readings" in row.lifts


def mark(tx, at_us):
    tx.execute(
        t.baseline_marks.insert().values(
            mark_id="m1", equipment_id=f.CNC, at_us=at_us, kind="tool", words="new spindle", said_by="x",
            said_wall_us=0,
        )
    )  # fmt: skip


def test_while_a_machine_is_learning_its_remaining_life_is_stated_wider(plant):
    with plant.database.write() as tx:
        key = f.prediction(tx, rul=9.0, rul_low=5.0, rul_high=11.0)
        mark(tx, f.NOW - HOUR)
    queries = PredictQueries(plant.context())
    listed, alone = queries.risks().rows[0].prediction, queries.prediction(key).prediction
    assert listed is not None
    assert (listed.rul_low, listed.rul, listed.rul_high) == (3.0, 9.0, 12.0)
    assert (alone.rul_low, alone.rul_high) == (3.0, 12.0)


def test_a_machine_that_has_learned_is_stated_as_the_model_gave_it(plant):
    with plant.database.write() as tx:
        f.prediction(tx, rul=9.0, rul_low=5.0, rul_high=11.0)
        mark(tx, f.NOW - 80 * HOUR)
    listed = PredictQueries(plant.context()).risks().rows[0].prediction
    assert listed is not None and (listed.rul_low, listed.rul_high) == (5.0, 11.0)


def test_the_failures_behind_a_model_stand_beside_its_chance(plant):
    with plant.database.write() as tx:
        f.prediction(tx)
        tx.execute(
            t.model_versions.insert().values(
                name="plant_failure", version="1.0.0", capability="failure", path="", sha256="",
                feature_version="", stage="champion", card='{"data": {"failures": 12}}', registered_wall_us=0,
            )
        )  # fmt: skip
    assert PredictQueries(plant.context()).risks().rows[0].backed == 12
