"""The card of a set point: what is expected, the limits, another value, and nothing of faults."""

from dataclasses import asdict

import pytest

from auth.permissions import Role
from data.store import tables as t
from domain.clock import DAY
from domain.cost_inputs import Rates
from services.commands.process import ProcessCommands
from tests import factories as f
from tests.factories import PASSWORD
from tests.kits.pen import SigningCommands
from tests.pages.conftest import html_of
from tests.services.process.case_kit import asked_values, cases, champion, look, said
from tests.services.process.kit import FORCE, LINE, SPEED, press, ran

TRUST = "pages.predict.trust:render"
HISTORY = "pages.decide.history:render"
CASE, INBOX = "pages.decide.case:render", "pages.decide.inbox:render"


@pytest.fixture
def number(screens, somebody) -> str:
    """The number of the case of a press."""
    with screens.database.write() as tx:
        unit = press(tx)
        ran(tx, unit, 1, {FORCE: 420.0, SPEED: 280.0}, set_point=420.0)
        champion(tx)
        tx.execute(
            t.products.insert().values(instance="line-2", product_id="P-201", name="Cup", updated_us=1)
        )
    set_limits = ProcessCommands(screens.database).set_limits
    set_limits(somebody("pia", [Role.PLANT_MANAGER]), LINE, "P-201", FORCE, 400.0, 445.0, "T-17", "trial")
    look(screens.database, said(unit))
    return str(cases(screens.database)[0]["number"])


def test_the_card_shows_what_is_expected_and_who_validated_the_limits(screens, somebody, number) -> None:
    inbox = html_of(screens.open(INBOX))
    assert "Move the blank holder force of Cup on Press 21 to 438 kN" in inbox
    assert "fewer bad parts expected" in inbox and "settings for P-201" in inbox
    test = screens.open(CASE, case=number)
    said_there = html_of(test)
    for words in (
        "contributed to the share of bad parts of Cup", "What is expected", "2.3 %", "1.1 %",
        "\u22121.20 points", "T-17, entered by Pia for the whole line", "400 to 445 kN",
        "180 operations of the product taught the model", "last 5 operations here", "MES line 2",
        "from its next order on", "I have checked the evidence and ask the MES to move this set point.",
        "Nothing is sent; the set point stays as it is.", "it is no proof",
    ):  # fmt: skip
        assert words in said_there, words
    assert "caus" not in said_there.lower().replace("because", "")
    labels = [b.label for b in test.button]
    assert "Approve with changes" in labels and "Reject" in labels
    assert "Record the finding" not in labels and "Act alone (emergency)" not in labels
    planner = screens.open(CASE, somebody("eve", [Role.MAINTENANCE_PLANNER]), case=number)
    assert "Your role lets you see and comment, not decide." in html_of(planner)


def test_what_it_saves_in_a_week_is_shown_with_how_it_is_counted(screens, somebody, number) -> None:
    card = html_of(screens.open(CASE, case=number))
    assert "what it saves is not counted" in card
    assert "What it saves is not counted: no cost of an hour is stated for this line." in card
    unit = cases(screens.database)[0]["equipment_id"]
    with screens.database.write() as tx:
        ran(tx, unit, 2, {FORCE: 420.0, SPEED: 280.0}, set_point=420.0, start_us=f.NOW - 10 * DAY)
        rate = {"instance": "line-2", "product_id": "P-201", "equipment_id": unit, "planned_cycle_s": 20.0}
        tx.execute(t.product_rates.insert().values(**rate, basis="planned", valid_from_us=1, updated_us=1))
        rates = asdict(Rates(downtime_cents_per_hour=360_000))
        tx.execute(t.cost_rates.insert().values(equipment_id=LINE, stated_us=f.NOW - DAY, **rates))
    look(screens.database, said(unit, to_value=432.0))
    card = html_of(screens.open(CASE, case=number))
    for words in (
        "saves about \u20ac 336 a week", "Saved in a week", "90 %: \u20ac 224 to \u20ac 420",
        "How it is counted", "All 4 figures it is counted from", "1,400 pieces", "\u20ac 20",
        "planned run time of 20.0 s on Press 21", "stated for Line 2",
    ):  # fmt: skip
        assert words in card, words
    inbox = html_of(screens.open(INBOX))
    assert "\u20ac 336" in inbox and "\u20ac 224 to \u20ac 420 a week" in inbox
    sue = screens.supervisor
    SigningCommands(screens.database).reject(
        sue, cases(screens.database)[0]["case_id"], 2, "act-00001", "not_convincing"
    )
    history = html_of(screens.open(HISTORY, span="all"))
    assert "\u20ac 336" in history and "a week" in history and "\u20ac 0" not in history


