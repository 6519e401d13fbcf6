"""Anomalies: permission, scope, emptiness, order, what is stopped, what is stale."""

import json

import pytest

from auth.permissions import Role
from data.store import oddities as store
from data.store import tables as t
from domain.clock import DAY, HOUR, MINUTE
from domain.errors import Forbidden, NotFound
from services.queries.oddities import OddityQueries
from services.rows.oddities import Standing
from tests import factories as f

LINE = "north/machining/line-1"
CARD = {"thresholds": {"cnc": 2.0}, "false_alarms": 0.5, "limits": ["It says where, never what."]}


def model(tx) -> None:
    row = {
        "name": "plant_anomaly", "version": "1", "capability": "anomaly", "path": "", "sha256": "",
        "feature_version": "plant-1", "stage": "champion", "card": json.dumps(CARD), "registered_wall_us": 0,
    }  # fmt: skip
    tx.execute(t.model_versions.insert().values(**row))


def scored(tx, unit=f.CNC, score=1.0, since_us=None, at_us=f.NOW - 10 * MINUTE, **changes) -> None:
    """One half hour of a machine, and where it stands then."""
    key = {"equipment_id": unit, "model_name": "plant_anomaly", "model_version": "1", "at_us": at_us}
    said = {"score": score, "threshold": None if score is None else 2.0, "reason": "", "since_us": since_us}
    said |= changes
    signals = [["vibration_rms", since_us, score / 2]] if since_us else []
    rest = {"made_wall_us": 0, "feature_version": "plant-1", "window_hash": "", "parts": None}
    state = {"signals": json.dumps(signals), "course": "{}"}
    store.add(tx, [key | said | rest], [key | said | state])


def board(plant, *filters, actor=None):
    return OddityQueries(plant.context(actor)).board(*filters)


def test_without_a_model_machines_are_listed_as_never_scored(plant):
    found = board(plant)
    assert found.watch.model == "" and found.lines == ((LINE, "Line 1"),)
    assert [(row.standing, row.reason) for row in found.rows] == [
        (Standing.REFUSED, "this machine has not been scored yet")
    ]


def test_odd_ones_first_then_those_that_cannot_be_judged(plant):
    with plant.database.write() as tx:
        model(tx)
        scored(tx, score=1.0)
        others = {
            12: {"score": 3.0, "since_us": f.NOW - HOUR}, 14: {"score": 5.0, "since_us": f.NOW},
            13: {"score": None, "reason": "data too old"},
        }  # fmt: skip
        for number, said in others.items():
            scored(tx, f.machine(tx, f"{LINE}/cnc-{number}"), **said)
    rows = board(plant).rows
    assert [row.equipment_id[-2:] for row in rows] == ["14", "12", "13", "11"]
    assert [row.standing for row in rows] == ["odd", "odd", "refused", "usual"]
    assert rows[0].times == 2.5 and rows[0].signals[0].metric == "vibration_rms"
    assert [row.equipment_id[-2:] for row in board(plant, LINE, "refused").rows] == ["13"]
    assert board(plant, "north/forming/line-2").rows == ()


def test_a_machine_that_stood_for_hours_is_not_said_to_be_as_usual(plant):
    with plant.database.write() as tx:
        model(tx)
        scored(tx, score=0.0)
        scored(tx, f.machine(tx, f"{LINE}/cnc-12"), score=0.4)
        scored(tx, f.machine(tx, f"{LINE}/cnc-13"), score=None, reason="data too old")
        scored(tx, f.machine(tx, f"{LINE}/cnc-14"), score=0.0, since_us=f.NOW - HOUR)
    rows = board(plant).rows
    assert [(row.equipment_id[-2:], row.standing) for row in rows] == [
        ("14", "odd"), ("13", "refused"), ("11", "stood"), ("12", "usual"),
    ]  # fmt: skip
    assert [row.equipment_id[-2:] for row in board(plant, LINE, "stood").rows] == ["11"]


def test_what_was_said_long_ago_is_not_said_now(plant):
    with plant.database.write() as tx:
        model(tx)
        scored(tx, score=5.0, since_us=f.NOW - DAY, at_us=f.NOW - 2 * HOUR)
    (row,) = board(plant).rows
    assert (row.standing, row.times, row.signals) == (Standing.REFUSED, None, ())
    assert row.reason == "nothing has been scored since" and len(row.course) == 1


def test_a_stop_of_the_model_is_told(plant):
    with plant.database.write() as tx:
        model(tx)
        known = {c.name: "" for c in t.ai_stops.columns if not c.nullable}
        row = {"stop_id": "s", "site_id": "north", "drill": False, "open_key": "k", "stopped_us": f.NOW,
               "stopped_wall_us": 0}  # fmt: skip
        tx.execute(t.ai_stops.insert().values(**(known | row)))
    assert board(plant).watch.stopped_us == f.NOW


def test_scope_and_permission(plant, somebody):
    with plant.database.write() as tx:
        model(tx)
        scored(tx)
    elsewhere = somebody("tom", [Role.SUPERVISOR], ["north/forming"])
    assert board(plant, actor=elsewhere).rows == ()
    with pytest.raises(NotFound):
        OddityQueries(plant.context(elsewhere)).machine(f.CNC)
    with pytest.raises(Forbidden):
        board(plant, actor=somebody("nobody", []))


def test_one_machine_with_its_week_and_its_signals(plant):
    with plant.database.write() as tx:
        model(tx)
        scored(tx, score=1.0, at_us=f.NOW - 6 * DAY)
        scored(tx, score=4.0, since_us=f.NOW - HOUR)
        f.readings(tx, f.CNC, "vibration_rms", [(f.NOW - k * HOUR, 2.0 + k) for k in range(5)])
    view = OddityQueries(plant.context()).machine(f.CNC)
    assert [value for _, value in view.course] == [0.5, 2.0] and len(view.row.course) == 1
    assert [trend.metric for trend in view.trends] == ["vibration_rms"]
    assert view.limits == ("It says where, never what.",) and view.watch.false_alarms == 0.5
