"""The inbox, the card with its decision, and the history, as a person uses them."""

from datetime import time

import pytest
from sqlalchemy import select, update

from auth.permissions import Role
from data.store import tables as t
from domain.clock import MINUTE
from services.commands.cases import CaseCommands
from tests import factories as f
from tests.kits.pen import TYPED
from tests.pages.conftest import html_of

CASE, INBOX, HISTORY = (f"pages.decide.{name}:render" for name in ("case", "inbox", "history"))


def button(test, label):
    return next(b for b in test.button if b.label == label)


def labels(test):
    return [b.label for b in test.button]


def open_case(screens, **changes):
    with screens.database.write() as tx:
        return f.case(tx, **changes)


def states(screens):
    with screens.database.read() as tx:
        case = tx.execute(select(t.cases.c.state)).scalar_one()
        outbox = list(tx.execute(select(t.outbox.c.queue).order_by(t.outbox.c.queue)).scalars())
    return case, outbox


def sign(test, password=f.PASSWORD):
    field = next(i for i in test.text_input if i.label == "Your password")
    field.set_value(password)
    submit = next(b for b in test.button if b.label.startswith("Sign and"))
    return submit.click().run()


def test_an_empty_inbox_says_so(screens):
    html = html_of(screens.open(INBOX))
    assert "Nothing waits for a decision." in html
    assert "New advice appears here by itself" in html


def test_the_inbox_says_what_waits_and_links_to_it(screens):
    open_case(screens)
    html = html_of(screens.open(INBOX))
    assert "1 case waits for a decision" in html and "1 for you, worth about \u20ac 2,180" in html
    assert 'href="/case?case=2211"' in html


def test_the_address_remembers_the_line(screens):
    open_case(screens)
    test = screens.open(INBOX, line="north/machining/line-1")
    assert test.selectbox[0].value == "north/machining/line-1"
    test.selectbox[0].set_value("").run()
    assert "line" not in test.query_params


def test_the_card_offers_equal_acts_and_no_form_is_open(screens):
    open_case(screens)
    test = screens.open(CASE, case="2211")
    assert labels(test)[:3] == ["Approve and sign", "Approve with changes", "Reject"]
    assert labels(test)[3:] == ["Put aside", "Give to", "Second opinion", "Comment"]
    assert not test.text_input and not test.text_area
    html = html_of(test)
    for words in ("What speaks against it", "Choices: expected cost", "What will be sent", "decide within"):
        assert words in html


def test_approving_needs_the_password_and_releases_the_orders(screens):
    open_case(screens)
    test = screens.open(CASE, case="2211")
    button(test, "Approve and sign").click().run()
    sign(test, "wrong")
    assert [w.value for w in test.warning] == ["The password is wrong; nothing was signed."]
    assert states(screens) == ("seen", [])
    sign(test)
    assert states(screens) == ("approved", ["erp.stock", "mes.line-1"])
    html = html_of(test)
    assert "Orders and receipts" in html and "Supervisor North" in html
    assert labels(test) == ["Take back", "Comment", "Your view"]


def test_rejecting_wants_a_reason(screens):
    open_case(screens)
    test = screens.open(CASE, case="2211")
    button(test, "Reject").click().run()
    sign(test)
    assert "Please choose a reason." in [w.value for w in test.warning]
    next(s for s in test.selectbox if s.label == "Reason").set_value("sensor_wrong").run()
    sign(test)
    assert states(screens) == ("rejected", [])
    assert "Rejected by Supervisor North: A sensor is wrong" in html_of(test)


def test_somebody_was_faster(screens, somebody):
    case_id = open_case(screens)
    test = screens.open(CASE, case="2211")
    button(test, "Approve and sign").click().run()
    other = somebody("pam", [Role.PLANT_MANAGER])
    CaseCommands(screens.database).reject(
        other, case_id, 1, "act-of-pam", "production_first", credential=TYPED
    )
    sign(test)
    said = [w.value for w in test.warning]
    assert len(said) == 1 and "Pam decided first" in said[0] and "rejected" in said[0]
    assert states(screens) == ("rejected", [])


def test_what_is_typed_is_kept_on_the_server(screens):
    open_case(screens)
    test = screens.open(CASE, case="2211")
    button(test, "Reject").click().run()
    test.text_area[0].set_value("the belt was changed on Mon").run()
    again = screens.open(CASE, case="2211")
    button(again, "Reject").click().run()
    assert again.text_area[0].value == "the belt was changed on Mon"


