"""Charts at work on a real database: samples, frozen limits, broken rules, one case per machine and cause."""

import json

import numpy as np
import pytest
from sqlalchemy import select, update

from auth.permissions import Role
from data.store import charts as store
from data.store import tables as t
from domain.clock import DAY, HOUR, MINUTE, SECOND
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from domain.spc.model import Kind
from domain.spc.rules import WESTERN_ELECTRIC, Rule
from services.commands.charts import ChartCommands
from services.spc.definition import METRIC, QUALITY, Chart
from services.spc.watch import ChartWatch
from tests import factories as f
from tests.kits.pen import SigningCommands

START = f.NOW - 60 * HOUR
START -= START % HOUR
P_CHART = Chart(
    "", f.CNC, "Scrap", Kind.P, QUALITY, "", rules=WESTERN_ELECTRIC, opens_case=True, cause="tool"
)
X_CHART = Chart("", f.CNC, "Pressure", Kind.XBAR_S, METRIC, "pressure", subgroup_size=4)


@pytest.fixture
def plant(database):
    with database.write() as tx:
        f.site(tx)
        f.machine(tx, name="CNC-11")
        person = f.account(tx, name="Sue")
        part = {"machine_type": "cnc", "cause": "tool", "part_id": "P", "task": "Change tools"}
        tx.execute(
            t.parts_of_machines.insert().values(**part, skill="fitter", duration_s=3600, inspect_s=600)
        )
    return database, person


def inspected(database, hour, good, scrap):
    at = START + hour * HOUR
    row = {"instance": "line-1", "result_id": f"Q{hour}-{scrap}", "equipment_id": f.CNC, "order_id": None}
    with database.write() as tx:
        tx.execute(
            t.quality_results.insert().values(
                **row, at_us=at, good=good, scrap=scrap, rework=0.0, updated_us=at
            )
        )


def running(database, from_us=START - HOUR):
    with database.write() as tx:
        row = {"equipment_id": f.CNC, "source_us": from_us, "state": 6, "mode": 1, "receive_us": from_us}
        tx.execute(t.states.insert().values(**row))


def calm(database, hours=48):
    rng = np.random.default_rng(7)
    for hour in range(1, hours + 1):
        scrap = float(rng.binomial(200, 0.03))
        inspected(database, hour, 200 - scrap, scrap)


def define(database, person, chart):
    commands = ChartCommands(database)
    return commands, commands.define(person, chart, "because")


def test_limits_are_frozen_with_who_and_why_and_never_overwritten(plant):
    database, person = plant
    calm(database)
    commands, chart_id = define(database, person, P_CHART)
    ChartWatch(database).turn("north", f.NOW)
    assert commands.freeze(person, chart_id, START, START + 24 * HOUR, "a calm day") == 1
    left = START + 5 * HOUR
    assert commands.freeze(person, chart_id, START, START + 40 * HOUR, "more data", [left]) == 2
    with database.read() as tx:
        first, second = reversed(store.every_limits(tx, chart_id))
        said = tx.execute(select(t.audit.c.action, t.audit.c.actor, t.audit.c.detail)).all()
    assert (first["frozen_by"], first["reason"], first["samples"]) == (person.account_id, "a calm day", 24)
    assert (second["samples"], json.loads(second["excluded"])) == (39, [left])
    assert [(a, who) for a, who, _ in said] == [
        ("defined a control chart", person.account_id),
        ("froze control limits", person.account_id),
        ("froze control limits", person.account_id),
    ]
    with pytest.raises(InvalidInput, match="few words"):
        commands.freeze(person, chart_id, START, START + 24 * HOUR, "  ")
    with pytest.raises(InvalidInput, match="at least 8"):
        commands.freeze(person, chart_id, START, START + 2 * HOUR, "too short")
    with pytest.raises(InvalidInput, match="has ended"):
        commands.freeze(person, chart_id, START, f.NOW + DAY, "the future")


