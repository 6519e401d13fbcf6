"""How well the alarms work: rates, floods, priorities, what chatters, what stays."""

import streamlit as st

from components import alarms as c
from components.tables import lead, stack
from domain.clock import DAY
from pages.filters import choice
from services.desk import Desk

SPANS = {"": "Last 24 hours", "7": "Last 7 days", "30": "Last 30 days"}


def render(desk: Desk) -> None:
    """Filters, the sentence, figures, the most frequent, the journal."""
    with st.container(horizontal=True):
        positions = desk.queries.alarms.board().positions
        position = choice("Operator position", "position", [("", "All positions"), *positions])
        days = int(choice("Stretch", "span", list(SPANS.items())) or 1)
    found = desk.queries.alarms.figures(position, desk.now_us - days * DAY, desk.now_us)
    st.html(lead(c.figures_headline(found)))
    left, right = st.columns([1, 1.3], gap="small")
    with left:
        st.html(c.figures_panel(found))
    with right:
        st.html(stack(c.frequent_panel(found), c.stale_panel(found, desk.site, desk.now_us)))
    st.html(c.journal_panel(found, desk.site))
    data = c.journal_csv(found, desk.site)
    st.download_button("Download as CSV", data, "taktwise-alarms.csv", "text/csv", on_click="ignore")
