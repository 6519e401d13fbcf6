"""The decision on a case: four acts of equal weight, none preselected, each with its own small form."""

from collections.abc import Callable

import streamlit as st

from auth.signatures import Credential
from components.card import STATES, meaning
from components.orders import what_can_be_taken_back
from domain.cases import JUDGEABLE, UNDECIDED, UNDER_WAY
from domain.errors import Conflict, UserFixable
from domain.ids import new_id
from domain.messages import Finding
from domain.policy import REJECT_REASONS
from domain.recommendation import CAUSE_LABELS, cause_label
from pages.decide import changing
from services.commands.acting import Decided
from services.desk import Desk
from services.rows.decide import CaseView
from services.signing import APPROVES, APPROVES_CHANGED, REJECTS, TAKES_BACK

FINDINGS = {
    Finding.FAILED: "The part had failed",
    Finding.DEGRADED: "The part was worn",
    Finding.NOTHING_FOUND: "Nothing was found",
    Finding.OTHER_FAULT: "Another fault was found",
}
Act = Callable[[str], Decided]


def buttons(desk: Desk, case: CaseView) -> None:
    """What this person can do with the case now; nothing where there is nothing to do."""
    offered = _offered(case)
    if not offered:
        return
    with st.container(border=True, key="acts"):
        with st.container(horizontal=True):
            for kind, words in offered.items():
                if st.button(words, key=f"{kind}-{case.case_id}"):
                    _toggle(case, kind)
        if case.may_decide and case.state in UNDECIDED:
            st.html(
                meaning(f"Approving means: {APPROVES} It can be taken back until the receivers acknowledge.")
            )
        kind = _open_form(desk, case)
        if kind in offered:
            _FORMS[kind](desk, case)


def _opened(case: CaseView) -> str:
    return f"open-{case.case_id}"


def _toggle(case: CaseView, kind: str) -> None:
    if st.session_state.get(_opened(case), ("", 0))[0] == kind:
        st.session_state.pop(_opened(case))
    else:
        st.session_state[_opened(case)] = (kind, case.version)


def form_is_open(case: CaseView) -> bool:
    """True while somebody may be typing: the screen then does not run again by itself."""
    return _opened(case) in st.session_state


def _open_form(desk: Desk, case: CaseView) -> str:
    """The form that is open. One that was opened on an older version must be read and pressed again."""
    kind, version = st.session_state.get(_opened(case), ("", case.version))
    if kind in ("approve", "change", "reject") and case.state not in UNDECIDED:
        st.session_state.pop(_opened(case))
        st.warning(decided_first(desk, case))
        return ""
    if version != case.version and kind not in ("comment", "outcome"):
        st.session_state[_opened(case)] = (kind, case.version)
        st.warning("The case has changed while this form was open. Read it again before you sign.")
    return str(kind)


def decided_first(desk: Desk, case: CaseView) -> str:
    """Who was faster, when, and what became of the case."""
    who = f"{case.decided_by} decided first" if case.decided_by else "The case has ended"
    when = f" at {desk.site.local(case.decided_us):%H:%M}" if case.decided_us else ""
    return f"{who}{when}: it is now {STATES[case.state.value]}. Nothing of yours was sent."


def _offered(case: CaseView) -> dict[str, str]:
    offered = {}
    if case.state in UNDECIDED and case.may_decide:
        if not case.blocked:
            offered["approve"] = "Approve and sign"
        if not case.too_late:
            offered["change"] = "Approve with changes"
        offered["reject"] = "Reject"
    if case.state in UNDER_WAY and case.may_decide and what_can_be_taken_back(case.commands):
        offered["undo"] = "Take back"
    if case.state in JUDGEABLE and case.may_judge:
        offered["outcome"] = "Record the finding"
    if case.may_comment:
        offered["comment"] = "Comment"
    return offered


def _approve(desk: Desk, case: CaseView) -> None:
    typed = _signed(desk, case, "approve", "Sign and release", APPROVES)
    if typed:
        cases, who = desk.commands.cases, desk.actor
        _do(
            case,
            "approve",
            lambda act: cases.approve(who, case.case_id, case.version, act, credential=typed),
        )


