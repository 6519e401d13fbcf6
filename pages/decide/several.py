"""Approve small cases of low risk together: each is signed, with one password."""

import streamlit as st

from auth.permissions import Permission
from auth.signatures import Credential
from components.words import money, of_100
from domain.errors import Conflict, UserFixable
from domain.ids import new_id
from services.desk import Desk
from services.rows.decide import InboxRow
from services.signing import APPROVES

FEWEST = 2


def several(desk: Desk, line_id: str) -> None:
    """Shown only while at least two cases may be approved this way."""
    if not desk.may(Permission.DECIDE):
        return
    small = {r.case_id: r for r in desk.queries.decide.inbox(line_id).waiting if r.bulk and r.mine}
    if len(small) < FEWEST:
        return
    with st.expander(f"Approve several small cases ({len(small)})"), st.form("several", border=False):
        chosen = [i for i, row in small.items() if st.checkbox(_words(desk, row), key=f"several-{i}")]
        st.caption(f"Signed as {desk.actor.name}, each by itself: {APPROVES}")
        password = st.text_input("Your password", type="password", autocomplete="current-password")
        coded = desk.queries.policy.wants_code()
        code = st.text_input("Code from your phone", autocomplete="one-time-code") if coded else ""
        if st.form_submit_button("Sign and release those chosen"):
            _approve(desk, [small[i] for i in chosen], Credential(password, code))


def _words(desk: Desk, row: InboxRow) -> str:
    cost = money(row.cost_cents, desk.site.currency)
    return f"Case {row.number}: {row.title} ({cost}, risk {of_100(row.probability)})"


def _approve(desk: Desk, rows: list[InboxRow], typed: Credential) -> None:
    chosen = [(row.case_id, row.version) for row in rows]
    try:
        done = desk.commands.care.approve_several(desk.actor, chosen, new_id(), typed)
    except (UserFixable, Conflict) as error:
        st.warning(f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return
    numbers = {row.case_id: row.number for row in rows}
    for case_id, said in done:
        st.write(f"Case {numbers[case_id]}: {said}")
