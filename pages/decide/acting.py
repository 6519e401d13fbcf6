"""Signing and acting once, as every form of the card does it."""

from collections.abc import Callable

import streamlit as st

from auth.signatures import Credential
from components.card import meaning
from domain.errors import Conflict, UserFixable
from domain.ids import new_id
from services.commands.acting import Decided
from services.desk import Desk
from services.rows.decide import CaseView

Act = Callable[[str], Decided]
FORM = "form"
WRITTEN = frozenset(
    {
        "change",
        "reject",
        "undo",
        "comment",
        "emergency",
        "ratify",
        "snooze",
        "assign",
        "ask",
        "answer",
        "distrust",
    }
)


def opened(case_id: str) -> str:
    """The name under which the session keeps which form is open."""
    return f"open-{case_id}"


def open_form(case: CaseView, kind: str) -> None:
    """Open a form, on the version that is on the screen. One with words to type stands in the address:

    a connection that was gone for minutes comes back to a new session, which knows nothing else.
    """
    st.session_state[opened(case.case_id)] = (kind, case.version)
    if kind in WRITTEN:
        st.query_params[FORM] = f"{kind}.{case.version}"
    else:
        st.query_params.pop(FORM, None)


def close_form(case_id: str) -> None:
    """Close what is open."""
    st.session_state.pop(opened(case_id), None)
    st.query_params.pop(FORM, None)


def which_form(case: CaseView) -> tuple[str, int]:
    """The open form and the version on which it was opened; ("", the present one) without any."""
    kind, _, version = st.query_params.get(FORM, "").partition(".")
    if kind in WRITTEN and version.isdecimal():
        st.session_state.setdefault(opened(case.case_id), (kind, int(version)))
    found: tuple[str, int] = st.session_state.get(opened(case.case_id), ("", case.version))
    return found


def signed(desk: Desk, case: CaseView, kind: str, words: str, said: str) -> Credential | None:
    """The signature: name, meaning, password. What was typed, once; the command checks it."""
    with st.form(f"sign-{kind}-{case.case_id}-{case.version}", border=False, clear_on_submit=True):
        st.html(meaning(f"Signed as {desk.actor.name} ({desk.actor.username}): {said}"))
        password = st.text_input("Your password", type="password", autocomplete="current-password")
        coded = case.approval.wants_code
        code = st.text_input("Code from your phone", autocomplete="one-time-code") if coded else ""
        pressed = st.form_submit_button(words)
    return Credential(password, code) if pressed else None


def act_once(case: CaseView, kind: str, act: Act) -> None:
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
    st.session_state.pop(key, None)
    close_form(case.case_id)
    st.toast(done.message)
    st.rerun()
