"""One's own account: who the desk takes you for, and the password."""

import streamlit as st

from components.tables import lead, panel, table
from components.users import role_text
from components.words import safe
from domain.errors import UserFixable
from pages.account.phone import second_factor
from services.desk import Desk


def render(desk: Desk) -> None:
    """Name, roles and places; below them the change of the password."""
    actor = desk.actor
    roles = ", ".join(sorted(role_text(role.value) for role in actor.roles))
    rows = (("Name", actor.name), ("User name", actor.username), ("Roles", roles), ("Places", _places(desk)))
    st.html(lead(f"<b>You are signed in as {safe(actor.name)}.</b>"))
    left, right = st.columns(2, gap="small")
    with left:
        cells = [(f'<span class="tw-muted">{name}</span>', safe(value)) for name, value in rows]
        st.html(panel("Account", table((), cells)))
        second_factor(desk)
    with right, st.form("password", clear_on_submit=True):
        st.html('<div class="tw-h"><h2>Change the password</h2></div>')
        current = st.text_input("Current password", type="password")
        new = st.text_input("New password, at least 10 characters", type="password")
        again = st.text_input("New password again", type="password")
        if st.form_submit_button("Change the password"):
            _change(desk, current, new, again)


def _places(desk: Desk) -> str:
    return ", ".join(desk.queries.floor.own_places()) or "none yet"


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
