"""Every machine against its usual pattern of several sensors at once."""

import streamlit as st

from components.patterns import patterns_table
from components.tables import lead
from components.words import plural
from pages.filters import line_filter
from pages.live import live
from services.desk import Desk

REFRESH_S = 10


def render(desk: Desk) -> None:
    """The sentence, the filter by line, the table."""
    line = line_filter(desk.queries.quality.lines())
    live(desk, REFRESH_S, lambda now: _draw(now, line))


def _draw(desk: Desk, line: str) -> None:
    rows = desk.queries.patterns.machines(line)
    odd = sum(1 for r in rows if max(r.t2_share or 0, r.spe_share or 0) > 1)
    said = (
        f"<b>{odd} of {plural(len(rows), 'machine')} left the usual pattern in the newest hour.</b>"
        if odd
        else f"<b>{plural(len(rows), 'machine')} within the usual pattern.</b>"
    )
    st.html(lead(said))
    st.html(patterns_table(rows, desk.now_us))
