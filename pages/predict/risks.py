"""Machines by risk, riskiest first."""

import streamlit as st

from components.risk import headline, risk_table
from components.tables import lead
from pages.filters import line_filter
from pages.live import live
from services.desk import Desk

REFRESH_S = 3


def render(desk: Desk) -> None:
    """The sentence, the filter by line, and the table; drawn again while it is open."""
    chosen = line_filter(desk.queries.predict.risks().lines)
    live(desk, REFRESH_S, lambda now: _draw(now, chosen))


def _draw(desk: Desk, line_id: str) -> None:
    board = desk.queries.predict.risks(line_id or None)
    st.html(lead(headline(board.rows)))
    st.html(risk_table(board.rows, desk.site, desk.now_us))
