"""Schedules: reports that come by themselves, into a folder or by mail."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from auth.permissions import Permission
from components import reports as c
from components.tables import lead
from domain.clock import MINUTE
from domain.errors import Conflict, UserFixable
from domain.reporting import Delivery, Format, Kind, Plan
from pages.improve.reports import KINDS
from services.desk import Desk
from services.rows.reports import ScheduleRow


def render(desk: Desk) -> None:
    """What comes by itself, and two forms for those who may change it."""
    listed = st.container()
    if desk.may(Permission.SCHEDULE_REPORTS):
        left, right = st.columns(2, gap="small")
        with left:
            _new(desk)
        with right:
            _change(desk)
    with listed:
        rows = desk.queries.reports.schedules()
        st.html(lead(c.schedules_headline(rows)))
        st.html(c.schedules_panel(rows, desk.site))


def _new(desk: Desk) -> None:
    places = dict(desk.queries.reports.places())
    with st.form("schedule"):
        st.html('<div class="tw-h"><h2>Let a report come by itself</h2></div>')
        scope = st.selectbox("About", list(places), format_func=lambda s: places[s])
        kind = st.selectbox("Report", [k for k, _ in KINDS], format_func=lambda k: dict(KINDS)[k])
        formats = st.multiselect("Files", list(Format), list(Format), format_func=lambda f: f.value.upper())
        ways = list(Delivery) if desk.commands.reports.mail else [Delivery.FOLDER]
        words = {Delivery.FOLDER: "into a folder of the server", Delivery.MAIL: "by mail"}
        delivery = st.selectbox("Goes", ways, format_func=lambda d: words[d])
        target = st.text_input("Folder, or mail addresses with commas between", "shifts", max_chars=600)
        delay = st.number_input("Minutes to wait after the end, for late entries", 0, 720, 15, step=5)
        if st.form_submit_button("Schedule"):
            _done(lambda: _schedule(desk, scope, kind, formats, delivery, target, delay), "Scheduled.")


def _schedule(
    desk: Desk, scope: str, kind: str, formats: list[Format], delivery: Delivery, target: str, delay: int
) -> None:
    names = tuple(part.strip() for part in target.split(",") if part.strip())
    plan = Plan(scope, Kind(kind), tuple(formats), delivery, names, delay * MINUTE)
    desk.commands.reports.schedule(desk.actor, plan)


def _change(desk: Desk) -> None:
    rows = {row.schedule_id: row for row in desk.queries.reports.schedules()}
    failed = [run for run in desk.queries.reports.failed() if run.final]
    with st.container(border=True, key="plain-schedule"):
        st.html('<div class="tw-h"><h2>Change a schedule</h2></div>')
        chosen = st.selectbox(
            "Schedule", ["", *rows], format_func=lambda i: c.schedule_name(rows[i]) if i else "Choose one"
        )
        if chosen:
            _states(desk, rows[chosen])
        for run in failed:
            if st.button(f"Try again: {run.period_name}", key=f"again-{run.run_id}"):
                again = partial(desk.commands.reports.try_again, desk.actor, run.run_id)
                _done(again, "It is made again.")


def _states(desk: Desk, row: ScheduleRow) -> None:
    change = desk.commands.reports.set_state
    other = "paused" if row.state == "active" else "active"
    with st.container(horizontal=True):
        if st.button("Pause" if other == "paused" else "Resume"):
            _done(lambda: change(desk.actor, row.schedule_id, other), "Changed.")
        if st.button("Remove"):
            _done(lambda: change(desk.actor, row.schedule_id, "removed"), "Removed.")


def _done(act: Callable[[], object], said: str) -> None:
    try:
        act()
    except (UserFixable, Conflict) as error:
        st.error(str(error))
    else:
        st.success(said)
