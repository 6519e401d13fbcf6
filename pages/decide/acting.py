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


def opened(case: CaseView) -> str:
    """The name under which the session keeps which form is open."""
    return f"open-{case.case_id}"


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
    for name in (key, opened(case)):
        st.session_state.pop(name, None)
    st.toast(done.message)
    st.rerun()
