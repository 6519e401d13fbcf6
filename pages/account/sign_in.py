"""The sign-in: streamlit-authenticator's form, with credentials, throttling and sessions in SQL.

The form's cookie component makes the script run once more, at any time after the page has opened: while
the password is being checked, or when the answer stands on the screen. So the answer is kept until the
next attempt, and the way out until it is on its way to the browser.
"""

import secrets
from typing import Any
from urllib.parse import urlencode

import streamlit as st
import streamlit_authenticator as stauth

from auth import passwords
from components.leave import leave
from domain.errors import NotSignedIn
from services.accounts import Accounts

# The form's own cookie is off (0 days). Its key is random, so that a forged one never decodes.
_KEY = secrets.token_hex(32)
_REFUSED, _WAY_OUT = "sign_in_refused", "sign_in_way_out"
_FIELDS = {"Form name": "Sign in", "Username": "User name", "Password": "Password", "Login": "Sign in"}
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
    users: dict[str, Any] = accounts.credentials(address)
    st.session_state.pop("authentication_status", None)
    form = stauth.Authenticate(
        {"usernames": users}, "taktwise_unused", _KEY, 0, auto_hash=False, login_sleep_time=0
    )
    form.login("main", fields=_FIELDS)
    status = st.session_state.pop("authentication_status", None)
    if status is not None:
        st.session_state[_REFUSED] = not status
    if status:
        _go(accounts, str(st.session_state["username"]), address)
    elif status is False:
        tried = next((name for name, user in users.items() if user.get("failed_login_attempts")), None)
        if tried is None:
            passwords.waste_a_check()
        accounts.refused(tried, address)
    if st.session_state.get(_REFUSED):
        st.error(_WRONG)


def _go(accounts: Accounts, username: str, address: str) -> None:
    try:
        ticket = accounts.accepted(username, address)
    except NotSignedIn as error:
        st.error(str(error))
        return
    st.session_state[_WAY_OUT] = "/auth/session?" + urlencode({"t": ticket})
