"""Alarm limits on the screen: defined, changed by version, put back."""

from dataclasses import replace

from sqlalchemy import select

from auth.permissions import Role
from data.store import tables as t
from services.commands.alarms import AlarmCommands
from tests.pages.conftest import html_of
from tests.services.alarms.test_alarms import HOT, LINE

LIMITS = "pages.improve.alarm_limits:render"


def field(kind, label):
    return next(w for w in kind if w.label.startswith(label))


def press(test, label):
    field(test.button, label).click().run()
    return test


def defined(screens, **changes):
    commands = AlarmCommands(screens.database)
    return commands.define(screens.supervisor, replace(HOT, **changes), "for the test")


def test_a_supervisor_defines_an_alarm(screens):
    test = screens.open(LIMITS)
    assert "No alarm is set up here yet." in html_of(test)
    field(test.selectbox, "Machine").set_value(HOT.equipment_id)
    field(test.text_input, "Name").set_value("Too <hot>")
    field(test.selectbox, "Value").set_value("temperature")
    field(test.number_input, "Limit").set_value(80.0)
    field(test.number_input, "Raised after").set_value(30)
    field(test.text_input, "Why (kept").set_value("the drive tripped")
    press(test, "Add the alarm")
    assert [e.value for e in test.error] == [
        "An alarm has a name, a consequence and a response: else nobody needs it."
    ]
    field(test.text_input, "What happens").set_value("It trips")
    field(test.text_input, "What the operator").set_value("Slow down")
    html = html_of(press(test, "Add the alarm"))
    assert "Too &lt;hot&gt;" in html and "Temperature over 80.0 \u00b0C" in html and "for 30 s" in html
    assert "1 alarm</b>: 100 % low" in html and "It trips" in html and "Slow down" in html


def test_a_change_is_a_version_and_an_earlier_one_can_hold_again(screens):
    alarm = defined(screens)
    test = screens.open(LIMITS, alarm=alarm)
    field(test.number_input, "Limit").set_value(95.0)
    field(test.text_input, "Why (kept with this").set_value("measured anew")
    html = html_of(press(test, "Save a new version"))
    assert "Versions of Temperature high" in html and "over 95.0" in html and "over 80.0" in html
    assert "measured anew" in html and test.query_params["alarm"] == alarm
    field(test.text_input, "Why").set_value("x")
    next(i for i in test.text_input if i.label == "Why").set_value("95 was too late")
    html = html_of(press(test, "Go back"))
    assert [s.value for s in test.success] == ["Version 1 holds again."] and "95 was too late" in html
    with screens.database.read() as tx:
        d = t.alarm_definitions.c
        rows = tx.execute(select(d.version, d.limit_value).order_by(d.version)).all()
    assert [tuple(row) for row in rows] == [(1, 80.0), (2, 95.0), (3, 80.0)]


def test_the_list_is_filtered_by_the_address_and_operators_see_no_form(screens, somebody):
    defined(screens)
    olaf = somebody("olaf", [Role.OPERATOR])
    test = screens.open(LIMITS, olaf, priority="low", line=LINE)
    assert "Temperature high" in html_of(test) and not list(test.button)
    assert test.query_params["priority"] == "low" and test.query_params["line"] == LINE
    assert "No alarm fits" in html_of(screens.open(LIMITS, olaf, priority="high"))
    ann = somebody("ann", [Role.OPERATOR], ["north/forming"])
    assert "Temperature high" not in html_of(screens.open(LIMITS, ann))


def test_an_operator_position_is_named_and_the_audit_keeps_it(screens):
    test = screens.open(LIMITS)
    field(test.selectbox, "It answers for").set_value(LINE)
    field(test.text_input, "Name of the position").set_value("Cell leader")
    form = [i for i in test.text_input if i.label.startswith("Why (kept in the record")]
    form[0].set_value("one person for the line")
    press(test, "Save the position")
    with screens.database.read() as tx:
        assert tx.execute(select(t.operator_positions.c.name)).scalars().all() == ["Cell leader"]
        assert "named an operator position" in tx.execute(select(t.audit.c.action)).scalars().all()
    defined(screens)
    assert "Cell leader" in html_of(screens.open(LIMITS))
