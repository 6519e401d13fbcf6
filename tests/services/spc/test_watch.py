"""Charts at work on a real database: samples, frozen limits, broken rules, one case per machine and cause."""

import json

import numpy as np
import pytest
from sqlalchemy import select, update

from auth.permissions import Role
from data.store import activity, kpi_rows, late_charts
from data.store import charts as store
from data.store import tables as t
from data.store.upsert import upsert
from domain.clock import DAY, HOUR, MINUTE, SECOND, Clock, wall_us
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from domain.spc.charts import limits_of
from domain.spc.model import Kind, Sample
from domain.spc.rules import WESTERN_ELECTRIC, Rule
from domain.time_model import Span
from services import clocks
from services.commands.charts import ChartCommands
from services.kpi import dirty
from services.kpi.keeping import Keeper
from services.spc.definition import METRIC, QUALITY, Chart, chart_of
from services.spc.judging import judged
from services.spc.sampling import odd_results, samples_of
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


def inspected(database, hour, good, scrap, again=None):
    at = START + hour * HOUR
    row = {"instance": "line-1", "result_id": f"Q{hour}-{scrap}", "equipment_id": f.CNC, "order_id": None}
    with database.write() as tx:
        tx.execute(
            t.quality_results.insert().values(
                **row, at_us=at, good=good, scrap=scrap, rework=0.0, reinspection=again, updated_us=at
            )
        )


def running(database, until_us=f.NOW + DAY):
    with database.write() as tx:
        f.did(tx, f.CNC, [(START - HOUR, 6), (until_us, 2)], f.NOW + 2 * DAY)


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
    running(database, START + HOUR)
    with database.write() as tx:
        f.readings(tx, f.CNC, "pressure", [(START + k * MINUTE, 50.0) for k in range(1, 121)])
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


def test_setup_gives_no_sample_also_when_it_is_told_late(plant):
    database, person = plant
    running(database, START + 2 * HOUR)
    with database.write() as tx:
        f.readings(tx, f.CNC, "pressure", [(START + k * MINUTE, 50.0) for k in range(1, 121)])
    _, chart_id = define(database, person, X_CHART)
    ChartWatch(database).turn("north", START + 2 * HOUR)
    with database.read() as tx:
        assert [s.at_us for s in store.samples(tx, chart_id, 0, f.NOW)] == [START + HOUR, START + 2 * HOUR]
        before = kpi_rows.intervals_of(tx, f.CNC, 0, f.NOW)
    ran = before[0]
    after = [(*ran[:2], START + HOUR, *ran[3:]), (ran[0], START + HOUR, START + 2 * HOUR, "setup", *ran[4:]),
             *before[1:]]  # fmt: skip
    moved = activity.moved(before, after)
    assert moved == Span(START + HOUR, START + 2 * HOUR)
    with database.write() as tx:
        kpi_rows.replace_intervals(tx, f.CNC, (0, f.NOW), before, after)
        assert [s.to_us for s in activity.ran(tx, f.CNC, START, START + 2 * HOUR)] == [START + HOUR]
        found = samples_of(tx, chart_of(store.chart(tx, chart_id)), START, START + 2 * HOUR)
    assert [s.at_us for s in found] == [START + HOUR]


def test_reworked_parts_are_charted_once(plant):
    database, person = plant
    inspected(database, 1, 90.0, 10.0)
    inspected(database, 2, 8.0, 2.0, again=True)
    inspected(database, 3, 95.0, 5.0, again=False)
    _, chart_id = define(database, person, P_CHART)
    ChartWatch(database).turn("north", START + 4 * HOUR)
    with database.read() as tx:
        found = [(s.count, s.size) for s in store.samples(tx, chart_id, 0, f.NOW)]
    assert found == [(10.0, 100.0), (5.0, 100.0)]


def test_negative_counts_are_left_out_and_named(plant):
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
        {"kind": Kind.I_MR, "subgroup_size": 5},
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