def test_a_form_with_words_is_open_again_after_the_way_back(screens):
    open_case(screens)
    test = screens.open(CASE, case="2211")
    button(test, "Comment").click().run()
    test.text_area[0].set_value("heard it").run()
    assert test.query_params["form"] == "comment.1"
    again = screens.open(CASE, case="2211", form="comment.1")
    assert again.text_area[0].value == "heard it"
    button(again, "Add comment").click().run()
    assert "form" not in again.query_params and not again.text_area
    button(again, "Comment").click().run()
    assert again.text_area[0].value == ""


def test_words_under_a_closed_form_are_told(screens):
    open_case(screens)
    test = screens.open(CASE, case="2211")
    button(test, "Reject").click().run()
    test.text_area[0].set_value("the belt").run()
    again = screens.open(CASE, case="2211")
    assert not again.text_area
    assert "Your unfinished words are kept under: Reject." in [c.value for c in again.caption]


@pytest.mark.parametrize("form", ["wake.1", "approve.1", "nonsense", "reject", "reject.x", "undo.1"])
def test_an_address_opens_no_form_that_could_act(screens, form):
    open_case(screens)
    test = screens.open(CASE, case="2211", form=form)
    assert not test.exception and not test.text_area and not test.text_input


def test_an_expired_case_says_why_and_can_only_be_rejected(screens):
    open_case(screens, deadline_us=f.NOW - MINUTE)
    test = screens.open(CASE, case="2211")
    assert labels(test) == ["Approve and sign", "Reject", "Comment"]
    off = button(test, "Approve and sign")
    assert off.disabled and off.help == "The time to decide is over; the advice has expired."
    assert off.help in html_of(test)


def test_stale_advice_turns_an_open_approval_off(screens):
    open_case(screens)
    test = screens.open(CASE, case="2211")
    button(test, "Approve and sign").click().run()
    assert any(i.label == "Your password" for i in test.text_input)
    with screens.database.write() as tx:
        tx.execute(update(t.cases).values(evidence_us=f.NOW - 91 * MINUTE))
    test.run()
    assert button(test, "Approve and sign").disabled and not test.text_input
    assert any("91 min old" in w.value for w in test.warning)


def test_an_operator_has_no_decision_buttons(screens, somebody):
    open_case(screens)
    test = screens.open(CASE, somebody("tom", [Role.OPERATOR]), case="2211")
    assert labels(test) == ["Comment"]
    assert "Your role lets you see and comment, not decide." in html_of(test)


def test_a_comment_is_in_the_course(screens):
    open_case(screens)
    test = screens.open(CASE, case="2211")
    button(test, "Comment").click().run()
    test.text_area[0].set_value("heard it <b>too</b>").run()
    button(test, "Add comment").click().run()
    assert "Supervisor North: heard it &lt;b&gt;too&lt;/b&gt;" in html_of(test)


def test_a_technician_records_the_finding(screens, somebody):
    open_case(screens, state="done", decided_by="x", decided_us=f.NOW)
    test = screens.open(CASE, somebody("tess", [Role.TECHNICIAN]), case="2211")
    assert labels(test)[:3] == ["It had failed", "Badly worn", "Clearly worn"]
    button(test, "Clearly worn").click().run()
    button(test, "Worn bearing").click().run()
    assert states(screens)[0] == "judged"
    assert "the part was worn (bearing)" in html_of(test)


def test_a_view_is_kept_apart_from_findings(screens, somebody):
    case_id = open_case(screens, state="done", decided_by="x", decided_us=f.NOW)
    test = screens.open(CASE, somebody("tess", [Role.OPERATOR]), case="2211")
    button(test, "Your view").click().run()
    button(test, "It looks wrong").click().run()
    with screens.database.read() as tx:
        assert list(tx.execute(select(t.verdict_views.c.case_id, t.verdict_views.c.looks_right))) == [
            (case_id, False)
        ]
    assert states(screens)[0] == "done"


def test_a_finding_without_a_fault_is_two_taps_too(screens, somebody):
    open_case(screens, state="done", decided_by="x", decided_us=f.NOW)
    test = screens.open(CASE, somebody("tess", [Role.TECHNICIAN]), case="2211")
    button(test, "Nothing found").click().run()
    assert states(screens)[0] == "done"  # the first tap records nothing yet
    button(test, "Nothing is wrong").click().run()
    assert states(screens)[0] == "judged"


def test_before_the_work_is_reported_done_a_finding_is_one_click_away(screens, somebody):
    open_case(screens, state="accepted", decided_by="x", decided_us=f.NOW)
    test = screens.open(CASE, somebody("tess", [Role.TECHNICIAN]), case="2211")
    assert "Clearly worn" not in labels(test)
    button(test, "Record the finding").click().run()
    assert "Clearly worn" in labels(test)


