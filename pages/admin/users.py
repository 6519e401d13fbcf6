"""Accounts: who may sign in, as what, and for which places. Administrators only."""

from collections.abc import Callable

import streamlit as st

from auth.permissions import Role
from components.tables import lead
from components.users import headline, role_text, users_panel
from domain.errors import Conflict, UserFixable
from pages.filters import remember
from services.desk import Desk
from services.rows.admin import UserRow, Users

ONCE = "Pass this on now; it is shown once and stored nowhere. The person changes it under Account."


def render(desk: Desk) -> None:
    """The list on top; below it one account to change, and a form for a new one."""
    users = desk.queries.admin.users()
    listed = st.container()
    left, right = st.columns(2, gap="small")
    with left, st.container(border=True, key="change-user"):
        st.html('<div class="tw-h"><h2>Change a user</h2></div>')
        _change(desk, users)
    with right:
        _create(desk, users)
    with listed:
        now = desk.queries.admin.users()
        st.html(lead(headline(now)))
        st.html(users_panel(now, desk.site))


def _change(desk: Desk, users: Users) -> None:
    by_id = {u.account_id: u for u in users.rows}
    asked = st.query_params.get("user", "")
    options = ["", *by_id]
    chosen = st.selectbox(
        "User",
        options,
        index=options.index(asked) if asked in by_id else 0,
        format_func=lambda i: f"{by_id[i].name} ({by_id[i].username})" if i else "Choose a user",
    )
    remember("user", chosen)
    if chosen:
        _rights(desk, users, by_id[chosen])
        _access(desk, by_id[chosen])


def _rights(desk: Desk, users: Users, user: UserRow) -> None:
    with st.form(f"rights-{user.account_id}"):
        roles, scopes = _roles_and_scopes(users, user)
        save = st.form_submit_button("Save roles and places")
    change = desk.commands.accounts.change_rights
    if save and _done(lambda: change(desk.actor, user.account_id, roles, scopes)):
        st.success("Saved. It holds from the person's next click.")


def _access(desk: Desk, user: UserRow) -> None:
    accounts = desk.commands.accounts
    with st.container(horizontal=True):
        toggle = st.button("Deactivate" if user.active else "Activate again", key=f"active-{user.account_id}")
        reset = st.button("New password", key=f"reset-{user.account_id}")
    if toggle and _done(lambda: accounts.set_active(desk.actor, user.account_id, not user.active)):
        st.success("Signed out everywhere and not active." if user.active else "Active again.")
    if reset:
        _show_once(lambda: accounts.reset_password(desk.actor, user.account_id), user.name)


def _create(desk: Desk, users: Users) -> None:
    with st.form("create-user", clear_on_submit=False):
        st.html('<div class="tw-h"><h2>New user</h2></div>')
        username = st.text_input("User name", max_chars=40)
        name = st.text_input("Name as printed under a signature", max_chars=80)
        roles, scopes = _roles_and_scopes(users, None)
        if st.form_submit_button("Create"):
            _show_once(lambda: desk.commands.accounts.create(desk.actor, username, name, roles, scopes), name)


def _roles_and_scopes(users: Users, user: UserRow | None) -> tuple[list[Role], list[str]]:
    names = dict(users.places)
    held = [s for s in user.scopes if s in names] if user else []
    own = [s for s in user.scopes if s not in names] if user else []
    key = user.account_id if user else "new"
    roles = st.multiselect(
        "Roles",
        list(Role),
        user.roles if user else [],
        format_func=lambda r: role_text(r.value),
        key=f"roles-{key}",
    )
    scopes = st.multiselect(
        "May see", list(names), held, format_func=lambda s: f"{names[s]} ({s})", key=f"see-{key}"
    )
    return roles, [*scopes, *own]


def _done(act: Callable[[], object]) -> bool:
    try:
        act()
    except (UserFixable, Conflict) as error:
        st.error(str(error))
        return False
    return True


def _show_once(act: Callable[[], str], name: str) -> None:
    try:
        password = act()
    except (UserFixable, Conflict) as error:
        st.error(str(error))
        return
    st.success(f"Temporary password of {name}. {ONCE}")
    st.code(password, language=None)
