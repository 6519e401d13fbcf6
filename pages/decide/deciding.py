"""The decision on a case: four acts of equal weight, none preselected, each with its own small form."""

from collections.abc import Callable

import streamlit as st

from components.approval import SIGN_AS
from components.card import meaning, state_words
from components.orders import what_can_be_taken_back
from domain.approval import Part
from domain.cases import ABOUT_MODELS, ABOUT_SETTINGS, JUDGEABLE, UNDECIDED, UNDER_WAY, CaseState
from domain.policy import REJECT_REASONS
from pages.decide import caring, changing
from pages.decide.acting import act_once, close_form, open_form, signed, which_form
from pages.decide.finding import finding_form
from services.desk import Desk
from services.rows.decide import CaseView
from services.signing import APPROVES_CHANGED, REJECTS, TAKES_BACK, approves

BEFORE = ("approve", "change", "reject", "emergency", "snooze")  # forms for a case that nobody has decided


def buttons(desk: Desk, case: CaseView) -> None:
    """What this person can do with the case now; nothing where there is nothing to do."""
    offered, more = _offered(case), caring.offered(case) | _remark(case)
    if not offered and not more and not _finding_is_due(case):
        return
    with st.container(border=True, key="acts"):
        if _finding_is_due(case):
            finding_form(desk, case)
        with st.container(horizontal=True):
            _row(case, offered)
        with st.container(horizontal=True):
            _row(case, more)
        if case.may_decide and case.state in UNDECIDED:
            st.html(meaning(f"Approving means: {approves(case.kind)} {_until(case)}"))
        kind = _open_form(desk, case)
        unfinished = [words for form, words in (offered | more).items() if case.drafts.get(_draft_of(form))]
        if unfinished and not kind:
            st.caption(f"Your unfinished words are kept under: {', '.join(unfinished)}.")
        if kind in offered or kind in more:
            FORMS[kind](desk, case)


def _until(case: CaseView) -> str:
    if case.kind in ABOUT_MODELS:
        return "It can be taken back until the training is run."
    return "It can be taken back until the receivers acknowledge."


def _finding_is_due(case: CaseView) -> bool:
    """The work is done: two taps of the technician close the case, without opening a form first."""
    return case.state is CaseState.DONE and case.may_judge


def _draft_of(form: str) -> str:
    return "changes" if form == "change" else form


def _row(case: CaseView, offered: dict[str, str]) -> None:
    for kind, words in offered.items():
        off = case.blocked if kind == "approve" else ""  # the reason stands above, in the head of the card
        if st.button(words, key=f"{kind}-{case.case_id}", disabled=bool(off), help=off or None):
            _toggle(case, kind)


def _remark(case: CaseView) -> dict[str, str]:
    if not case.may_comment:
        return {}
    return {"comment": "Comment"} | ({"view": "Your view"} if case.state in JUDGEABLE else {})


def _toggle(case: CaseView, kind: str) -> None:
    if which_form(case)[0] == kind:
        close_form(case.case_id)
    else:
        open_form(case, kind)


def form_is_open(case: CaseView) -> bool:
    """True while somebody may be typing: the screen then does not run again by itself."""
    return bool(which_form(case)[0])


def _open_form(desk: Desk, case: CaseView) -> str:
    """The form that is open. One that was opened on an older version must be read and pressed again."""
    kind, version = which_form(case)
    if kind in BEFORE and case.state not in UNDECIDED:
        close_form(case.case_id)
        st.warning(decided_first(desk, case))
        return ""
    if kind == "approve" and case.blocked:
        close_form(case.case_id)
        st.warning(case.blocked)
        return ""
    if version != case.version and kind in (*BEFORE, "undo"):
        open_form(case, kind)
        st.warning("The case has changed while this form was open. Read it again before you sign.")
    return str(kind)


def decided_first(desk: Desk, case: CaseView) -> str:
    """Who was faster, when, and what became of the case."""
    who = f"{case.decided_by} decided first" if case.decided_by else "The case has ended"
    when = f" at {desk.site.local(case.decided_us):%H:%M}" if case.decided_us else ""
    return f"{who}{when}: it is now {state_words(case.kind, case.state.value)}. Nothing of yours was sent."


