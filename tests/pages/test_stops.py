"""The stops screen: two taps, nothing hidden leaks, and the screens about reasons."""

import pytest
from sqlalchemy import select, update

from auth.permissions import Role
from data.store import tables as t
from domain.clock import HOUR, SECOND
from domain.stops import is_hidden
from domain.time_model import Span
from services.stops.guessing import guess_due
from tests import factories as f
from tests.pages.conftest import Screens, html_of
from tests.services.reports import plant
from tests.services.stops.reasons_kit import Says, registered

STOPS, RULES = "pages.floor.stops:render", "pages.improve.stop_rules:render"
REASONS, FACTS = "pages.improve.reasons:render", "pages.improve.facts:render"
SHIFT = f.NOW - 5 * HOUR


@pytest.fixture
def screens(database) -> Screens:
    """The line of the reports' tests, moved so that the machines stood two hours ago."""
    with database.write() as tx:
        plant.build(tx)
        moved = f.NOW - 5 * HOUR - plant.DAY_BEFORE.from_us
        c, s = t.counts.c, t.states.c
        tx.execute(update(t.counts).values(bucket_us=c.bucket_us + moved))
        tx.execute(update(t.states).values(source_us=s.source_us + moved))
        for table in (t.downtimes, t.operations, t.shifts):
            tx.execute(update(table).values(start_us=table.c.start_us + moved, end_us=table.c.end_us + moved))
        tx.execute(t.downtimes.delete())
        supervisor = f.account(tx, name="Supervisor North")
    return Screens(database, supervisor)


@pytest.fixture
def olaf(somebody):
    return somebody("olaf", [Role.OPERATOR], [plant.LINE])


def hide(screens, hidden: bool) -> None:
    at = SHIFT + 2 * HOUR
    while any(is_hidden(f"{unit}|{at}") is not hidden for unit in (plant.FIRST, plant.LAST)):
        at += SECOND
    with screens.database.write() as tx:
        tx.execute(update(t.states).where(t.states.c.state == plant.ABORTED).values(source_us=at))


def tap(test, label):
    next(b for b in test.button if b.label == label).click().run()
    return test


def said(screens) -> list[str]:
    with screens.database.read() as tx:
        return list(tx.execute(select(t.stop_acts.c.reason).order_by(t.stop_acts.c.wall_us)).scalars())


def test_a_model_s_proposal_is_shown_with_its_chance_and_what_contributed(screens, olaf):
    hide(screens, False)
    with screens.database.write() as tx:
        registered(tx)
        begins = tx.execute(select(t.states.c.source_us).where(t.states.c.state == plant.ABORTED)).scalar()
    model = Says("tool", 0.87)
    guess_due(screens.database, [model], plant.LINE, Span(begins, f.NOW), f.NOW)
    html = html_of(screens.open(STOPS, olaf))
    assert "Tool change or wear, 87 %: the machine&#x27;s state (41 points)" in html
    assert "contributed; the pace just before (3 points) spoke against it." in html


def test_two_taps_name_a_stop_and_the_next_one_opens(screens, olaf):
    hide(screens, False)
    test = screens.open(STOPS, olaf)
    assert "2 stops without a reason" in html_of(test)
    tap(tap(test, "Machine"), "Tool change or wear")
    assert said(screens) == ["tool"] and "1 stop without a reason" in html_of(test)
    tap(test, "Yes: Breakdown")  # and one tap where the proposal is right
    assert said(screens) == ["tool", "breakdown"] and "every stop has a reason" in html_of(test)


def test_a_hidden_proposal_is_nowhere_on_the_screen(screens, olaf):
    hide(screens, True)
    test = screens.open(STOPS, olaf)
    assert "Proposed" not in html_of(test) and not [b for b in test.button if b.label.startswith("Yes")]
    with screens.database.write() as tx:
        tx.execute(t.stop_draws.delete())  # as if these were other stops, that nobody looked at yet
    hide(screens, False)
    assert "Proposed" in html_of(screens.open(STOPS, olaf))


def test_a_stop_is_split_and_taken_back(screens, olaf):
    test = tap(screens.open(STOPS, olaf), "Split here")
    assert "split it" in html_of(test)
    assert len(test.radio[0].options) == 2
    tap(test, "Take the last act back")
    assert "took the last act back" in html_of(test) and not test.radio


def test_who_may_not_sees_no_buttons(screens, somebody):
    test = screens.open(STOPS, somebody("ada", [Role.ADMINISTRATOR]))
    assert [i.value for i in test.info] == [
        "You cannot change this stop: you may look at stops, not name them."
    ]
    assert not [b for b in test.button if b.label == "Machine"]


def test_a_machine_s_name_is_never_html(screens, olaf):
    with screens.database.write() as tx:
        tx.execute(update(t.equipment).where(t.equipment.c.level == "unit").values(name="<b>x</b>"))
    html = html_of(screens.open(STOPS, olaf))
    assert "&lt;b&gt;x" in html and "<b>x</b>" not in html


def test_the_shares_are_shown(screens, olaf):
    hide(screens, False)
    tap(screens.open(STOPS, olaf), "Yes: Breakdown")
    html = html_of(screens.open(REASONS))
    assert "50 % of 2 stops have no reason" in html and "1 of 1" in html
    assert "Too few named stops yet" in html


def test_a_planner_adds_a_reason_and_a_manager_sets_a_limit(screens, somebody, olaf):
    paul = somebody("paul", [Role.MAINTENANCE_PLANNER])
    test = screens.open(RULES, paul)
    by_label = {i.label: i for i in test.text_input}
    by_label["Code, small letters and underscores, for ever"].set_value("jam")
    by_label["Name"].set_value("Jam at the infeed")
    next(s for s in test.selectbox if s.label == "In the group").set_value("machine")
    tap(test, "Save")
    assert "Jam at the infeed" in html_of(test)
    test = screens.open(RULES, somebody("mia", [Role.PLANT_MANAGER]))
    next(i for i in test.text_input if i.label == "Why").set_value("agreed with the line")
    tap(test, "Set from now on")
    assert "agreed with the line" in html_of(test)
    assert not screens.open(RULES, olaf).button
    test = tap(screens.open(STOPS, olaf), "Machine")
    assert "Jam at the infeed" in [b.label for b in test.button]


def test_the_facts_are_a_table(screens, olaf):
    html = html_of(screens.open(FACTS, olaf))
    assert "Reason of a stop" in html and "12 hours after the stop ended" in html
