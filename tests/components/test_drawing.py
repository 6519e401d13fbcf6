"""Charts, tables and evidence as HTML."""

import csv
import io
import re
from base64 import b64decode

import pytest

from components import charts, evidence, tables
from domain.clock import HOUR
from domain.prediction import Contribution, Explanation
from services.rows.predict import Trend
from tests.factories import NOW, wave


def svg_of(html):
    return b64decode(re.search(r"base64,([^\"]+)", html).group(1)).decode()


def explanation(*values):
    parts = tuple(
        Contribution("pressure", k, NOW - (4 - k) * 4 * HOUR, NOW - (3 - k) * 4 * HOUR, value, 54.0, 62.0)
        for k, value in enumerate(values)
    )
    ordered = tuple(sorted(parts, key=lambda c: -abs(c.value)))
    return Explanation("p", 0.02, 0.02 + sum(values), 0.0004, "100 windows", "method", ordered)


def joined_explanation():
    part = Contribution("current+load", 3, NOW - 4 * HOUR, NOW, 0.1, 12.5, 10.0)
    return Explanation("p", 0.02, 0.12, 0.0, "16 windows", "method", (part,))


def test_sensors_taken_together_are_named_and_the_first_one_s_values_told():
    explained = joined_explanation()
    assert "Motor current and load, last 4 h" in evidence.contribution_bars(explained, NOW)
    seen = evidence.observed_table(explained, NOW)
    assert "Motor current, last 4 h" in seen
    assert "12.5 A" in seen


def test_a_sparkline_leaves_a_gap_where_nothing_was_known():
    points = [(NOW, 0.1), (NOW + HOUR, None), (NOW + 2 * HOUR, 0.5), (NOW + 3 * HOUR, 0.6)]
    html = charts.sparkline(points)
    assert svg_of(html).count("<polyline") == 2
    assert 'alt="from 10 of 100 to 60 of 100"' in html


@pytest.mark.parametrize("points", [(), ((NOW, None),)])
def test_without_a_value_there_is_no_sparkline(points):
    assert charts.sparkline(points) == ""


def test_bars_start_at_zero_and_lie_on_their_side():
    up, down = charts.signed_bar(0.3, -0.1, 0.3), charts.signed_bar(-0.1, -0.1, 0.3)
    assert "left:25.00%;width:75.00%;background:var(--advice)" in up
    assert "left:0.00%;width:25.00%;background:var(--fill-2)" in down


def test_bars_of_nothing_do_not_divide_by_zero():
    assert "width:0.00%" in charts.signed_bar(0.0, 0.0, 0.0)
    assert "left:0.00%" in charts.range_bar(0, 0, 0, 0, advised=False)


def test_what_is_usual_is_drawn_and_told_beside_the_trend():
    trend = Trend("pressure", "kPa", tuple(wave(NOW, NOW + 6 * HOUR, 1, 2)))
    html = charts.trend_svg(trend, (NOW, NOW + HOUR), "UTC", usual=62.0)
    assert "usual for this type 62.0" in svg_of(html) and svg_of(html).count("stroke-dasharray") == 1
    assert "usually 62.0" in html


def test_a_gap_in_a_trend_is_dashed():
    points = [
        *wave(NOW, NOW + 2 * HOUR, 1, 2),
        (NOW + 3 * HOUR, None),
        *wave(NOW + 4 * HOUR, NOW + 6 * HOUR, 2, 3),
    ]
    svg = svg_of(charts.trend_svg(Trend("pressure", "kPa", tuple(points)), (NOW, NOW + HOUR), "UTC"))
    assert svg.count("stroke-dasharray") == 1 and svg.count("<polyline") == 2
    assert "window the model looked at" in svg


@pytest.mark.parametrize("value", [0.0, 5.0, -3.0, 1e-9, 1e9])
def test_a_constant_sensor_can_be_drawn(value):
    points = tuple((NOW + k * HOUR, value) for k in range(4))
    assert "<polyline" in svg_of(charts.trend_svg(Trend("load", "%", points), (NOW, NOW + HOUR), "UTC"))


def test_a_single_point_can_be_drawn():
    assert svg_of(charts.trend_svg(Trend("load", "%", ((NOW, 1.0),)), (NOW, NOW), "UTC"))


def test_the_figure_marks_the_window_and_breaks_at_gaps():
    trend = Trend("pressure", "kPa", ((NOW, 1.0), (NOW + HOUR, None), (NOW + 2 * HOUR, 2.0)))
    figure = charts.trend_figure([trend, trend], (NOW, NOW + HOUR), "UTC")
    assert [list(scatter.y) for scatter in figure.data] == [[1.0, None, 2.0]] * 2
    assert len(figure.layout.shapes) >= 1 and not figure.data[0].connectgaps


def test_contributions_beyond_the_shown_are_summed():
    html = evidence.contribution_bars(explanation(0.3, 0.2, 0.1, -0.05), NOW, shown=2)
    assert "2 smaller ones together" in html and "+5</span>" in html
    assert "healthy machine 2, now 57" in html


def test_a_segment_is_named_by_its_distance_from_now():
    assert evidence.segment_text(NOW - 4 * HOUR, NOW, NOW) == "last 4 h"
    assert evidence.segment_text(NOW - 16 * HOUR, NOW - 12 * HOUR, NOW) == "16 to 12 h before"


def test_the_heat_table_adds_up():
    html = evidence.heat_table(explanation(0.3, 0.2, 0.1, -0.05), NOW)
    assert "+55</span>" in html and "\u22125</span>" in html


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", " =1+1"])
def test_a_formula_in_a_csv_is_made_text(cell):
    rows = list(csv.reader(io.StringIO(tables.csv_bytes(["a"], [[cell]]).decode("utf-8-sig"), newline="")))
    assert rows[1][0] == "'" + cell


def test_numbers_in_a_csv_stay_numbers():
    assert tables.csv_bytes(["a", "b"], [[-1.5, None]]).decode("utf-8-sig").splitlines()[1] == "-1.5,"


def test_headings_are_text_and_columns_align():
    html = tables.table(("<b>", "n"), [("x", "1")], right=(1,))
    assert "&lt;b&gt;" in html and '<td class="tw-r">1</td>' in html
