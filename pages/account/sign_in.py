"""The sign-in: checked by streamlit-authenticator, with credentials, throttling and sessions in SQL.

Its ready-made form is not used: that brings a cookie component, off here, whose answer has the script run
once more while a password is being checked, and the attempt is lost without a word.
"""

import secrets
from typing import Any
from urllib.parse import urlencode

import streamlit as st
from streamlit_authenticator.controllers import AuthenticationController

from auth import passwords
from components.leave import leave
from domain.errors import NotSignedIn
from services.accounts import Accounts

_KEY = secrets.token_hex(32)  # for codes that the library would send; none are asked of it
_REFUSED, _WAY_OUT = "sign_in_refused", "sign_in_way_out"
_WRONG = "User name or password is wrong. After five wrong attempts, wait 15 minutes."


def render(accounts: Accounts, reason: str) -> None:
    """The form, and nothing else. `reason` says why the last session ended."""
    address = st.context.ip_address or "127.0.0.1"
    st.html('<div class="tw-top"><span class="brand">Taktwise</span></div><div style="height:8vh"></div>')
    _, middle, _ = st.columns([1, 1, 1])
    with middle:
        if accounts.wait_us(address):
            st.error("Too many wrong attempts from this address. Please wait 15 minutes.")
            return
        if reason:
            st.info(reason)
        ask(accounts, address)


def ask(accounts: Accounts, address: str) -> None:
    """The form with the last answer, or the way out once the password was right."""
    if _WAY_OUT not in st.session_state:
        _form(accounts, address)
    if _WAY_OUT in st.session_state:
        leave(st.session_state[_WAY_OUT])
        del st.session_state[_WAY_OUT]  # reached only when the line above was not broken off


def _form(accounts: Accounts, address: str) -> None:
    with st.form("sign_in"):
        st.subheader("Sign in")
        username = st.text_input("User name", max_chars=80, autocomplete="username")
        password = st.text_input("Password", type="password", autocomplete="current-password")
        asked = st.form_submit_button("Sign in")
    if asked and username:
        _check(accounts, username, password, address)
    if st.session_state.get(_REFUSED):
        st.error(_WRONG)


def _check(accounts: Accounts, username: str, password: str, address: str) -> None:
    users: dict[str, Any] = accounts.credentials(address)
    library = AuthenticationController({"usernames": users}, auto_hash=False, secret_key=_KEY)
    right = library.login(username, password)
    if right:
        _go(accounts, str(st.session_state["username"]), address)
    else:
        tried = next((name for name, user in users.items() if user.get("failed_login_attempts")), None)
        if tried is None:
            passwords.waste_a_check()
        accounts.refused(tried, address)
    st.session_state[_REFUSED] = not right


def _go(accounts: Accounts, username: str, address: str) -> None:
    try:
        ticket = accounts.accepted(username, address)
    except NotSignedIn as error:
        st.error(str(error))
        return
    st.session_state[_WAY_OUT] = "/auth/session?" + urlencode({"t": ticket})
