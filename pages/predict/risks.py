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
    left, right = st.columns([5, 1], vertical_alignment="center")
    with right:
        chosen = line_filter(desk.queries.predict.risks().lines)
    with left:
        live(desk, REFRESH_S, lambda now: _sentence(now, chosen))
    live(desk, REFRESH_S, lambda now: _table(now, chosen))


def _sentence(desk: Desk, line_id: str) -> None:
    st.html(lead(headline(desk.queries.predict.risks(line_id or None).rows)))


def _table(desk: Desk, line_id: str) -> None:
    board = desk.queries.predict.risks(line_id or None)
    st.html(risk_table(board.rows, desk.site, desk.now_us))