def test_whoever_entered_the_limits_reads_why_another_person_approves(screens, number) -> None:
    limits = ProcessCommands(screens.database)
    limits.set_limits(screens.supervisor, LINE, "P-201", FORCE, 400.0, 445.0, "T-18", "another trial")
    test = screens.open(CASE, case=number)
    assert (
        "Whoever entered the validated limits in force does not approve a move inside them; "
        "another person does." in html_of(test)
    )
    off = {b.label: b.disabled for b in test.button}
    assert off["Approve and sign"] and not off["Reject"] and "Approve with changes" not in off


def test_another_value_is_signed_inside_the_limits_only(screens, number) -> None:
    test = screens.open(CASE, case=number)
    next(b for b in test.button if b.label == "Approve with changes").click().run()
    field = next(n for n in test.number_input if n.label == "Blank holder force (kN)")
    field.set_value(450.0).run()
    sign(test)
    assert any("The validated limits are 400 to 445 kN" in one.value for one in (*test.error, *test.warning))
    next(n for n in test.number_input if n.label == "Blank holder force (kN)").set_value(430.0).run()
    sign(test)
    assert asked_values(screens.database, cases(screens.database)[0]) == [("queued", 430.0)]
    html = html_of(screens.open(CASE, case=number))
    assert "420 to 430 kN" in html and "approved, not sent yet" in html
    assert "Finding of the technician" not in html


def sign(test) -> None:
    next(i for i in test.text_input if i.label.startswith("Your password")).set_value(PASSWORD)
    next(b for b in test.button if b.label == "Sign and release with changes").click().run()


def test_the_card_and_trust_show_what_came_of_it(screens, somebody, number) -> None:
    manager = somebody("mia", [Role.PLANT_MANAGER])
    assert "None has been judged yet." in html_of(screens.open(TRUST, manager))
    judged(screens.database, change=-0.011, change_low=-0.016, change_high=-0.006, verdict="fewer")
    card = html_of(screens.open(CASE, case=number))
    for words in (
        "What came of it", "fewer bad parts", "\u22121.10 points", "90 %: \u22121.60 to \u22120.60",
        "\u22121.20 points", "10 operations, 10,000 parts", "closed, bad parts compared",
    ):  # fmt: skip
        assert words in card, words
    said_there = html_of(screens.open(TRUST, manager))
    assert "Set points moved on advice, last 90 days" in said_there
    assert "1 fewer bad parts; as expected in 1 of 1" in said_there and "process quality 7" in said_there
    judged(screens.database, verdict="unknown", change=None, change_low=None, change_high=None)
    said_there = html_of(screens.open(TRUST, manager))
    assert "1 too few operations to say" in said_there and "as expected in" not in said_there


def judged(database, **came) -> None:
    """The case is closed with what came of it."""
    (case,) = cases(database)
    row = {
        "case_id": case["case_id"], "judged_us": f.NOW, "judged_wall_us": 1, "to_value": 438.0,
        "before_operations": 10, "before_parts": 10_000.0, "before_bad": 230.0, "after_operations": 10,
        "after_parts": 10_000.0, "after_bad": 120.0, **came,
    }  # fmt: skip
    with database.write() as tx:
        tx.execute(t.set_point_outcomes.delete())
        tx.execute(t.set_point_outcomes.insert().values(**row))
        closed = {"state": "judged", "open_key": None, "closed_us": f.NOW, "decided_by": "x"}
        tx.execute(t.cases.update().values(**closed))
