"""A code from the phone beside the password: set up, confirmed, removed."""

from collections.abc import Callable

import streamlit as st

from auth.signatures import Credential
from components.qr import qr_image, typed_key
from domain.errors import UserFixable
from services.desk import Desk

ASKED = "phone-address"


def second_factor(desk: Desk) -> None:
    """One form: set up, confirm, or remove."""
    with st.container(border=True, key="plain-phone"):
        st.html('<div class="tw-h"><h2>Code from your phone</h2></div>')
        if desk.queries.policy.wants_code():
            _remove(desk)
        elif ASKED in st.session_state:
            _confirm(desk)
        else:
            _begin(desk)


def _begin(desk: Desk) -> None:
    st.caption("With an authenticator app your signature needs a code beside the password.")
    with st.form("phone-begin", border=False, clear_on_submit=True):
        password = st.text_input("Your password", type="password", key="phone-password")
        pressed = st.form_submit_button("Set it up")
    if pressed:
        try:
            st.session_state[ASKED] = desk.commands.second_factor.begin(desk.actor, password)
        except UserFixable as error:
            st.warning(f"{str(error)[:1].upper()}{str(error)[1:]}.")
            return
        st.rerun()


def _confirm(desk: Desk) -> None:
    address = st.session_state[ASKED]
    st.caption("Scan this with the app, then type the code that it shows.")
    st.html(qr_image(address))
    st.caption(f"Without a camera, type this key into the app: {typed_key(address)}")
    with st.form("phone-confirm", border=False, clear_on_submit=True):
        code = st.text_input("Code", autocomplete="one-time-code")
        pressed = st.form_submit_button("Confirm")
    if pressed and _done(lambda: desk.commands.second_factor.confirm(desk.actor, code)):
        del st.session_state[ASKED]
        st.rerun()


def _remove(desk: Desk) -> None:
    st.caption("Set up. Every signature of yours needs a code.")
    with st.form("phone-remove", border=False, clear_on_submit=True):
        password = st.text_input("Your password", type="password", key="phone-password")
        code = st.text_input("Code", autocomplete="one-time-code")
        pressed = st.form_submit_button("Remove it")
    if pressed and _done(lambda: desk.commands.second_factor.remove(desk.actor, Credential(password, code))):
        st.rerun()


def _done(act: Callable[[], None]) -> bool:
    try:
        act()
    except UserFixable as error:
        st.warning(f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return False
    return True