@pytest.mark.parametrize("kind", [Kind.CUSUM, Kind.EWMA, Kind.I_MR])
def test_the_screen_shows_the_breaks_that_were_noted_whatever_the_span(plant, kind):
    from services.context import Context
    from services.queries.quality import QualityQueries
    from services.rows.site import SiteRow

    database, person = plant
    running(database)
    rng = np.random.default_rng(3)
    values = [50.0 + rng.normal() + (1.6 if hour > 30 else 0.0) for hour in range(1, 59)]
    with database.write() as tx:
        f.readings(tx, f.CNC, "pressure", [(START + (h + 1) * HOUR, v) for h, v in enumerate(values)])
    chart = Chart("", f.CNC, "Pressure", kind, METRIC, "pressure", rules=WESTERN_ELECTRIC)
    commands, chart_id = define(database, person, chart)
    watch = ChartWatch(database)
    watch.turn("north", START + 30 * HOUR)
    commands.freeze(person, chart_id, START, START + 30 * HOUR, "calm")
    for hour in range(31, 59):
        watch.turn("north", START + hour * HOUR)
    with database.read() as tx:
        noted = {(r["series"], r["rule"], r["at_us"], round(r["value"], 9))
                 for r in store.breaks(tx, t.spc_breaks.c.chart_id == chart_id, 999)}  # fmt: skip
    site = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")
    queries = QualityQueries(Context(database, person, site, Clock(f.NOW, wall_us())))
    assert noted
    for first in (-5, 10, 31, 45, 50, 56):
        since = START + first * HOUR
        view = queries.chart(chart_id, since, START + 58 * HOUR)
        later = max(since, START + 30 * HOUR)  # phase I made the limits: nothing of it is noted
        shown = {(b.series, b.rule.value, b.at_us, round(b.value, 9)) for b in view.breaks}
        assert {one for one in shown if one[2] > later} == {one for one in noted if one[2] > later}
        for one in view.breaks:
            series = next(s for s in view.series if s.name == one.series)
            assert series.points[one.index].at_us == one.at_us > since


def counted(database, hour, parts, defects, scrap=0.0):
    at = START + hour * HOUR - MINUTE
    row = {"instance": "line-1", "result_id": f"D{hour}", "equipment_id": f.CNC, "order_id": None}
    with database.write() as tx:
        tx.execute(
            t.quality_results.insert().values(
                **row, at_us=at, good=parts - scrap, scrap=scrap, rework=0.0, defects=defects, updated_us=at
            )
        )


@pytest.mark.parametrize("kind", [Kind.C, Kind.U])
def test_defects_are_charted_with_the_limits_of_poisson_counts(plant, kind):
    database, person = plant
    rng = np.random.default_rng(17)
    parts = np.full(58, 200.0) if kind is Kind.C else rng.integers(120, 280, 58).astype(float)
    defects = rng.poisson(0.06 * parts).astype(float)
    defects[[33, 50]] += 40.0  # more defects than bad parts: a part may have several
    for hour in range(58):
        counted(database, hour + 1, parts[hour], defects[hour], scrap=3.0)
    counted(database, 59, 200.0, None)
    counted(database, 60, 200.0, -2.0)
    commands, chart_id = define(database, person, Chart("", f.CNC, "Defects", kind, QUALITY, ""))
    watch = ChartWatch(database)
    watch.turn("north", START + 60 * HOUR)
    commands.freeze(person, chart_id, START, START + 30 * HOUR, "calm")
    watch.turn("north", START + 60 * HOUR + MINUTE)
    ChartWatch(database).turn("north", START + 60 * HOUR)
    with database.read() as tx:
        samples = store.samples(tx, chart_id, START, f.NOW)
        noted = {r["at_us"] for r in store.breaks(tx, t.spc_breaks.c.chart_id == chart_id, 99)}
        odd = odd_results(tx, f.CNC, START, f.NOW)
    assert [(s.count, s.size) for s in samples] == list(zip(defects, parts, strict=True))
    # written apart: Montgomery, 7.3, limits at three roots of the mean count; per part, of its sample
    if kind is Kind.C:
        values, level, wide = defects, defects[:30].mean(), 3 * np.sqrt(defects[:30].mean())
    else:
        level = defects[:30].sum() / parts[:30].sum()
        values, wide = defects / parts, 3 * np.sqrt(level / parts)
    beyond = (values > level + wide) | (values < np.maximum(0, level - wide))
    late = {START + (i + 1) * HOUR for i in np.flatnonzero(beyond) if i >= 30}
    assert noted == late and {START + 34 * HOUR, START + 51 * HOUR} <= late
    assert odd == ["D60"]


