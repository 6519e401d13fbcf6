"""How well the alarms work: rates, floods, priorities, what chatters, what stays."""

import streamlit as st

from components import alarms as c
from components.tables import lead, stack
from domain.clock import DAY
from pages.filters import ROWS, choice, place_of
from services.desk import Desk

Asked = tuple[str, int, int]  # position, from, to
SPANS = {"": "Last 24 hours", "7": "Last 7 days", "30": "Last 30 days"}


def render(desk: Desk) -> None:
    """Filters, the sentence, figures, the most frequent, the journal."""
    with st.container(horizontal=True):
        positions = desk.queries.alarms.board().positions
        position = choice("Operator position", "position", [("", "All positions"), *positions])
        days = int(choice("Stretch", "span", list(SPANS.items())) or 1)
    to_us = desk.now_us
    from_us = to_us - days * DAY
    found = desk.queries.alarms.figures(position, from_us, to_us)
    st.html(lead(c.figures_headline(found)))
    left, right = st.columns([1, 1.3], gap="small")
    with left:
        st.html(c.figures_panel(found))
    with right:
        parts = (
            c.positions_panel(found),
            c.frequent_panel(found),
            c.stale_panel(found, desk.site, desk.now_us),
        )
        st.html(stack(*parts))
    _journal(desk, found.lines, (position, from_us, to_us))


def _journal(desk: Desk, count: int, asked: Asked) -> None:
    """A page of the journal, and all of it as CSV."""
    table, query = st.container(), desk.queries.alarms.journal
    rows = query(*asked, ROWS, place_of(count))
    table.html(c.journal_panel(rows, count, desk.site))
    if rows:

        def data() -> bytes:
            return c.journal_csv(query(*asked), desk.site)  # all of it, made when it is asked for

        st.download_button("Download as CSV", data, "taktwise-alarms.csv", "text/csv", on_click="ignore")
