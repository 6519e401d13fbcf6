"""Alarm limits: every alarm with its limit, delays, priority and position; changes make a new version."""

import streamlit as st

from auth.permissions import Permission
from components import alarm_limits as c
from components.tables import lead
from domain.alarms.life import Priority
from pages import forms
from pages.filters import choice, line_filter, remember
from pages.improve.alarm_forms import a_position, an_alarm, earlier
from services.desk import Desk
from services.rows.alarms import DefinitionList

PRIORITIES = [("", "All priorities"), *((p.value, f"{p.value.capitalize()} priority") for p in Priority)]


def render(desk: Desk) -> None:
    """Filters and the list; one alarm with its versions; forms for those who manage alarms."""
    top = st.container()
    with st.container(horizontal=True):
        line = line_filter(desk.queries.kpi.lines())
        priority = choice("Priority", "priority", PRIORITIES)
        found = desk.queries.alarm_limits.all(line, priority)
        may = desk.may(Permission.MANAGE_ALARMS)
        alarm = _chosen(found, may=may)
    with top:
        forms.said()
        st.html(lead(c.headline(found)))
    if alarm:
        rows = desk.queries.alarm_limits.versions(alarm)
        st.html(c.versions_panel(rows, desk.site))
    if may:
        words = "Change this alarm" if alarm else "Define an alarm, or name an operator position"
        with st.expander(words, expanded=bool(alarm)):
            left, right = st.columns([2, 1], gap="small")
            with left:
                an_alarm(desk, found, rows[0] if alarm else None)
            with right:
                if alarm:
                    earlier(desk, rows)
                a_position(desk)
    st.html(c.limits_panel(found, desk.site))


def _chosen(found: DefinitionList, *, may: bool) -> str:
    """The alarm that the address names, or that is chosen here; "" for none (a new one)."""
    asked = st.query_params.get("alarm", "")
    names = {r.definition.alarm_id: c.alarm_name(r) for r in found.rows}
    options = list(dict.fromkeys(["", *([asked] if asked in names else []), *names]))
    none = "All alarms, or a new one" if may else "All alarms"
    picked = st.selectbox(
        "Alarm", options, options.index(asked) if asked in options else 0,
        format_func=lambda i: names[i] if i else none, key=f"alarm-{asked}", width=420,
        label_visibility="collapsed",
    )  # fmt: skip
    if picked != (asked if asked in options else ""):
        remember("alarm", picked)
        st.rerun()
    return picked
