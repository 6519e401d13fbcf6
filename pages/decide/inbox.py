"""Cases that wait for a decision, mine first."""

import streamlit as st

from auth.permissions import Permission
from components.inbox import headline, under_way_panel, waiting_panel
from components.tables import lead
from pages.decide.raising import raising
from pages.filters import line_filter
from pages.live import live
from services.desk import Desk

REFRESH_S = 2


def render(desk: Desk) -> None:
    """The sentence, the filter by line, what waits and what is under way."""
    left, middle, right = st.columns([4.4, 1, 0.8], vertical_alignment="center")
    with middle:
        chosen = line_filter(desk.queries.decide.inbox().lines)
    if desk.may(Permission.RAISE_CASE):
        with right.popover("Raise a case", width="stretch"):
            raising(desk)
    with left:
        live(desk, REFRESH_S, lambda now: _sentence(now, chosen))
    live(desk, REFRESH_S, lambda now: _tables(now, chosen))


def _sentence(desk: Desk, line_id: str) -> None:
    st.html(lead(headline(desk.queries.decide.inbox(line_id), desk.site, desk.now_us)))


def _tables(desk: Desk, line_id: str) -> None:
    inbox, now = desk.queries.decide.inbox(line_id), desk.now_us
    under_way = under_way_panel(inbox.under_way, desk.site, now)
    st.html(f'<div class="tw-stack">{waiting_panel(inbox.waiting, desk.site, now)}{under_way}</div>')
