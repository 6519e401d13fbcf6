"""How well the reasons of stops are known, and whether people follow the proposals."""

import streamlit as st

from components import stops as c
from components.tables import lead
from domain.clock import DAY
from domain.time_model import Span
from pages.filters import choice
from services.desk import Desk

SPANS = [("", "Last 24 hours"), ("3", "Last 3 days"), ("7", "Last 7 days")]


def render(desk: Desk) -> None:
    """The sentence, the two shares, and the lines."""
    days = int(choice("Time", "days", SPANS) or 1)
    found = desk.queries.stops.quality(Span(desk.now_us - days * DAY, desk.now_us))
    st.html(lead(c.quality_headline(found)))
    st.html(c.lines_panel(found.lines))
    st.html(c.agreement_panel(found))
