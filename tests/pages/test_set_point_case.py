"""The card of a set point: what is expected, the limits, another value, and nothing of faults."""

import pytest

from auth.permissions import Role
from data.store import tables as t
from services.commands.process import ProcessCommands
from tests.factories import PASSWORD
from tests.pages.conftest import html_of
from tests.services.process.case_kit import asked_values, cases, champion, look, said
from tests.services.process.kit import FORCE, LINE, SPEED, press, ran

CASE, INBOX = "pages.decide.case:render", "pages.decide.inbox:render"


@pytest.fixture
def number(screens) -> str:
    """The number of the case of a press."""
    with screens.database.write() as tx:
        unit = press(tx)
        ran(tx, unit, 1, {FORCE: 420.0, SPEED: 280.0}, set_point=420.0)
        champion(tx)
        tx.execute(
            t.products.insert().values(instance="line-2", product_id="P-201", name="Cup", updated_us=1)
        )
    set_limits = ProcessCommands(screens.database).set_limits
    set_limits(screens.supervisor, LINE, "P-201", FORCE, 400.0, 445.0, "T-17", "trial")
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
        "\u22121.20 points", "T-17, entered by Supervisor North for the whole line", "400 to 445 kN",
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
