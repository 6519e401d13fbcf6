"""Machines by how unusual they are, odd ones first."""

import streamlit as st

from components.oddities import sentence, tables
from pages.filters import choice, line_filter
from pages.live import live
from services.desk import Desk

REFRESH_S = 3
SHOW = (
    ("", "All machines"),
    ("odd", "Odd ones"),
    ("refused", "Cannot be judged"),
    ("stood", "Stood still"),
    ("usual", "As usual"),
)


def render(desk: Desk) -> None:
    """The sentence, the filters, and the tables; drawn again while it is open."""
    left, middle, right = st.columns([4, 1, 1], vertical_alignment="center")
    with middle:
        show = choice("Show", "show", SHOW)
    with right:
        line_id = line_filter(desk.queries.oddities.board().lines)
    with left:
        live(desk, REFRESH_S, lambda now: _sentence(now, line_id))
    live(desk, REFRESH_S, lambda now: _tables(now, line_id, show))


def _sentence(desk: Desk, line_id: str) -> None:
    st.html(sentence(desk.queries.oddities.board(line_id)))


def _tables(desk: Desk, line_id: str, show: str) -> None:
    st.html(tables(desk.queries.oddities.board(line_id, show), desk.site, desk.now_us))