def test_who_may_not_is_refused_in_the_command(plant):
    database, person = plant
    _, chart_id = define(database, person, P_CHART)
    with database.write() as tx:
        operator = f.account(tx, "tom", [Role.OPERATOR])
        elsewhere = f.account(tx, "ann", [Role.SUPERVISOR], ["north/forming"])
    commands = ChartCommands(database)
    for who in (operator, elsewhere):
        with pytest.raises(Forbidden):
            commands.freeze(who, chart_id, START, START + DAY, "x")
        with pytest.raises(Forbidden):
            commands.define(who, P_CHART, "x")
    with pytest.raises(NotFound):
        commands.freeze(person, "nothing", START, START + DAY, "x")


def test_two_people_cannot_both_change_a_chart(plant):
    database, person = plant
    commands, chart_id = define(database, person, P_CHART)
    commands.tolerate(person, chart_id, None, None, "again")
    with database.read() as tx:
        assert store.chart(tx, chart_id)["version"] == 2
    from dataclasses import replace

    with pytest.raises(Conflict):
        commands.define(person, replace(P_CHART, chart_id=chart_id, version=1), "late")


def test_a_broken_rule_opens_one_case_and_the_next_one_is_noted_on_it(plant):
    database, person = plant
    calm(database)
    commands, chart_id = define(database, person, P_CHART)
    watch = ChartWatch(database)
    watch.turn("north", START + 48 * HOUR)
    commands.freeze(person, chart_id, START, START + 40 * HOUR, "calm")
    inspected(database, 49, 170.0, 30.0)
    assert watch.turn("north", START + 49 * HOUR).cases == 0  # one point may be chance
    inspected(database, 50, 170.0, 30.0)
    assert watch.turn("north", START + 50 * HOUR).cases == 1
    inspected(database, 51, 165.0, 35.0)
    assert watch.turn("north", START + 51 * HOUR).cases == 0
    assert ChartWatch(database).turn("north", START + 51 * HOUR).breaks == 0  # after a restart: nothing twice
    with database.read() as tx:
        cases = tx.execute(select(t.cases)).mappings().all()
        linked = tx.execute(select(t.spc_breaks.c.at_us).where(t.spc_breaks.c.case_id.is_not(None))).scalars()
        notes = tx.execute(
            select(t.audit.c.action)
            .where(t.audit.c.subject_id == cases[0]["case_id"])
            .order_by(t.audit.c.entry)
        ).scalars()
        assert (len(cases), cases[0]["kind"], cases[0]["cause"]) == (1, "chart", "tool")
        assert "broke" in json.loads(cases[0]["evidence"])["words"]
        assert {START + 50 * HOUR, START + 51 * HOUR} <= set(linked)
        assert list(notes) == ["proposed", "control chart broke a rule"]


def test_fewer_bad_parts_than_usual_open_no_case(plant):
    database, person = plant
    calm(database)
    commands, chart_id = define(database, person, P_CHART)
    watch = ChartWatch(database)
    watch.turn("north", START + 48 * HOUR)
    commands.freeze(person, chart_id, START, START + 40 * HOUR, "calm")
    for hour in range(49, 59):
        inspected(database, hour, 200.0, 0.0)
    seen = watch.turn("north", START + 58 * HOUR)
    assert seen.breaks > 2 and seen.cases == 0


