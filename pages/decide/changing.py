"""Approve with changes: another choice, another start, and why. And texts that survive a lost connection."""

from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from components.words import moment, money
from domain.clock import MINUTE, micros
from domain.process import SettingMove, parameter_label
from domain.recommendation import Choice
from domain.telemetry import unit_text
from pages.kept import kept_line, kept_text
from services.commands.acting import Changes
from services.desk import Desk
from services.rows.decide import CaseView

SOONEST_US = 15 * MINUTE


def fields(desk: Desk, case: CaseView) -> Changes | None:
    """What is to be done instead; None while the fields do not make a change."""
    if case.evidence.setting is not None:
        return _value(desk, case, case.evidence.setting)
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


def _value(desk: Desk, case: CaseView, move: SettingMove) -> Changes | None:
    """Another value of a set point: the limits of the evidence are said, those that hold are checked."""
    unit = unit_text(move.unit)
    value = st.number_input(
        f"{parameter_label(move.parameter)} ({unit})" if unit else parameter_label(move.parameter),
        value=None, format="%g", key=f"value-{case.case_id}", placeholder=f"{move.to_value:g} is advised",
    )  # fmt: skip
    st.caption(
        f"Validated limits: {move.low:g} to {move.high:g} {unit}. "
        "What is expected is said of the advised value only."
    )
    reason = draft(desk, case, "changes", "Why (kept with the decision)")
    return None if value is None else Changes(reason=reason, value=float(value))


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
