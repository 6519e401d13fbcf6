"""Alarms of an operator position: what asks, what is put aside, and the acts on them."""

from collections.abc import Callable

import streamlit as st

from auth.permissions import Permission
from components import alarms as c
from components.tables import lead
from domain.alarms.life import State
from domain.clock import HOUR
from domain.errors import Conflict, UserFixable
from pages.filters import choice
from pages.kept import kept_line, spending
from pages.live import live
from services.desk import Desk
from services.rows.alarms import AlarmBoard

REFRESH_S = 3
HOURS = {1: "1 hour", 4: "4 hours", 8: "8 hours", 24: "24 hours"}
WAITS = (State.UNACKNOWLEDGED, State.RETURNED)


def render(desk: Desk) -> None:
    """The position, the list (drawn again while open), and the forms below it."""
    board = desk.queries.alarms.board()
    position = choice("Operator position", "position", [("", "All positions"), *board.positions])
    live(desk, REFRESH_S, lambda now: _draw(now, position))
    if desk.may(Permission.ACKNOWLEDGE_ALARM):
        shown = desk.queries.alarms.board(position)
        left, right = st.columns(2, gap="small")
        with left, st.container(border=True, key="acts"):
            _acknowledging(desk, shown)
        with right:
            _shelving(desk, shown)


def _draw(desk: Desk, position: str) -> None:
    board = desk.queries.alarms.board(position)
    st.html(lead(c.board_headline(board)))
    st.html(c.board_panel(board.rows, desk.site, desk.now_us))
    left, right = st.columns(2, gap="small")
    with left:
        st.html(c.quiet_panel(board.rows, desk.site, desk.now_us) + c.stale_values(board))
    with right:
        if desk.may(Permission.SEE_PREDICTIONS):
            risks = desk.queries.predict.risks(position or None).rows
            above = [r for r in risks if r.prediction is not None and r.prediction.above_threshold]
            st.html(c.alerts_panel(above, desk.now_us))


def _acknowledging(desk: Desk, board: AlarmBoard) -> None:
    waiting = {r.alarm_id: r for r in board.rows if r.state in WAITS}
    if not waiting:
        st.caption("Nothing to acknowledge.")
        return
    with st.form("acknowledge", border=False):
        chosen = st.multiselect(
            "Acknowledge",
            list(waiting),
            format_func=lambda i: c.label(waiting[i]),
            placeholder="Choose alarms",
        )
        note = kept_line(desk, "why:acknowledge", "Note (shown with your name)", form=True)
        pressed = st.form_submit_button("Acknowledge")
    if pressed and chosen:
        act = desk.commands.alarms.acknowledge
        _do(spending(desk, lambda: act(desk.actor, chosen, note), "why:acknowledge"))


def _shelving(desk: Desk, board: AlarmBoard) -> None:
    rows = {r.alarm_id: r for r in board.rows if r.state is not State.SUPPRESSED}
    acts = {"shelve": "Shelve until", "unshelve": "Take from the shelf"}
    if desk.may(Permission.MANAGE_ALARMS):
        acts |= {"remove": "Take out of service", "put_back": "Put back into service"}
    with st.form("shelve", border=False):
        act = st.selectbox("Put aside", list(acts), format_func=acts.__getitem__)
        chosen = st.selectbox(
            "Alarm",
            list(rows),
            index=None,
            format_func=lambda i: c.label(rows[i]),
            placeholder="Choose an alarm",
        )
        hours = st.selectbox("For", list(HOURS), format_func=HOURS.__getitem__)
        reason = kept_line(desk, "why:shelve", "Why (kept in the journal)", form=True)
        pressed = st.form_submit_button("Do it")
    if not pressed or chosen is None:
        return
    commands, actor = desk.commands.alarms, desk.actor
    does: dict[str, Callable[[], object]] = {
        "shelve": lambda: commands.shelve(actor, chosen, desk.now_us + hours * HOUR, reason),
        "unshelve": lambda: commands.unshelve(actor, chosen),
        "remove": lambda: commands.remove(actor, chosen, reason),
        "put_back": lambda: commands.put_back(actor, chosen, reason),
    }
    _do(spending(desk, does[act], "why:shelve"))


def _do(act: Callable[[], object]) -> None:
    try:
        act()
    except (UserFixable, Conflict) as error:
        st.warning(f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return
    st.rerun()