def test_a_case_of_another_place_does_not_exist(screens, somebody):
    open_case(screens)
    test = screens.open(CASE, somebody("tom", [Role.SUPERVISOR], ["north/forming"]), case="2211")
    assert [i.value for i in test.info] == ["no case 2211"]


@pytest.mark.parametrize("asked", ["", "abc", "-1"])
def test_an_address_without_a_case(screens, asked):
    query = {"case": asked} if asked else {}
    assert "Choose a case in the inbox." in html_of(screens.open(CASE, **query))


def test_names_from_outside_are_text(screens):
    with screens.database.write() as tx:
        f.machine(tx, f.PRESS, name="<script>x</script>", machine_type="press")
        f.case(tx, f.PRESS, title="<img src=x onerror=y>")
    for screen, query in ((CASE, {"case": "2211"}), (INBOX, {})):
        html = html_of(screens.open(screen, **query))
        assert "<script>" not in html and "<img src=x" not in html


def test_the_history_filters_and_offers_a_download(screens):
    done = {"decided_by": screens.supervisor.account_id, "decided_us": f.NOW, "open_key": None}
    open_case(screens, number=1, state="rejected", reason="no part", **done)
    open_case(screens, number=2, state="done", **done)
    test = screens.open(HISTORY)
    assert "2 cases:</b> 1 approved, 1 rejected, 0 ended" in html_of(test)
    test.selectbox(key="filter-state").set_value("rejected").run()
    assert "1 case:</b> 0 approved, 1 rejected" in html_of(test)
    assert test.query_params["state"] == "rejected"
    assert test.get("download_button")


def test_the_audit_of_a_case_that_was_asked_for(screens):
    case_id = open_case(screens)
    CaseCommands(screens.database).comment(screens.supervisor, case_id, "act-00000001", "so be it")
    html = html_of(screens.open(HISTORY, case="2211"))
    assert "so be it" in html and "UTC" in html


def test_the_queries_refuse_even_when_a_screen_is_opened_by_hand(screens, somebody):
    test = screens.open(INBOX, somebody("ada", [Role.ADMINISTRATOR]))
    assert [i.value[-11:] for i in test.info] == ["(see cases)"]


def test_orders_that_are_not_sent_yet_are_taken_back(screens):
    open_case(screens)
    test = screens.open(CASE, case="2211")
    button(test, "Approve and sign").click().run()
    sign(test)
    button(test, "Take back").click().run()
    next(i for i in test.text_input if i.label == "Reason").set_value("wrong day").run()
    sign(test)
    assert states(screens)[0] == "cancelled"
    assert "Supervisor North takes orders back: wrong day" in html_of(test)
    assert labels(test) == ["Comment", "Your view"]


def test_a_change_moves_the_work_and_is_told_with_its_reason(screens):
    with screens.database.write() as tx:
        f.case(tx, prediction_id=f.prediction(tx))
    test = screens.open(CASE, case="2211")
    button(test, "Approve with changes").click().run()
    assert not [b for b in test.button if b.label.startswith("Sign")]  # nothing is chosen yet
    next(s for s in test.selectbox if s.label == "What to do instead").set_value("at_time").run()
    test.time_input[0].set_value(time(18, 30)).run()
    test.text_area[0].set_value("busy until six").run()
    sign(test)
    html = html_of(test)
    assert states(screens)[0] == "approved"
    assert [words in html for words in ("18:30", "why changed: busy until six", "chosen<")] == [True] * 3


def test_a_proposal_that_changed_meanwhile_must_be_read_again(screens):
    case_id = open_case(screens)
    test = screens.open(CASE, case="2211")
    button(test, "Approve and sign").click().run()
    with screens.database.write() as tx:
        tx.execute(t.cases.update().where(t.cases.c.case_id == case_id).values(version=2, cost_cents=99_000))
    sign(test)
    assert ["read it again" in w.value.lower() for w in test.warning] == [True]
    assert states(screens) == ("seen", [])
    sign(test)
    assert states(screens)[0] == "approved"


def test_the_same_button_closes_its_form(screens):
    open_case(screens)
    test = screens.open(CASE, case="2211")
    button(test, "Comment").click().run()
    test.text_area[0].set_value("once").run()
    button(test, "Comment").click().run()
    assert not test.text_area


def test_an_operator_raises_a_case_that_somebody_else_approves(screens, somebody):
    test = screens.open(INBOX, somebody("tom", [Role.OPERATOR], ["north/machining/line-1"]))
    next(s for s in test.selectbox if s.label == "Machine").set_value(f.CNC)
    test.text_area[0].set_value("it squeals")
    button(test, "Raise the case").click().run()
    assert ["Somebody else has to approve it" in s.value for s in test.success] == [True]
    assert states(screens) == ("proposed", [])
