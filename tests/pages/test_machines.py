"""Machines in the plant and out of it, on the screen."""

import pytest

from auth.permissions import Role
from domain.clock import HOUR
from services.commands.plant import PlantCommands
from services.floor import plant
from services.floor.line import read as line_of
from services.floor.machine import read as machine_of
from services.rows.floor import Window
from tests import factories as f
from tests.pages.conftest import html_of

MACHINES = "pages.improve.machines:render"
LINE = "north/machining/line-1"


@pytest.fixture
def mia(somebody):
    return somebody("mia", [Role.PLANT_MANAGER])


def fill(test, label, button, why):
    form = 0 if button == "Take out of the plant" else 1
    pick = [s for s in test.selectbox if s.label == "Machine"][form]
    if label:
        pick.set_value(label)
    [i for i in test.text_input if i.label.startswith("Why (kept")][form].set_value(why)
    next(b for b in test.button if b.label == button).click().run()
    return test


def test_a_manager_takes_a_machine_out_and_puts_it_back(screens, mia):
    test = screens.open(MACHINES, mia)
    assert "1 machine in the plant." in html_of(test)
    fill(test, "Line 1, CNC-11", "Take out of the plant", "sold")
    assert next(s.value for s in test.success).startswith("CNC-11 is out of the plant.")
    html = html_of(test)
    assert "0 machines in the plant, 1 taken out." in html and "sold" in html and "out since" in html
    fill(test, "Line 1, CNC-11", "Put back", "bought again")
    assert [e.value for e in test.error] == ["It was taken out later than that; choose a later moment."]


def test_a_machine_and_a_reason_are_asked_for_and_others_see_no_form(screens, mia):
    test = fill(screens.open(MACHINES, mia), "", "Take out of the plant", "sold")
    assert [e.value for e in test.error] == ["Please choose a machine."]
    test = fill(screens.open(MACHINES, mia), "Line 1, CNC-11", "Take out of the plant", " ")
    assert [e.value for e in test.error] == ["Please write a few words."]
    assert not list(screens.open(MACHINES).button)


def test_the_floor_shows_no_machine_as_live_that_is_out(screens, mia):
    with screens.database.write() as tx:
        f.machine(tx, f.CNC.replace("11", "12"), "CNC-12")
    PlantCommands(screens.database).take_out(mia, f.CNC, f.NOW - HOUR, "sold")
    ask = plant.Request(LINE, Window.SHIFT, f.NOW)
    with screens.database.read() as tx:
        assert [u.unit.name for u in line_of(tx, ask).units] == ["CNC-12"]
        week = plant.Request(LINE, Window.WEEK, f.NOW)
        assert [u.unit.name for u in line_of(tx, week).units] == ["CNC-11", "CNC-12"]
        assert machine_of(tx, plant.Request(f.CNC, Window.SHIFT, f.NOW)).out_us == f.NOW - HOUR
