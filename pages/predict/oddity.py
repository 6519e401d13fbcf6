"""One machine: how unusual it is, which signals are odd, and since when."""

import streamlit as st

from components import oddities as c
from components.tables import empty, stack
from pages.live import live
from services.desk import Desk

REFRESH_S = 5


def render(desk: Desk) -> None:
    """The sentence, the course of the score, the signals; drawn again while it is open."""
    machine = st.query_params.get("id", "")
    if not machine:
        st.html(empty("Choose a machine on the screen of anomalies to see what is unusual about it."))
        return
    live(desk, REFRESH_S, lambda now: _view(now, machine))


def _view(desk: Desk, machine: str) -> None:
    view, site, now = desk.queries.oddities.machine(machine), desk.site, desk.now_us
    st.html(c.title(view, site, now))
    left, right = st.columns([1.15, 1], gap="small")
    with left:
        st.html(stack(c.course_panel(view, site), c.trends_panel(view, site)))
    with right:
        st.html(stack(c.signals_panel(view, site, now), c.limits_panel(view)))
