"""Targets with the day from which they hold: earlier days keep the target of their time."""

from datetime import timedelta

import streamlit as st

from auth.permissions import Permission
from components import targets as c
from components.calendar import changes_panel
from components.tables import lead
from domain.shift_calendar import at_minute, local_day
from pages import forms
from pages.filters import line_filter
from pages.forms import Form
from services.desk import Desk
from services.rows.targets import Targets


def render(desk: Desk) -> None:
    """The filter, the table, and two forms for those who set targets."""
    top = st.container()
    line = line_filter(desk.queries.kpi.lines())
    found = desk.queries.targets.all(line)
    with top:
        forms.said()
        st.html(lead(c.headline(found)))
    st.html(c.targets_panel(found, desk.site) + c.without_note(found))
    if desk.may(Permission.SET_TARGETS):
        left, right = st.columns(2, gap="small")
        with left:
            _new(desk)
        with right:
            _back(desk, found)
    st.html(changes_panel(found.changes, desk.site))


def _new(desk: Desk) -> None:
    form, places = Form(), dict(desk.queries.calendars.places())
    tomorrow = local_day(desk.now_us, desk.site.time_zone) + timedelta(days=1)
    with st.form("target"):
        st.html('<div class="tw-h"><h2>Set a target</h2></div>')
        scope = st.selectbox("For", list(places), format_func=places.__getitem__)
        left, middle, right = st.columns(3)
        kpi = left.selectbox("Figure", list(c.KPIS), format_func=c.KPIS.__getitem__)
        value = middle.number_input("Target, %", 0.0, 100.0, 80.0, 0.5, format="%.1f")
        first = right.date_input(
            "From", tomorrow, min_value=tomorrow - timedelta(days=1), format="YYYY-MM-DD"
        )
        form.under("value", "valid_from")
        why = form.why(desk, "target", "Why (kept in the record)")
        form.under("reason", "")
        pressed = st.form_submit_button("Set the target")
    if pressed:
        from_us = at_minute(first, 0, desk.site.time_zone)
        act = desk.commands.figures.set_target
        form.attempt(
            lambda: act(desk.actor, scope, kpi, value / 100, from_us, forms.needed(why)),
            f"{c.KPIS[kpi]} of {places[scope]}: {value:g} % from {first} on.",
        )


def _back(desk: Desk, found: Targets) -> None:
    rows = {c.target_name(r, desk.site): r for r in found.rows if r.state == "to come"}
    form = Form()
    with st.form("target-back"):
        st.html('<div class="tw-h"><h2>Take back a target that does not hold yet</h2></div>')
        chosen = st.selectbox(
            "Target", list(rows), index=None, placeholder="Choose" if rows else "None to come"
        )
        why = form.why(desk, "target-back", "Why")
        form.under("reason", "")
        pressed = st.form_submit_button("Take back", disabled=not rows)
    if pressed and chosen:
        row, act = rows[chosen], desk.commands.figures.take_back_target
        form.attempt(lambda: act(desk.actor, row.scope, row.kpi, row.valid_from_us, why), "Taken back.")