def test_a_subgroup_is_the_same_however_often_the_machine_reports(plant):
    database, person = plant
    running(database)
    fast = [(START + k * 5 * SECOND, 100.0 + k // 180) for k in range(1, 721)]  # every 5 s, steps each 15 min
    with database.write() as tx:
        f.readings(tx, f.CNC, "pressure", fast)
        slow = [(at + HOUR, value) for at, value in fast if at % (5 * MINUTE) < 5 * SECOND]
        f.more_readings(tx, f.CNC, "pressure", slow)
    _, chart_id = define(database, person, X_CHART)
    ChartWatch(database).turn("north", START + 2 * HOUR + MINUTE)
    with database.read() as tx:
        first, second = store.samples(tx, chart_id, START, START + 2 * HOUR)
    assert first.at_us == START + HOUR and second.at_us == START + 2 * HOUR
    assert len(first.values) == len(second.values) == 4
    assert first.values == second.values == (100.0, 101.0, 102.0, 103.0)


def test_standstill_and_distrusted_sensors_give_no_sample_and_late_readings_correct_one(plant):
    database, person = plant
    running(database)
    with database.write() as tx:
        rows = [(START + k * MINUTE, 50.0) for k in range(1, 121)]
        f.readings(tx, f.CNC, "pressure", rows[:60])
        stop = {"equipment_id": f.CNC, "source_us": START + HOUR, "state": 2, "mode": 1, "receive_us": START}
        tx.execute(t.states.insert().values(**stop))
        f.more_readings(tx, f.CNC, "pressure", rows[60:])
    _, chart_id = define(database, person, X_CHART)
    watch = ChartWatch(database)
    watch.turn("north", START + 2 * HOUR)
    with database.read() as tx:
        assert [s.at_us for s in store.samples(tx, chart_id, 0, f.NOW)] == [START + HOUR]
    with database.write() as tx:  # the first quarter was another value, told late
        tx.execute(update(t.readings).where(t.readings.c.source_us < START + 15 * MINUTE).values(value=90.0))
    watch.turn("north", START + 3 * HOUR)
    with database.read() as tx:
        assert store.samples(tx, chart_id, 0, f.NOW)[0].values == (90.0, 50.0, 50.0, 50.0)


def test_negative_counts_are_left_out_and_named(plant):
    from services.spc.sampling import odd_results

    database, person = plant
    inspected(database, 1, -5.0, 3.0)
    inspected(database, 2, 90.0, 10.0)
    _, chart_id = define(database, person, P_CHART)
    ChartWatch(database).turn("north", START + 3 * HOUR)
    with database.read() as tx:
        assert [(s.count, s.size) for s in store.samples(tx, chart_id, 0, f.NOW)] == [(10.0, 100.0)]
        assert odd_results(tx, f.CNC, START, f.NOW) == ["Q1-3.0"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": Kind.P},
        {"metric": "good_count"},
        {"subgroup_size": 1},
        {"title": " "},
        {"every_us": SECOND},
        {"rules": ()},
        {"tolerance_low": 5.0, "tolerance_high": 4.0},
    ],
)
def test_a_chart_that_makes_no_sense_does_not_construct(wrong):
    from dataclasses import replace

    with pytest.raises(InvalidInput):
        replace(X_CHART, **wrong)


def test_rules_survive_a_round_trip(plant):
    database, person = plant
    from dataclasses import replace

    from services.spc.definition import chart_of

    chart = replace(X_CHART, rules=(Rule.BEYOND, Rule.NELSON_3), tolerance_low=1.0)
    _, chart_id = define(database, person, chart)
    with database.read() as tx:
        assert chart_of(store.chart(tx, chart_id)) == replace(chart, chart_id=chart_id)


def test_a_case_of_a_chart_is_approved_like_any_other(plant):
    database, person = plant
    calm(database)
    commands, chart_id = define(database, person, P_CHART)
    watch = ChartWatch(database)
    watch.turn("north", f.NOW - 3 * HOUR)
    commands.freeze(person, chart_id, START, START + 40 * HOUR, "calm")
    for hour in (58, 59, 60):
        inspected(database, hour, 170.0, 30.0)
    assert watch.turn("north", f.NOW).cases == 1
    with database.read() as tx:
        case = tx.execute(select(t.cases)).mappings().one()
    desk = SigningCommands(database)
    desk.seen(person, case["case_id"])
    assert desk.approve(person, case["case_id"], 1, "act-00000001").state == "approved"
    with database.read() as tx:
        (order,) = tx.execute(select(t.commands)).mappings().all()
        assert (order["kind"], order["state"]) == ("inspection_order", "queued")
        assert tx.execute(select(t.outbox.c.message_id)).scalars().all() == [order["command_id"]]
