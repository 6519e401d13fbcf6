"""Signals on the screen."""

import json

from auth.permissions import Role
from components.signal_chart import with_gaps
from data.store import history, roll_marks
from data.store import tables as t
from domain.clock import DAY, HOUR, MINUTE
from domain.shift_calendar import Pattern
from services import calendars
from services.history.keeper import HistoryKeeper
from services.rows.signals import SignalPoint
from tests import factories as f
from tests.pages.conftest import html_of

SCREEN = "pages.floor.signals:render"
LINE = "north/machining/line-1"


def heard(screens, hours=30):
    """Two signals each minute, silent for three hours, with some bad values."""
    start = f.NOW - f.NOW % HOUR - hours * HOUR
    with screens.database.write() as tx:
        for number, (name, unit) in enumerate((("load", "%"), ("vibration_rms", "mm/s")), 1):
            row = {"metric_id": number, "equipment_id": f.CNC, "name": name, "unit": unit, "kind": "gauge"}
            tx.execute(t.metrics.insert().values(**row))
        rows = [
            (number, start + k * MINUTE, 40.0 + k % 7, 64 if k % 100 == 3 else 192, 0)
            for number in (1, 2)
            for k in range(hours * 60)
            if not 600 <= k < 780
        ]
        history.store_readings(tx, rows)
        roll_marks.mark_readings(tx, rows)
        for name, at in (("Early", 360), ("Late", 840)):
            calendars.save_pattern(tx, Pattern(name, LINE, name, frozenset(range(1, 8)), at, 480))
        calendars.write_shifts(tx, "north", f.NOW - 3 * DAY, 6)
    HistoryKeeper(screens.database).catch_up()


def figure(test):
    return json.loads(test.get("plotly_chart")[0].proto.spec)


def test_a_gap_is_drawn_as_a_gap_and_bad_values_are_counted(screens):
    heard(screens)
    test = screens.open(SCREEN)
    html = html_of(test)
    assert "CNC-11" in html and "bad ones left out" in html and "means of 2 min" in html
    assert "Times in Europe/Berlin" in html and "Lowest" in html
    drawn = figure(test)
    lines = [trace for trace in drawn["data"] if trace.get("mode") == "lines" and "fill" not in trace]
    assert len(lines) == 2
    bands = [trace for trace in drawn["data"] if trace.get("fill") == "toself"]
    assert len(bands) == 4, "the band of each signal is broken once"


def test_filters_live_in_the_address(screens):
    heard(screens)
    test = screens.open(SCREEN, span="7d", signals="vibration_rms", by="shift")
    html = html_of(test)
    assert "one point a shift" in html and "Early" in html and "Late" in html
    assert list(test.multiselect[0].value) == ["vibration_rms"]
    assert len({trace["name"] for trace in figure(test)["data"]}) == 2
    test = screens.open(SCREEN, span="days", **{"from": "2026-11-20", "to": "2026-11-20"})
    assert [d.value.isoformat() for d in test.date_input] == ["2026-11-20"] * 2
    test.selectbox[1].set_value("30d").run()
    assert test.query_params["span"] in ("30d", ["30d"]) and "means of 1 h" in html_of(test)


def test_nothing_to_show_is_said(screens, somebody):
    assert "sent no values yet" in html_of(screens.open(SCREEN))
    heard(screens)
    old = {"from": "2026-01-20", "to": "2026-01-21"}
    assert "Nothing was heard in this stretch" in html_of(screens.open(SCREEN, span="days", **old))
    ann = somebody("ann", [Role.OPERATOR], ["north/forming"])
    assert "No machine is placed here yet." in html_of(screens.open(SCREEN, ann))


def test_a_hole_is_three_times_the_usual_distance():
    def points(*minutes):
        return [SignalPoint(m * MINUTE, 1, 0, MINUTE, 1.0, 1.0, 1.0) for m in minutes]

    def holes(*minutes):
        return [at for at, point in with_gaps(points(*minutes), MINUTE) if point is None]

    assert holes(0, 1, 2, 3) == []
    assert holes(0, 1, 2, 6, 7, 8) == [3 * MINUTE]
    assert holes(0, 5, 10, 15) == [], "a slow source has no gaps"
    assert holes(0, 5, 10, 40, 45, 50) == [11 * MINUTE]
