"""The shift calendar on the screen."""

from datetime import date, time, timedelta

import pytest
from sqlalchemy import select

from auth.permissions import Role
from data.store import tables as t
from domain.clock import HOUR
from domain.errors import InvalidInput
from domain.shift_calendar import local_day
from pages.improve.calendar_forms import breaks_of, span_of
from tests import factories as f
from tests.pages.conftest import html_of

CALENDAR = "pages.improve.calendar:render"
TODAY = local_day(f.NOW, "Europe/Berlin")


@pytest.fixture
def paul(somebody):
    return somebody("paul", [Role.MAINTENANCE_PLANNER])


def field(kind, label):
    return next(w for w in kind if w.label.startswith(label))


def press(test, label):
    next(b for b in test.button if b.label == label).click().run()
    return test


def add(test, name="Early", begins=time(6), ends=time(14), breaks="10:00 30", why="from now on"):
    field(test.text_input, "Name").set_value(name)
    field(test.time_input, "Begins at").set_value(begins)
    field(test.time_input, "Ends at").set_value(ends)
    field(test.text_input, "Breaks").set_value(breaks)
    field(test.text_input, "Why (kept in the record)").set_value(why)
    return press(test, "Add the shift")


def test_a_planner_adds_a_shift_and_sees_it_in_the_picture(screens, paul):
    test = screens.open(CALENDAR, paul)
    assert "No shift is planned in this stretch" in html_of(test)
    html = html_of(add(test))
    assert "10 shifts of 1 line" in html and "breaks 10:00 (30 min)" in html and "Mon to Fri" in html
    assert [s.value for s in test.success] == [f"Early holds from {TODAY + timedelta(days=1)} on."]
    assert "added a weekly shift" in html and "Paul" in html and "8 h before" in html
    assert "Sun 22 Nov 22:00" in html  # the plan of Monday's shift is fixed then


def test_an_overlap_is_told_beside_the_times_and_a_wrong_break_beside_the_breaks(screens, paul):
    test = add(screens.open(CALENDAR, paul))
    add(test, "Late", time(13), time(21), "")
    assert len(test.error) == 1 and "Early and Late of Line 1 would run at once" in test.error[0].value
    add(test, "Late", time(14), time(22), "half past five")
    assert [e.value for e in test.error] == [
        "\u201chalf past five\u201d is no break; write the time and the minutes: 10:00 30."
    ]
    with screens.database.read() as tx:
        assert tx.execute(select(t.shift_patterns.c.name)).scalars().all() == ["Early"]


def test_who_may_not_sees_the_picture_without_forms(screens, somebody):
    test = screens.open(CALENDAR, somebody("olaf", [Role.OPERATOR]))
    assert not list(test.button) and "no shift is planned" in html_of(test)


def test_one_line_has_a_table_and_the_address_remembers(screens, paul):
    add(screens.open(CALENDAR, paul))
    test = screens.open(CALENDAR, paul, line="north/machining/line-1", days="next")
    html = html_of(test)
    assert "Shifts of Line 1" in html and "can still change" in html
    assert test.query_params["line"] == "north/machining/line-1" and test.query_params["days"] == "next"


def test_a_day_is_closed_and_taken_back(screens, paul):
    test = add(screens.open(CALENDAR, paul))
    field(test.date_input, "Day").set_value(TODAY + timedelta(days=2))
    field(test.text_input, "Why (shown beside").set_value("inventory <all>")
    html = html_of(press(test, "Set the day"))
    assert "closed: no shift begins" in html and "inventory &lt;all&gt;" in html and "9 shifts" in html
    back = field(test.selectbox, "Take a day back")
    back.set_value(back.options[0])
    field(test.text_input, "Why it is as usual").set_value("done already")
    assert "10 shifts" in html_of(press(test, "Take back"))


def test_shifts_of_a_mes_that_run_at_once_are_marked(screens, paul):
    with screens.database.write() as tx:
        for name, at in (("A", f.NOW), ("B", f.NOW + HOUR)):
            row = {
                "instance": "mes1", "shift_id": name, "line_id": "north/machining/line-1", "name": name,
                "start_us": at, "end_us": at + 8 * HOUR, "break_s": 1_800, "break_start_us": at + 2 * HOUR,
                "frozen_us": f.NOW - HOUR, "updated_us": 0,
            }  # fmt: skip
            tx.execute(t.shifts.insert().values(**row))
    html = html_of(screens.open(CALENDAR, paul))
    assert "2 shifts run at the same time" in html and "from the MES mes1" in html and "fixed clash" in html


def test_what_is_typed_becomes_minutes():
    assert span_of(time(22), time(6)) == (1_320, 480) and span_of(time(6), time(6)) == (360, 1_440)
    assert breaks_of("02:00 30; 23:30 10 min", 1_320) == ((90, 10), (240, 30))
    with pytest.raises(InvalidInput):
        breaks_of("25:00 10", 0)
    assert date(2026, 11, 21) == TODAY
