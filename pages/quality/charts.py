"""Every control chart, those that broke a rule first."""

import streamlit as st

from auth.permissions import Permission
from components.quality import charts_csv, charts_headline, charts_table
from components.tables import lead
from pages.filters import choice, line_filter
from pages.live import live
from pages.quality.defining import defining
from services.desk import Desk
from services.rows.quality import ChartRow

REFRESH_S = 10


def render(desk: Desk) -> None:
    """The sentence, the filters, the table; and a form for a new chart."""
    with st.container(horizontal=True):
        line = line_filter(desk.queries.quality.lines())
        shown = choice("Which", "show", [("", "All charts"), ("broken", "With a broken rule")])
    live(desk, REFRESH_S, lambda now: _table(now, line, shown))
    data = charts_csv(_rows(desk, line, shown), desk.site)
    st.download_button("Download as CSV", data, "taktwise-charts.csv", "text/csv", on_click="ignore")
    if desk.may(Permission.MANAGE_CHARTS):
        with st.expander("Define a chart"):
            defining(desk)


def _rows(desk: Desk, line: str, shown: str) -> tuple[ChartRow, ...]:
    rows = desk.queries.quality.charts(line)
    return tuple(r for r in rows if r.recent) if shown == "broken" else rows


def _table(desk: Desk, line: str, shown: str) -> None:
    rows = _rows(desk, line, shown)
    st.html(lead(charts_headline(rows)))
    st.html(charts_table(rows, desk.site, desk.now_us))
