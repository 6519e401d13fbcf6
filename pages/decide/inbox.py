"""Cases that wait for a decision, mine first."""

import streamlit as st

from auth.permissions import Permission
from components.inbox import aside_panel, headline, under_way_panel, waiting_panel
from components.links import link
from components.tables import lead
from components.words import plural
from pages.decide.raising import raising
from pages.decide.several import several
from pages.filters import line_filter
from pages.live import live
from services.desk import Desk

REFRESH_S = 2


def render(desk: Desk) -> None:
    """The sentence, the filter by line, what waits and what is under way."""
    left, middle, right = st.columns([4.4, 1, 0.8], vertical_alignment="center")
    with middle:
        chosen = line_filter(desk.queries.decide.inbox_lines())
    if desk.may(Permission.RAISE_CASE):
        with right.popover("Raise a case", width="stretch"):
            raising(desk)
    with left:
        live(desk, REFRESH_S, lambda now: _sentence(now, chosen))
    live(desk, REFRESH_S, lambda now: _tables(now, chosen))
    several(desk, chosen)


def _sentence(desk: Desk, line_id: str) -> None:
    new = desk.queries.policy.unread()
    messages = link(plural(new, "new message"), "messages") if new else ""
    st.html(lead(headline(desk.queries.decide.inbox(line_id), desk.site, desk.now_us), messages))


def _tables(desk: Desk, line_id: str) -> None:
    inbox, now = desk.queries.decide.inbox(line_id), desk.now_us
    under_way = under_way_panel(inbox.under_way, desk.site, now)
    aside = aside_panel(inbox.aside, desk.site, now)
    waiting = waiting_panel(inbox.waiting, desk.site, now)
    st.html(f'<div class="tw-stack">{waiting}{aside}{under_way}</div>')
