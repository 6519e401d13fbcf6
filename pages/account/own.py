"""One's own account: who the desk takes you for, and the password."""

import streamlit as st

from components.words import safe
from domain.errors import UserFixable
from pages.account.phone import second_factor
from services.desk import Desk


def render(desk: Desk) -> None:
    """Name, roles and places; below them the change of the password."""
    actor = desk.actor
    roles = ", ".join(sorted(role.value.replace("_", " ") for role in actor.roles))
    rows = (("Name", actor.name), ("User name", actor.username), ("Roles", roles), ("Places", _places(desk)))
    cells = "".join(f"<tr><th>{name}</th><td>{safe(value)}</td></tr>" for name, value in rows)
    left, right = st.columns(2, gap="small")
    with left:
        head = '<div class="tw-h"><h2>Account</h2></div>'
        st.html(f'<div class="tw-panel">{head}<table class="tw-table">{cells}</table></div>')
        second_factor(desk)
    with right, st.form("password", clear_on_submit=True):
        st.html('<div class="tw-h"><h2>Change the password</h2></div>')
        current = st.text_input("Current password", type="password")
        new = st.text_input("New password, at least 10 characters", type="password")
        again = st.text_input("New password again", type="password")
        if st.form_submit_button("Change the password"):
            _change(desk, current, new, again)


def _places(desk: Desk) -> str:
    return ", ".join(desk.actor.scopes) or "none yet"


def _change(desk: Desk, current: str, new: str, again: str) -> None:
    if new != again:
        st.error("The two new passwords are not the same.")
        return
    try:
        desk.commands.accounts.change_own_password(desk.actor, current, new)
    except UserFixable as error:
        st.error(f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return
    st.success("Changed. Please sign in again with the new password.")