@pytest.mark.parametrize("kind", [Kind.C, Kind.U])
def test_bad_parts_are_not_charted_as_defects(plant, kind):
    database, person = plant
    with pytest.raises(InvalidInput, match="count defects"):
        define(database, person, Chart("", f.CNC, "Rejects", kind, QUALITY, ""))


def test_each_point_is_judged_by_the_limits_in_force_when_it_was_measured(plant):
    database, person = plant
    running(database)
    rng = np.random.default_rng(5)
    # 30 calm hours, 10 at a higher level, and that level ever since: the process was changed on purpose
    values = [50.0 + rng.normal() + (6.0 if hour > 30 else 0.0) for hour in range(1, 59)]
    with database.write() as tx:
        f.readings(tx, f.CNC, "pressure", [(START + (h + 1) * HOUR, v) for h, v in enumerate(values)])
    chart = Chart("", f.CNC, "Pressure", Kind.I_MR, METRIC, "pressure", rules=WESTERN_ELECTRIC)
    commands, chart_id = define(database, person, chart)
    ChartWatch(database).turn("north", START + 58 * HOUR)
    versions = []
    for number, (first, last, at) in enumerate([(0, 30, 30), (31, 48, 48)]):
        commands.freeze(person, chart_id, START + first * HOUR, START + last * HOUR, "phase I")
        frozen = {"frozen_us": START + at * HOUR}
        with database.write() as tx:
            mine = (t.spc_limits.c.chart_id == chart_id) & (t.spc_limits.c.version == number + 1)
            tx.execute(update(t.spc_limits).where(mine).values(**frozen))
    with database.read() as tx:
        versions = store.every_limits(tx, chart_id)
        whole, broken = judged(tx, chart_of(store.chart(tx, chart_id)), versions, START, START + 58 * HOUR)
    points = {p.at_us: p for p in whole[0].points}
    new, old = (limits["level"] for limits in versions)
    assert len(points) == 58 and old < 51 < 55 < new
    assert {p.center for at, p in points.items() if at <= START + 48 * HOUR} == {old}
    assert {p.center for at, p in points.items() if at > START + 48 * HOUR} == {new}
    late = [b for b in broken if b.at_us > START + 48 * HOUR and b.rule is Rule.BEYOND]
    beyond = {b.at_us for b in broken if b.rule is Rule.BEYOND and b.series == "Value"}
    assert {START + h * HOUR for h in range(32, 49)} <= beyond and not late
    # a restart after the second freeze writes the older breaks down with the limits that they broke
    ChartWatch(database).turn("north", START + 58 * HOUR)
    with database.read() as tx:
        noted = store.breaks(tx, t.spc_breaks.c.chart_id == chart_id, 999)
    assert {r["at_us"] for r in noted} == {b.at_us for b in broken if b.at_us > START + 30 * HOUR}
    assert {r["limits_version"] for r in noted if r["at_us"] <= START + 48 * HOUR} == {1}
    assert {r["limits_version"] for r in noted if r["at_us"] > START + 48 * HOUR} <= {2}


@pytest.mark.parametrize("kind", [Kind.XBAR_R, Kind.I_MR, Kind.EWMA, Kind.CUSUM, Kind.P])
def test_a_span_is_judged_the_same_with_all_samples_before_it_and_with_those_that_matter(database, kind):
    rng = np.random.default_rng(11)
    chart = Chart("c", f.CNC, "x", kind, QUALITY if kind is Kind.P else METRIC,
                  "" if kind is Kind.P else "pressure", subgroup_size=4 if kind is Kind.XBAR_R else 1,
                  rules=tuple(Rule))  # fmt: skip
    size = 4 if kind is Kind.XBAR_R else 1
    samples = [
        Sample(k * HOUR, (), float(rng.binomial(80, 0.1)), 80.0)
        if kind is Kind.P
        else Sample(k * HOUR, tuple(rng.normal(0.3 * (k % 40 > 30), 1.0, size).tolist()))
        for k in range(1, 700)
    ]
    limits = limits_of(kind, samples[:100])
    row = {"from_us": 0, "to_us": 100 * HOUR, "frozen_us": 100 * HOUR, "level": limits.level,
           "sigma": limits.sigma, "samples": 100, "between": 0.0}  # fmt: skip
    with database.write() as tx:
        store.store_samples(tx, "c", samples)
    with database.read() as tx:
        whole, every = judged(tx, chart, [row], 0, 699 * HOUR)
        for first in (120, 300, 517, 640):
            shown, broken = judged(tx, chart, [row], first * HOUR, 699 * HOUR)
            assert [(b.rule, b.series, b.at_us) for b in broken] == [
                (b.rule, b.series, b.at_us) for b in every if b.at_us > first * HOUR
            ]
            for mine, other in zip(shown, whole, strict=True):
                later = [p for p in other.points if p.at_us > first * HOUR]
                assert [p.value for p in mine.points] == pytest.approx([p.value for p in later], rel=1e-12)
                assert [p.upper for p in mine.points] == pytest.approx([p.upper for p in later], rel=1e-12)


