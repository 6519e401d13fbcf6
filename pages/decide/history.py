"""Decided cases, what came of them, and the audit of one."""

from functools import partial

import streamlit as st

from components.card import STATES
from components.history import audit_panel, headline, history_csv, history_panel
from components.tables import lead
from domain.cases import UNDECIDED, CaseState
from domain.clock import DAY
from domain.recommendation import CAUSE_LABELS
from pages.filters import choice, line_filter, page_of, remember
from services.desk import Desk
from services.rows.decide import HistoryFilter

SPANS = {"7": "Last 7 days", "30": "Last 30 days", "365": "Last year", "all": "All time"}


def render(desk: Desk) -> None:
    """Filters, table, download, and the audit rows of the case that was asked for."""
    top = st.container()
    rows = desk.queries.decide.history(_filters(desk))
    with top:
        st.html(lead(headline(rows)))
    table = st.container()
    shown = page_of(rows)
    table.html(history_panel(shown, desk.site, desk.now_us))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number = _audited([row.number for row in shown])
        if rows:
            name = f"taktwise-cases-{desk.site.site_id}.csv"
            data = partial(history_csv, rows, desk.site)  # all of them, made when it is asked for
            st.download_button("Download as CSV", data, name, "text/csv", on_click="ignore")
    if number:
        st.html(audit_panel(desk.queries.decide.audit(number), desk.site))


def _filters(desk: Desk) -> HistoryFilter:
    with st.container(horizontal=True):
        line = line_filter(desk.queries.decide.lines())
        states = [(s.value, STATES[s.value].capitalize()) for s in CaseState if s not in UNDECIDED]
        state = choice("What became of it", "state", [("", "Everything"), *states])
        causes = [(key, label.capitalize()) for key, label in CAUSE_LABELS.items()]
        cause = choice("Cause", "cause", [("", "All causes"), *causes])
        span = choice(
            "Decided", "span", [("", "Last 30 days"), *((k, v) for k, v in SPANS.items() if k != "30")]
        )
    from_us = 0 if span == "all" else desk.now_us - int(span or 30) * DAY
    return HistoryFilter(line_id=line, state=state, cause=cause, from_us=from_us)


def _audited(numbers: list[int]) -> int:
    asked = st.query_params.get("case", "")
    options = [0, *dict.fromkeys([*([int(asked)] if asked.isdigit() else []), *numbers])]
    chosen = st.selectbox(
        "Audit of a case",
        options,
        index=options.index(int(asked)) if asked.isdigit() else 0,
        format_func=lambda n: f"Case {n}" if n else "Choose a case",
        key="audited",
        width=240,
    )
    remember("case", str(chosen) if chosen else "")
    return chosen
