"""Control charts and usual patterns on the screen."""

import json

import numpy as np

from auth.permissions import Role
from data.store import tables as t
from domain.clock import HOUR, MINUTE
from domain.spc.model import Kind
from services.commands.charts import ChartCommands
from services.spc.definition import METRIC, QUALITY, Chart
from services.spc.patterns import METRICS, PatternWatch
from services.spc.watch import ChartWatch
from tests import factories as f
from tests.pages.conftest import html_of

CHARTS, CHART = "pages.quality.charts:render", "pages.quality.chart:render"
CAPABILITY = "pages.quality.capability:render"
PATTERNS, PATTERN = "pages.quality.patterns:render", "pages.quality.pattern:render"
START = f.NOW - 160 * HOUR - f.NOW % HOUR


def history(screens, metrics=("pressure",), hours=150, jump=0.0):
    rng = np.random.default_rng(3)
    times = [START + k * 5 * MINUTE for k in range(1, hours * 12 + 1)]
    with screens.database.write() as tx:
        f.did(tx, f.CNC, [(START - HOUR, 6)], f.NOW + HOUR)
        for metric in metrics:
            values = rng.normal(100, 1, len(times))
            values[-24:] += jump
            f.readings(tx, f.CNC, metric, list(zip(times, values.tolist(), strict=True)))


def chart(screens, frozen=True, **changes):
    commands = ChartCommands(screens.database)
    made = Chart("", f.CNC, "Pressure <b>", Kind.XBAR_S, METRIC, "pressure", subgroup_size=5, **changes)
    chart_id = commands.define(screens.supervisor, made, "for the test")
    ChartWatch(screens.database).turn("north", f.NOW)
    if frozen:
        commands.freeze(screens.supervisor, chart_id, START, START + 100 * HOUR, "a calm stretch")
        ChartWatch(screens.database).turn("north", f.NOW)
    return chart_id


def test_a_chart_says_what_it_sees_who_froze_it_and_how_capable_it_is(screens):
    history(screens, jump=6.0)
    chart_id = chart(screens, tolerance_low=94.0, tolerance_high=106.0)
    test = screens.open(CHART, id=chart_id)
    html = html_of(test)
    assert "The newest of" in html and "breaks a rule" in html
    assert "Pressure &lt;b&gt;" in html and "<b></h1>" not in html
    assert "a calm stretch" in html and "Supervisor North" in html
    for name in ("Cp", "Cpk", "Pp", "Ppk", "Cm", "Cmk"):
        assert f"<b>{name}</b>" in html
    assert "hardly normal" in html
    assert len(test.get("plotly_chart")) == 1
    listed = html_of(screens.open(CHARTS))
    assert f'href="/chart?id={chart_id}"' in listed and "1 of 1 chart has broken a rule" in listed


def test_capability_of_all_values_in_one_table_the_least_capable_first(screens, somebody):
    history(screens)
    wide = chart(screens, tolerance_low=90.0, tolerance_high=110.0)
    narrow = chart(screens, tolerance_low=99.0, tolerance_high=101.0)
    html = html_of(screens.open(CAPABILITY))
    assert "1 of 2 values is not capable" in html
    assert html.index(narrow) < html.index(wide) and " to " in html
    assert "outside" in html.lower() and html.count("&#9650;") >= 2
    ann = somebody("ann", [Role.SUPERVISOR], ["north/forming"])
    assert "State a tolerance on a chart" in html_of(screens.open(CAPABILITY, ann))


def test_a_chart_without_limits_asks_for_them_and_takes_them(screens):
    history(screens)
    chart_id = chart(screens, frozen=False)
    test = screens.open(CHART, id=chart_id)
    assert "limits of this chart are not frozen yet" in html_of(test)
    form = next(i for i in test.text_input if i.label == "Why (kept with the limits)")
    form.set_value("a first look")
    next(b for b in test.button if b.label == "Freeze the limits").click().run()
    assert "a first look" in html_of(test)


def test_somebody_without_the_right_sees_but_cannot_freeze(screens, somebody):
    history(screens)
    chart_id = chart(screens)
    tom = somebody("tom", [Role.OPERATOR])
    test = screens.open(CHART, tom, id=chart_id)
    assert "Capability" in html_of(test) and not test.expander
    ann = somebody("ann", [Role.SUPERVISOR], ["north/forming"])
    test = screens.open(CHART, ann, id=chart_id)
    assert [i.value for i in test.info] == ["there is no such chart within your area"]
    assert "No control chart is set up here yet." in html_of(screens.open(CHARTS, ann))


