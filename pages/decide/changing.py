"""Approve with changes: another choice, another start, and why. And texts that survive a lost connection."""

from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from components.words import moment, money
from domain.clock import MINUTE, micros
from domain.recommendation import Choice
from pages.kept import kept_line, kept_text
from services.commands.acting import Changes
from services.desk import Desk
from services.rows.decide import CaseView

SOONEST_US = 15 * MINUTE


def fields(desk: Desk, case: CaseView) -> Changes | None:
    """What is to be done instead; None while the fields do not make a change."""
    listed = {a.key: a for a in case.alternatives if a.start_us is not None and a.fits}
    words = {
        k: f"{a.label} ({money(a.cost_cents, desk.site.currency)})"
        for k, a in listed.items()
        if not a.advised
    }
    words[Choice.AT_TIME] = "At another time"
    key = f"choice-{case.case_id}"
    choice = st.selectbox(
        "What to do instead",
        list(words),
        format_func=words.__getitem__,
        key=key,
        index=None,
        placeholder="Choose",
    )
    if choice is None:
        return None
    start_us = None
    if choice == Choice.AT_TIME:
        start_us = _start(desk, case)
        if st.checkbox("Only inspect at that time", key=f"inspect-{case.case_id}"):
            choice = Choice.INSPECT_FIRST
    reason = draft(desk, case, "changes", "Why (kept with the decision)")
    return Changes(str(choice), start_us, reason)


def _start(desk: Desk, case: CaseView) -> int:
    zone = desk.site.time_zone
    advised = next((a.start_us for a in case.alternatives if a.advised and a.start_us), None)
    first = desk.site.local(max(advised or 0, desk.now_us + SOONEST_US))
    left, right = st.columns(2)
    day = left.date_input("Day", first.date(), key=f"day-{case.case_id}", format="YYYY-MM-DD")
    time = right.time_input(
        f"Start ({zone})", first.time().replace(second=0, microsecond=0), key=f"time-{case.case_id}", step=300
    )
    start = micros(datetime.combine(day, time, tzinfo=ZoneInfo(zone)))
    if start < desk.now_us:
        st.caption("This start has passed already.")
    else:
        st.caption(f"Starts {moment(start, zone, desk.now_us)}. The cost is counted anew when you sign.")
    return start


def draft(desk: Desk, case: CaseView, kind: str, label: str) -> str:
    """A text field about a case, kept while it is typed."""
    return kept_text(desk, f"{kind}:{case.case_id}", label)


def line(desk: Desk, case: CaseView, kind: str, label: str) -> str:
    """The same for one line."""
    return kept_line(desk, f"{kind}:{case.case_id}", label, most=200)
