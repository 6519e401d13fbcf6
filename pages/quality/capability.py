"""Capability of every value with a tolerance."""

import streamlit as st

from components import capability as c
from components.tables import lead
from domain.clock import DAY
from pages.filters import choice, line_filter
from services.desk import Desk

SPANS = {"": "Last 7 days", "1": "Last 24 hours", "30": "Last 30 days"}


def render(desk: Desk) -> None:
    """Filters, the sentence, the table."""
    with st.container(horizontal=True):
        line = line_filter(desk.queries.quality.lines())
        days = int(choice("Stretch", "span", list(SPANS.items())) or 7)
    rows = desk.queries.quality.capabilities(line, desk.now_us - days * DAY, desk.now_us)
    st.html(lead(c.capability_headline(rows)))
    st.html(c.capability_table(rows))
    data = c.capability_csv(rows)
    st.download_button("Download as CSV", data, "taktwise-capability.csv", "text/csv", on_click="ignore")