def test_inspections_that_are_booked_late_are_sampled_however_late(plant):
    """Those of hours 21 to 29 come when the newest sample is that of hour 30."""
    database, person = plant
    calm(database, 20)
    inspected(database, 30, 195.0, 5.0)
    _, chart_id = define(database, person, P_CHART)
    watch = ChartWatch(database)
    watch.turn("north", START + 30 * HOUR)
    for hour in range(21, 30):
        inspected(database, hour, 100.0, 100.0)
    with database.write() as tx:
        late_charts.mark(tx, QUALITY, [(f.CNC, START + 25 * HOUR), ("north/other", START)])
        late_charts.mark(tx, METRIC, [(f.CNC, START - DAY)])  # none of this chart's values
        late_charts.mark(tx, QUALITY, [(f.CNC, START + 21 * HOUR)])
        late_charts.mark(tx, QUALITY, [(f.CNC, START + 28 * HOUR)])
    watch.turn("north", START + 31 * HOUR)
    with database.read() as tx:
        times = [one.at_us for one in store.samples(tx, chart_id, START, START + 31 * HOUR)]
        left = tx.execute(select(t.spc_late)).all()
    assert times == [START + hour * HOUR for hour in range(1, 31)] and left == []


def test_a_stretch_is_sampled_when_the_figures_say_what_the_machine_did_and_anew_when_they_say_other(plant):
    """A machine that only counts: its parts of hours 3 to 20 come late, with the values long there."""
    database, person = plant
    with database.write() as tx:
        every = [START + k * 5 * MINUTE for k in range(1, 40 * 12 + 1)]
        f.readings(tx, f.CNC, "pressure", [(at - MINUTE, 50.0) for at in every])
        clocks.write(tx, "north", Clock(START + 30 * HOUR, wall_us(), 1e-6))

    def made(hours):
        rows = [
            {"equipment_id": f.CNC, "bucket_us": START + h * HOUR + k * 5 * MINUTE, "good": 9.0, "scrap": 0.0,
             "energy_kwh": 0.0}
            for h in hours for k in range(12)
        ]  # fmt: skip
        with database.write() as tx:
            upsert(tx, t.counts, rows, ["equipment_id", "bucket_us"])
            dirty.mark(tx, [(f.CNC, rows[0]["bucket_us"], rows[-1]["bucket_us"] + 5 * MINUTE)])
        Keeper(database).turn()

    def sampled():
        with database.read() as tx:
            return [(one.at_us - START) // HOUR for one in store.samples(tx, chart_id, 0, f.NOW)]

    _, chart_id = define(database, person, X_CHART)
    watch = ChartWatch(database)
    assert watch.turn("north", START + 30 * HOUR).samples == 0  # nobody knows yet what it did
    made([*range(2), *range(20, 30)])
    watch.turn("north", START + 30 * HOUR)
    assert sampled() == [1, 2, *range(21, 31)]
    made(range(3, 20))
    with database.read() as tx:
        assert tx.execute(select(t.spc_late.c.from_us)).scalar_one() <= START + 3 * HOUR
    ChartWatch(database).turn("north", START + 30 * HOUR)
    assert sampled() == [1, 2, *range(4, 31)]  # in the third hour it made nothing
