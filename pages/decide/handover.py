"""Shift handover of a line: it fills itself, the outgoing shift signs, the incoming one accepts."""

import streamlit as st

from auth.signatures import Credential
from components.handover import handover_panel, headline
from components.tables import empty, lead
from components.words import moment
from pages.decide.policy import done
from pages.filters import choice
from pages.kept import kept_text
from pages.live import live
from services.commands.handover import ACCEPTS, SIGNS
from services.desk import Desk
from services.rows.care import HandoverView

REFRESH_S = 5


def render(desk: Desk) -> None:
    """The line, what is to be told, the form, and the earlier handovers."""
    lines = desk.queries.decide.handover_lines()
    if not lines:
        st.html(empty("No line is open to you."))
        return
    line = choice("Line", "line", lines)
    live(desk, REFRESH_S, lambda now: _now(now, line))
    view = desk.queries.decide.handover(line)
    if view.may_sign:
        _sign(desk, view)
    earlier = desk.queries.decide.handovers(line)
    for old in earlier:
        if old.may_accept:
            _accept(desk, old)
    for old in earlier:
        with st.expander(
            f"Handover of {moment(old.shift_end_us, desk.site.time_zone, desk.now_us)}, {old.outgoing}"
        ):
            st.html(handover_panel(old, desk.site, desk.now_us, "As it was signed"))


def _now(desk: Desk, line: str) -> None:
    view = desk.queries.decide.handover(line)
    st.html(lead(headline(view, desk.site, desk.now_us)))
    st.html(handover_panel(view, desk.site, desk.now_us))


def _sign(desk: Desk, view: HandoverView) -> None:
    """The remarks are kept while they are written."""
    who = desk.actor
    remarks = kept_text(desk, f"handover:{view.equipment_id}", "Remarks for the next shift")
    typed = _typed(desk, "sign", SIGNS, "Sign and hand over")
    if typed and done(
        lambda: desk.commands.handover.sign(who, view.equipment_id, remarks, view.content_hash, typed)
    ):
        st.rerun()


def _accept(desk: Desk, view: HandoverView) -> None:
    st.html(handover_panel(view, desk.site, desk.now_us, "Waits for you to accept it"))
    typed = _typed(desk, f"accept-{view.shift_end_us}", ACCEPTS, "Sign and take over")
    if typed and done(
        lambda: desk.commands.handover.accept(desk.actor, view.equipment_id, view.shift_end_us, typed)
    ):
        st.rerun()


def _typed(desk: Desk, key: str, meaning: str, words: str) -> Credential | None:
    with st.form(f"handover-{key}", clear_on_submit=True):
        st.caption(f"Signed as {desk.actor.name}: {meaning}")
        password = st.text_input("Your password", type="password", autocomplete="current-password")
        coded = desk.queries.policy.wants_code()
        code = st.text_input("Code from your phone", autocomplete="one-time-code") if coded else ""
        return Credential(password, code) if st.form_submit_button(words) else None
