"""Cases that wait for a decision, mine first."""

import streamlit as st

from components.inbox import headline, under_way_panel, waiting_panel
from components.tables import lead
from pages.filters import line_filter
from pages.live import live
from services.desk import Desk

REFRESH_S = 2


def render(desk: Desk) -> None:
    """The sentence, the filter by line, what waits and what is under way."""
    chosen = line_filter(desk.queries.decide.inbox().lines)
    live(desk, REFRESH_S, lambda now: _draw(now, chosen))


def _draw(desk: Desk, line_id: str) -> None:
    inbox = desk.queries.decide.inbox(line_id)
    now = desk.now_us
    st.html(lead(headline(inbox, desk.site, now)))
    st.html(waiting_panel(inbox.waiting, desk.site, now))
    if inbox.under_way:
        st.html(under_way_panel(inbox.under_way, desk.site, now))
