"""Targets with dates, on the screen and in the figures."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from auth.permissions import Role
from data.store import tables as t
from domain.clock import DAY, Clock, wall_us
from domain.errors import Conflict, Forbidden, InvalidInput, NotNow
from domain.shift_calendar import at_minute, local_day
from services import clocks
from services.commands.figures import FigureCommands
from services.floor import facts
from tests import factories as f
from tests.pages.conftest import html_of

TARGETS = "pages.improve.targets:render"
LINE, BERLIN = "north/machining/line-1", "Europe/Berlin"
TOMORROW = local_day(f.NOW, BERLIN) + timedelta(days=1)


@pytest.fixture
def mia(somebody):
    return somebody("mia", [Role.PLANT_MANAGER])


def fill(test, value, why="agreed"):
    next(s for s in test.selectbox if s.label == "For").set_value(LINE)
    next(n for n in test.number_input if n.label == "Target, %").set_value(value)
    next(i for i in test.text_input if i.label.startswith("Why (kept")).set_value(why)
    next(b for b in test.button if b.label == "Set the target").click().run()
    return test


def test_a_manager_sets_a_target_from_a_day_on(screens, mia):
    test = fill(screens.open(TARGETS, mia), 81.5)
    html = html_of(test)
    assert "81.5 %" in html and TOMORROW.isoformat() in html and "to come" in html and "agreed" in html
    assert [s.value for s in test.success] == [f"OEE of Line 1 (line): 81.5 % from {TOMORROW} on."]
    with screens.database.read() as tx:
        assert tx.execute(select(t.targets.c.valid_from_us)).scalar() == at_minute(TOMORROW, 0, BERLIN)


def test_no_version_is_overwritten_and_one_to_come_can_be_taken_back(screens, mia):
    test = fill(screens.open(TARGETS, mia), 81.5)
    fill(test, 70.0)
    assert [e.value for e in test.error] == ["A target holds from that day on already; take it back first."]
    pick = next(s for s in test.selectbox if s.label == "Target")
    pick.set_value(pick.options[0])
    next(i for i in test.text_input if i.label == "Why").set_value("typed wrongly")
    next(b for b in test.button if b.label == "Take back").click().run()
    html = html_of(test)
    assert "took back a target" in html and "typed wrongly" in html and "Nobody has set a target" in html


def test_a_reason_is_asked_for_beside_its_field_and_others_see_no_form(screens, mia):
    test = fill(screens.open(TARGETS, mia), 81.5, why=" ")
    assert [e.value for e in test.error] == ["Please write a few words."]
    assert not list(screens.open(TARGETS).button)


def test_versions_follow_each_other_and_the_floor_shows_the_one_in_force(screens, mia):
    commands, line = FigureCommands(screens.database), LINE
    for value, at in ((0.7, f.NOW - 9 * DAY), (0.8, f.NOW - 2 * DAY), (0.9, f.NOW + DAY)):
        with screens.database.write() as tx:
            clocks.write(tx, "north", Clock(min(at, f.NOW), wall_us(), 1e-6))
        commands.set_target(mia, line, "oee", value, at)
    html = html_of(screens.open(TARGETS, mia))
    order = [html.index(word) for word in ("80.0 %", "90.0 %", "70.0 %")]
    assert order == sorted(order) and "past" in html and "in force" in html and "80 % \u2192 oee 90 %" in html
    with screens.database.read() as tx:
        nodes = facts.nodes(tx, line, "line")
        assert [
            facts.aimed(facts.aims(tx, nodes), nodes, f.NOW + k * DAY)[0].target for k in (-20, -5, 0, 2)
        ] == [
            None,
            0.7,
            0.8,
            0.9,
        ]
    with pytest.raises(NotNow):
        commands.take_back_target(mia, line, "oee", f.NOW - 2 * DAY, "no")
    with pytest.raises(Conflict):
        commands.set_target(mia, line, "oee", 0.85, f.NOW + DAY)
    with pytest.raises(InvalidInput, match="today or later"):
        commands.set_target(mia, line, "oee", 0.85, f.NOW - 3 * DAY)
    with pytest.raises(Forbidden):
        commands.take_back_target(screens.supervisor, line, "oee", f.NOW + DAY, "no")