def _change(desk: Desk, case: CaseView) -> None:
    changes = changing.fields(desk, case)
    typed = changes and _signed(desk, case, "change", "Sign and release with changes", APPROVES_CHANGED)
    if changes and typed:
        cases, who = desk.commands.cases, desk.actor
        _do(
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
    typed = _signed(desk, case, "reject", "Sign and reject", REJECTS)
    if typed:
        if code is None:
            st.warning("Please choose a reason.")
            return
        cases, who = desk.commands.cases, desk.actor
        _do(
            case,
            "reject",
            lambda act: cases.reject(who, case.case_id, case.version, act, code, text, typed),
        )


def _undo(desk: Desk, case: CaseView) -> None:
    options = {"": "Everything that can be taken back", **what_can_be_taken_back(case.commands)}
    which = st.selectbox(
        "What", list(options), format_func=options.__getitem__, key=f"undo-what-{case.case_id}"
    )
    reason = st.text_input("Reason", key=f"undo-why-{case.case_id}", max_chars=200)
    typed = _signed(desk, case, "undo", "Sign and take back", TAKES_BACK)
    if not typed:
        return
    cases, who = desk.commands.cases, desk.actor
    if which:
        _do(
            case,
            "undo",
            lambda act: cases.withdraw_command(who, case.case_id, case.version, act, which, reason, typed),
        )
    else:
        _do(case, "undo", lambda act: cases.undo(who, case.case_id, case.version, act, reason, typed))


def _outcome(desk: Desk, case: CaseView) -> None:
    finding = st.selectbox(
        "Found",
        list(FINDINGS),
        index=None,
        format_func=FINDINGS.__getitem__,
        placeholder="Choose what was found",
        key=f"found-{case.case_id}",
    )
    causes = ["", *CAUSE_LABELS]
    cause = st.selectbox(
        "Cause",
        causes,
        format_func=lambda c: cause_label(c) if c else "not said",
        key=f"cause-{case.case_id}",
    )
    text = changing.draft(desk, case, "outcome", "Remark")
    if st.button("Record", key=f"do-outcome-{case.case_id}"):
        if finding is None:
            st.warning("Please choose what was found.")
            return
        cases = desk.commands.cases
        _do(
            case,
            "outcome",
            lambda act: cases.record_outcome(desk.actor, case.case_id, act, finding, cause, text),
        )


def _comment(desk: Desk, case: CaseView) -> None:
    text = changing.draft(desk, case, "comment", "Comment, for everybody who sees this case")
    if st.button("Add comment", key=f"do-comment-{case.case_id}"):
        _do(
            case,
            "comment",
            lambda act: desk.commands.cases.comment(desk.actor, case.case_id, act, text),
        )


def _signed(desk: Desk, case: CaseView, kind: str, words: str, said: str) -> Credential | None:
    """The signature: name, meaning, password. What was typed, once; the command checks it."""
    with st.form(f"sign-{kind}-{case.case_id}-{case.version}", border=False, clear_on_submit=True):
        st.html(meaning(f"Signed as {desk.actor.name} ({desk.actor.username}): {said}"))
        password = st.text_input("Your password", type="password", autocomplete="current-password")
        pressed = st.form_submit_button(words)
    return Credential(password) if pressed else None


def _do(case: CaseView, kind: str, act: Act) -> None:
    """Act once: the id belongs to this form, so that a second click gets the first result."""
    key = f"act-{kind}-{case.case_id}-{case.version}"
    act_id = st.session_state.setdefault(key, new_id())
    try:
        done = act(act_id)
    except Conflict:
        st.rerun()  # shows who was faster, or what has changed
    except UserFixable as error:
        st.warning(f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return
    for name in (key, _opened(case)):
        st.session_state.pop(name, None)
    st.toast(done.message)
    st.rerun()


_FORMS: dict[str, Callable[[Desk, CaseView], None]] = {
    "approve": _approve,
    "change": _change,
    "reject": _reject,
    "undo": _undo,
    "outcome": _outcome,
    "comment": _comment,
}
