"""Policy, duty, handover, messages, several at once, and the phone's code, as a person uses them."""

import pyotp
from sqlalchemy import select

from auth.permissions import Role
from data.store import tables as t
from domain.clock import HOUR
from services.escalation import Escalation
from tests import factories as f
from tests.pages.conftest import html_of

CASE, INBOX, POLICY, DUTY, HANDOVER, MESSAGES = (
    f"pages.decide.{name}:render" for name in ("case", "inbox", "policy", "duty", "handover", "messages")
)
ACCOUNT = "pages.account.own:render"


def button(test, label):
    return next(b for b in test.button if b.label == label)


def field(test, label):
    return next(i for i in (*test.text_input, *test.text_area) if i.label == label)


def rows(screens, table):
    with screens.database.read() as tx:
        return [dict(r) for r in tx.execute(select(table)).mappings()]


def open_case(screens, **changes):
    with screens.database.write() as tx:
        return f.case(tx, **changes)


def test_the_policy_says_who_decides_and_tries_its_scenarios(screens):
    html = html_of(screens.open(POLICY))
    for words in ("Very dear work needs four eyes", "all as expected", "supervisor", "Quiet hours 22:00"):
        assert words in html


def test_a_change_of_the_policy_is_proposed_and_put_in_force_by_another(screens, somebody):
    planner, manager = somebody("eve", [Role.MAINTENANCE_PLANNER]), somebody("max", [Role.PLANT_MANAGER])
    test = screens.open(POLICY, planner)
    text = field(test, "Policy file")
    text.set_value(text.value.replace("supervisor: 4000", "supervisor: 1000")).run()
    field(test, "Why").set_value("too many small ones").run()
    button(test, "Propose").click().run()
    assert [r["state"] for r in rows(screens, t.policies)] == ["proposed"]
    other = screens.open(POLICY, manager)
    assert "+  supervisor: 1000" in html_of(other)
    next(r for r in other.radio if r.label == "Your decision").set_value(True)
    field(other, "Your password").set_value(f.PASSWORD)
    button(other, "Sign").click().run()
    assert [r["state"] for r in rows(screens, t.policies)] == ["active"]


def test_who_is_entered_is_on_duty(screens):
    test = screens.open(DUTY)
    assert "Nobody is entered" in html_of(test)
    next(s for s in test.selectbox if s.label == "Person").set_value(screens.supervisor.account_id)
    button(test, "Enter").click().run()
    assert "Supervisor North" in html_of(test) and len(rows(screens, t.duties)) == 1


def test_the_handover_is_signed(screens):
    open_case(screens)
    with screens.database.write() as tx:
        tx.execute(
            t.shifts.insert().values(
                instance="line-1", shift_id="s", line_id="north/machining/line-1", name="Late",
                start_us=f.NOW - HOUR, end_us=f.NOW + HOUR, break_s=0, frozen_us=f.NOW, updated_us=f.NOW,
            )
        )  # fmt: skip
    test = screens.open(HANDOVER)
    assert "To decide" in html_of(test)
    field(test, "Remarks for the next shift").set_value("belt squeaks").run()
    field(test, "Your password").set_value(f.PASSWORD)
    button(test, "Sign and hand over").click().run()
    (row,) = rows(screens, t.handovers)
    assert row["remarks"] == "belt squeaks" and "Signed by Supervisor North" in html_of(test)


def test_a_case_is_put_aside_and_leaves_the_list(screens):
    open_case(screens)
    test = screens.open(CASE, case="2211")
    button(test, "Put aside").click().run()
    field(test, "Why").set_value("after the break").run()
    button(test, "Put aside now").click().run()
    html = html_of(screens.open(INBOX))
    assert "Nothing waits for a decision." in html and "Put aside" in html


def test_messages_are_shown_and_count_as_read(screens):
    open_case(screens)
    Escalation(screens.database).turn()
    assert "new message" in html_of(screens.open(INBOX))
    assert "This case waits for a decision" in html_of(screens.open(MESSAGES))
    assert "No new message" in html_of(screens.open(MESSAGES))


def test_small_cases_are_approved_together(screens):
    for number in (1, 2):
        open_case(screens, number=number, evidence=f.evidence(probability=0.3).to_json())
    test = screens.open(INBOX)
    for box in test.checkbox:
        box.set_value(True)
    field(test, "Your password").set_value(f.PASSWORD)
    button(test, "Sign and release those chosen").click().run()
    assert {r["state"] for r in rows(screens, t.cases)} == {"approved"}


def test_the_phone_is_set_up_and_then_asked_for(screens):
    test = screens.open(ACCOUNT)
    field(test, "Your password").set_value(f.PASSWORD)
    button(test, "Set it up").click().run()
    assert '<img class="tw-qr"' in html_of(test)
    (row,) = rows(screens, t.second_factors)
    secret = screens.database.seal.open(row["secret"], row["account_id"])
    field(test, "Code").set_value(pyotp.TOTP(secret).now())
    button(test, "Confirm").click().run()
    assert rows(screens, t.second_factors)[0]["confirmed"]
    open_case(screens)
    card = screens.open(CASE, case="2211")
    button(card, "Approve and sign").click().run()
    assert field(card, "Code from your phone")


def test_an_empty_list_of_sent_orders_says_so(screens):
    test = screens.open("pages.decide.sent:render")
    html = html_of(test)
    for words in ("No order was sent in this time", "No order was refused", "The ERP has told no stock yet"):
        assert words in html
