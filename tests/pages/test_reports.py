"""The reports and schedules screens."""

import pytest

from auth.permissions import Role
from data.store import tables as t
from tests import factories as f
from tests.pages.conftest import Screens, html_of
from tests.services.reports import plant

REPORTS, SCHEDULES = "pages.improve.reports:render", "pages.improve.schedules:render"


@pytest.fixture
def screens(database) -> Screens:
    with database.write() as tx:
        plant.build(tx)
        supervisor = f.account(tx, name="Supervisor North")
        plant.decided_case(tx, supervisor.account_id)
    return Screens(database, supervisor)


def test_the_last_day_that_ended_is_shown_and_a_name_is_never_html(screens):
    with screens.database.write() as tx:
        tx.execute(t.equipment.update().where(t.equipment.c.level == "unit").values(name="<b>=x</b>"))
    html = html_of(screens.open(REPORTS))
    assert "Plant North, Friday, 20 November 2026: OEE" in html
    assert "&lt;b&gt;=x" in html and "<b>=x" not in html
    assert html.count("data:image/svg+xml;base64,") == 3


def test_a_report_that_is_not_over_says_so(screens):
    html = html_of(screens.open(REPORTS, kind="day", period="2026-11-21"))
    assert "Provisional.</b> The period is not over" in html


def test_the_address_chooses_place_kind_and_period(screens):
    html = html_of(screens.open(REPORTS, scope=plant.LINE, kind="week", period="2026-W47"))
    assert "Line 1, Week 47 of 2026" in html


def test_a_manager_schedules_and_removes(screens, somebody):
    mia = somebody("mia", [Role.PLANT_MANAGER])
    test = screens.open(SCHEDULES, mia)
    assert "No report comes by itself yet." in html_of(test)
    test.text_input[0].set_value("daily/north")
    next(b for b in test.button if b.label == "Schedule").click().run()
    assert "1 report comes by itself." in html_of(test) and "daily/north" in html_of(test)
    test = screens.open(SCHEDULES, mia)
    with screens.database.read() as tx:
        key = tx.execute(t.report_schedules.select()).mappings().one()["schedule_id"]
    next(s for s in test.selectbox if s.label == "Schedule").set_value(key).run()
    next(b for b in test.button if b.label == "Remove").click().run()
    assert "No report comes by itself yet." in html_of(test)


def test_a_wrong_folder_is_said(screens, somebody):
    test = screens.open(SCHEDULES, somebody("mia", [Role.PLANT_MANAGER]))
    test.text_input[0].set_value("../etc")
    next(b for b in test.button if b.label == "Schedule").click().run()
    assert "small letters" in test.error[0].value


def test_a_supervisor_sees_the_schedules_but_changes_none(screens):
    test = screens.open(SCHEDULES)
    assert not test.button and "No report comes by itself" in html_of(test)


def test_an_operator_sees_no_report(screens, somebody):
    test = screens.open(REPORTS, somebody("olaf", [Role.OPERATOR]))
    assert [i.value[-13:] for i in test.info] == ["(see reports)"]
