"""How fast and how surely decisions reach MES and ERP, and how much people do for it."""

import streamlit as st

from components import sent as c
from components.tables import lead, stack
from domain.clock import DAY, wall_us
from pages.filters import choice
from services.desk import Desk

SPANS = {"": "Last 30 days", "7": "Last 7 days", "90": "Last 90 days", "365": "Last year"}


def render(desk: Desk) -> None:
    """Filter, sentence, receivers, and what was behind them."""
    days = int(choice("Sent", "span", list(SPANS.items())) or 30)
    found = desk.queries.sent.view(wall_us() - days * DAY)
    st.html(lead(c.headline(found), "wall time"))
    st.html(c.receivers_panel(found))
    left, right = st.columns(2, gap="small")
    left.html(c.hands_panel(found.hands))
    right.html(stack(c.reasons_panel(found.reasons), c.stock_panel(found.parts, found.odd)))
    if found.receivers:
        name = f"taktwise-sent-orders-{desk.site.site_id}.csv"
        st.download_button("Download as CSV", c.sent_csv(found), name, "text/csv", on_click="ignore")
