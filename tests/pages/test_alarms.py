"""Alarms on the screen."""

from dataclasses import replace

from sqlalchemy import select

from auth.permissions import Role
from components.alarms import journal_csv
from data.store import tables as t
from domain.clock import DAY, HOUR, SECOND
from services.alarms.watch import AlarmWatch
from services.commands.alarms import AlarmCommands
from tests import factories as f
from tests.pages.conftest import SITE, html_of
from tests.services.alarms.test_alarms import HOT, LINE

ALARMS, FIGURES = "pages.floor.alarms:render", "pages.floor.alarm_figures:render"


def raised(screens, **changes):
    commands = AlarmCommands(screens.database)
    with screens.database.write() as tx:
        row = {"position_id": LINE, "name": "Line 1", "equipment_id": LINE}
        tx.execute(t.operator_positions.insert().values(**row))
        f.readings(tx, f.CNC, "temperature", [(f.NOW - HOUR, 50.0), (f.NOW - 60 * SECOND, 90.0)])
    wanted = replace(HOT, on_delay_s=0, **changes)
    alarm = commands.define(screens.supervisor, wanted, "for the test", from_us=f.NOW - 2 * HOUR)
    AlarmWatch(screens.database).turn("north", f.NOW)
    return alarm


def press(test, label):
    next(b for b in test.button if b.label == label).click().run()


def test_an_alarm_is_shown_with_what_to_do_and_acknowledged_with_name_and_note(screens):
    alarm = raised(screens, name="Temperature <high>")
    test = screens.open(ALARMS)
    html = html_of(test)
    assert "1 alarm waits to be acknowledged" in html and "Temperature &lt;high&gt;" in html
    assert "Slow down" in html and "over 80" in html and "low" in html
    test.multiselect[0].set_value([alarm])
    next(i for i in test.text_input if i.label.startswith("Note")).set_value("fan cleaned")
    press(test, "Acknowledge")
    html = html_of(test)
    assert "No alarm waits for you." in html and "Supervisor North" in html and "fan cleaned" in html


def test_shelving_wants_a_reason_and_shows_until_when(screens):
    alarm = raised(screens)
    test = screens.open(ALARMS)
    pick = next(s for s in test.selectbox if s.label == "Alarm")
    pick.set_value(alarm)
    press(test, "Do it")
    assert [w.value for w in test.warning] == ["Please write a few words."]
    pick = next(s for s in test.selectbox if s.label == "Alarm")
    pick.set_value(alarm)
    next(i for i in test.text_input if i.label.startswith("Why")).set_value("sensor is changed")
    press(test, "Do it")
    html = html_of(test)
    assert "shelved" in html and "sensor is changed" in html and "Nothing beyond its limit" in html
    assert (
        next(i for i in test.text_input if i.label.startswith("Why")).value == ""
    )  # used up, and empty again
    with screens.database.read() as tx:
        kept = tx.execute(select(t.drafts.c.uses).where(t.drafts.c.subject == "why:shelve")).scalars().all()
    assert kept == [1]


def test_model_alerts_stand_apart_and_an_empty_list_says_so(screens, somebody):
    with screens.database.write() as tx:
        f.prediction(tx)
    html = html_of(screens.open(ALARMS))
    assert "No alarm is set up here yet." in html
    assert "A risk is an alert, not an alarm" in html and "CNC-11" in html
    ann = somebody("ann", [Role.OPERATOR], ["north/forming"])
    assert "CNC-11" not in html_of(screens.open(ALARMS, ann))


def test_figures_stand_beside_their_targets(screens):
    raised(screens)
    html = html_of(screens.open(FIGURES))
    assert "alarms in 10 minutes on average" in html and "under 5" in html and "about 80 %" in html
    assert "Temperature high" in html and "came" in html


def test_an_alarm_without_a_value_is_shown_as_stale(screens):
    raised(screens)
    AlarmWatch(screens.database).turn("north", f.NOW + HOUR)
    html = html_of(screens.open(ALARMS))
    assert "Stale: 1 alarm without a value" in html and ", stale" in html


def test_figures_of_several_positions_are_judged_by_the_worst(screens):
    raised(screens)
    e = {"equipment_id": f.CNC, "event": "activated", "asks": True, "priority": "low", "wall_us": 0}
    with screens.database.write() as tx:
        for n in range(12):
            row = {"alarm_id": f"a{n}", "position_id": "other", "at_us": f.NOW - HOUR + n}
            tx.execute(t.alarm_events.insert().values(**e, **row, actor="", note=""))
    html = html_of(screens.open(FIGURES))
    assert "at other, the busiest position" in html and "By operator position" in html
    assert "rates of the worst position" in html and "1 flood." in html


def test_the_journal_is_shown_page_by_page_and_whole_in_the_file(screens):
    alarm = raised(screens)
    line = {
        "alarm_id": alarm, "equipment_id": f.CNC, "position_id": LINE, "priority": "low", "asks": True,
        "event": "activated", "wall_us": 0, "actor": "", "value": 90.0,
    }  # fmt: skip
    with screens.database.write() as tx:
        rows = [{**line, "at_us": f.NOW - HOUR - k * SECOND, "note": f"word-{k:03}"} for k in range(149)]
        tx.execute(t.alarm_events.insert(), rows)
    test = screens.open(FIGURES)
    assert "150 lines" in html_of(test) and "word-048" in html_of(test) and "word-049" not in html_of(test)
    press(test, "Older")
    press(test, "Older")
    assert "word-148" in html_of(test) and "word-048" not in html_of(test)
    assert [c.value for c in test.caption] == ["101 to 150 of 150"]
    query = screens.desk_of(screens.supervisor, SITE).queries.alarms
    text = journal_csv(query.journal("", f.NOW - DAY, f.NOW), SITE).decode()
    assert len(text.strip().splitlines()) == 151
