"""Data quality: what the data of each machine are good for, and what to do about the rest."""

import streamlit as st

from components import data_quality as c
from components.tables import lead, stack
from components.words import stamp
from pages.filters import choice, line_filter
from services.desk import Desk

SHOWN = {
    "": "All machines",
    "missing": "Something missing",
    **{key: f"Not ready for {name if key == 'oee' else name.lower()}" for key, name in c.PURPOSES.items()},
    "odd": "Odd signals",
}


def render(desk: Desk) -> None:
    """Filters, the sentence, machines beside what to do."""
    rows, site, now = desk.queries.data_quality.machines(), desk.site, desk.now_us
    with st.container(horizontal=True):
        line = line_filter(list({row.line_id: row.line for row in rows}.items()))
        shown = choice("Machines", "show", list(SHOWN.items()))
    rows = tuple(row for row in rows if line in ("", row.line_id))
    st.html(lead(c.headline(rows), f"plant time {stamp(now, site.time_zone)[:16]}"))
    wanted = [
        row
        for row in rows
        if shown == ""
        or (shown == "odd" and row.odd)
        or (shown == "missing" and any(c.of(row, purpose) for purpose in c.PURPOSES))
        or (shown in c.PURPOSES and c.of(row, shown))
    ]
    left, right = st.columns([3, 2], gap="small")
    with left:
        st.html(c.machines_panel(wanted, site, now))
    with right:
        st.html(stack(c.todo_panel(wanted), c.odd_panel(wanted)))