def _offered(case: CaseView) -> dict[str, str]:
    offered = {}
    if case.state in UNDECIDED and case.may_decide:
        offered["approve"] = SIGN_AS[case.approval.my_part or Part.DECISION]
        if _may_change(case):
            offered["change"] = "Approve with changes"
        if case.approval.may_reject:
            offered["reject"] = "Reject"
    against = case.may_decide and case.approval.may_reject
    if case.state in UNDER_WAY and against and what_can_be_taken_back(case.commands):
        offered["undo"] = "Take back"
    if case.state in JUDGEABLE and case.may_judge:
        offered |= {} if _finding_is_due(case) else {"outcome": "Record the finding"}
    return offered


def _may_change(case: CaseView) -> bool:
    """A change can bring a cost below what blocks a person; no value of a set point brings down what does."""
    if case.kind in ABOUT_MODELS or case.too_late:
        return False
    return case.kind not in ABOUT_SETTINGS or not case.blocked


def _approve(desk: Desk, case: CaseView) -> None:
    typed = signed(desk, case, "approve", "Sign and release", approves(case.kind))
    if typed:
        cases, who = desk.commands.cases, desk.actor
        act_once(
            case,
            "approve",
            lambda act: cases.approve(who, case.case_id, case.version, act, credential=typed),
        )


def _change(desk: Desk, case: CaseView) -> None:
    changes = changing.fields(desk, case)
    typed = changes and signed(desk, case, "change", "Sign and release with changes", APPROVES_CHANGED)
    if changes and typed:
        cases, who = desk.commands.cases, desk.actor
        act_once(
            case,
            "change",
            lambda act: cases.approve(who, case.case_id, case.version, act, changes, typed),
        )


def _reject(desk: Desk, case: CaseView) -> None:
    code = st.selectbox(
        "Reason",
        list(REJECT_REASONS),
        index=None,
        format_func=REJECT_REASONS.__getitem__,
        placeholder="Choose a reason",
        key=f"reason-{case.case_id}",
    )
    text = changing.draft(desk, case, "reject", "In your words (needed for Other)")
    typed = signed(desk, case, "reject", "Sign and reject", REJECTS)
    if typed:
        if code is None:
            st.warning("Please choose a reason.")
            return
        cases, who = desk.commands.cases, desk.actor
        act_once(
            case,
            "reject",
            lambda act: cases.reject(who, case.case_id, case.version, act, code, text, typed),
        )


def _undo(desk: Desk, case: CaseView) -> None:
    options = {"": "Everything that can be taken back", **what_can_be_taken_back(case.commands)}
    which = st.selectbox(
        "What", list(options), format_func=options.__getitem__, key=f"undo-what-{case.case_id}"
    )
    reason = changing.line(desk, case, "undo", "Reason")
    typed = signed(desk, case, "undo", "Sign and take back", TAKES_BACK)
    if not typed:
        return
    cases, who = desk.commands.cases, desk.actor
    if which:
        act_once(
            case,
            "undo",
            lambda act: cases.withdraw_command(who, case.case_id, case.version, act, which, reason, typed),
        )
    else:
        act_once(case, "undo", lambda act: cases.undo(who, case.case_id, case.version, act, reason, typed))


def _comment(desk: Desk, case: CaseView) -> None:
    text = changing.draft(desk, case, "comment", "Comment, for everybody who sees this case")
    if st.button("Add comment", key=f"do-comment-{case.case_id}"):
        act_once(
            case,
            "comment",
            lambda act: desk.commands.cases.comment(desk.actor, case.case_id, act, text),
        )


def _view(desk: Desk, case: CaseView) -> None:
    """An opinion, kept apart from findings: it is never counted as truth."""
    st.caption("What you think of the advice. Only what is found at the machine counts as truth.")
    with st.container(horizontal=True):
        for words, right in {"It looks right": True, "It looks wrong": False}.items():
            if st.button(words, key=f"view-{right}-{case.case_id}"):
                desk.commands.outcomes.looks(desk.actor, case.case_id, right)
                close_form(case.case_id)
                st.toast("Your view is kept.")
                st.rerun()


FORMS: dict[str, Callable[[Desk, CaseView], None]] = {
    "approve": _approve,
    "change": _change,
    "reject": _reject,
    "undo": _undo,
    "outcome": finding_form,
    "comment": _comment,
    "view": _view,
    **caring.FORMS,
}