def test_an_odd_hour_is_taken_apart_sensor_by_sensor(screens):
    history(screens, METRICS, jump=0.0)
    ChartCommands(screens.database).freeze_pattern(
        screens.supervisor, f.CNC, START, START + 100 * HOUR, "calm"
    )
    with screens.database.write() as tx:
        at = START + 151 * HOUR
        for metric in METRICS:
            value = 104.0 if metric == "pressure" else 100.0
            f.more_readings(tx, f.CNC, metric, [(at + k * MINUTE, value) for k in (1, 20, 40)])
    PatternWatch(screens.database).turn("north", f.NOW)
    html = html_of(screens.open(PATTERNS))
    assert "1 of 1 machine left the usual pattern" in html
    test = screens.open(PATTERN, id=f.CNC)
    html = html_of(test)
    rows = html[html.index("Median of the hour") :]
    assert rows.index("Pressure") < rows.index("Temperature")
    assert "Version 1, from 100 hours of running" in html
    assert len(test.get("plotly_chart")) == 1


def test_the_weights_of_a_weighted_chart_are_set_and_kept(screens):
    history(screens)
    made = Chart("", f.CNC, "Pressure, weighted", Kind.EWMA, METRIC, "pressure")
    chart_id = ChartCommands(screens.database).define(screens.supervisor, made, "for the test")
    ChartWatch(screens.database).turn("north", f.NOW)
    test = screens.open(CHART, id=chart_id)
    next(n for n in test.number_input if n.label.startswith("Weight of the newest")).set_value(0.3)
    next(i for i in test.text_input if i.label == "Why (kept with the chart)").set_value("slower shifts")
    next(b for b in test.button if b.label == "Save a new version").click().run()
    html_of(test)
    with screens.database.read() as tx:
        versions = tx.execute(t.spc_charts.select().order_by(t.spc_charts.c.version)).mappings().all()
    assert [json.loads(v["weights"])["ewma_lambda"] for v in versions] == [0.2, 0.3]


def test_a_manager_lets_hours_beyond_a_limit_open_a_case(screens):
    history(screens, METRICS)
    ChartCommands(screens.database).freeze_pattern(
        screens.supervisor, f.CNC, START, START + 100 * HOUR, "calm"
    )
    test = screens.open(PATTERN, id=f.CNC)
    assert "nobody has switched that on" in html_of(test)
    next(c for c in test.checkbox if c.label.startswith("Two of three hours")).set_value(True)
    next(b for b in test.button if b.label == "Save").click().run()
    assert [e.value for e in test.error] == ["Please write a few words."]
    next(i for i in test.text_input if i.label == "Why (kept with the setting)").set_value("few false ones")
    next(b for b in test.button if b.label == "Save").click().run()
    html = html_of(test)
    assert "Two of three hours beyond open a case" in html and "few false ones" in html


def test_limits_frozen_anew_say_by_which_each_point_is_judged(screens):
    history(screens)
    chart_id = chart(screens)
    words = "Each point is judged by the limits in force when it was measured."
    assert words not in html_of(screens.open(CHART, id=chart_id))
    again = ChartCommands(screens.database)
    again.freeze(screens.supervisor, chart_id, START, START + 120 * HOUR, "a longer stretch")
    assert words in html_of(screens.open(CHART, id=chart_id))


def test_a_chart_of_defects_says_what_it_counts(screens):
    with screens.database.write() as tx:
        for hour in range(1, 40):
            row = {"instance": "m", "result_id": f"Q{hour}", "equipment_id": f.CNC, "order_id": None,
                   "at_us": START + hour * HOUR, "good": 95.0, "scrap": 5.0, "rework": 0.0,
                   "defects": 6.0 + hour % 3, "updated_us": 1}  # fmt: skip
            tx.execute(t.quality_results.insert().values(**row))
    made = Chart("", f.CNC, "Defects", Kind.U, QUALITY, "")
    commands = ChartCommands(screens.database)
    chart_id = commands.define(screens.supervisor, made, "for the test")
    ChartWatch(screens.database).turn("north", f.NOW)
    html = html_of(screens.open(CHART, id=chart_id))
    assert "inspections from the MES" in html and "a part may have several." in html
    assert "The MES has named none" not in html
    empty = commands.define(screens.supervisor, Chart("", f.CNC, "C", Kind.C, QUALITY, ""), "for the test")
    assert "The MES has named none in this stretch" in html_of(screens.open(CHART, id=empty))
