"""The shift calendar: two weeks as a picture, and what makes them, for planners and managers to change."""

from datetime import timedelta

import streamlit as st

from auth.permissions import Permission
from components import calendar as c
from components.tables import lead, stack
from domain.shift_calendar import local_day
from pages import forms
from pages.filters import choice, line_filter
from pages.improve.calendar_forms import a_day, a_region, a_shift
from services.desk import Desk
from services.rows.calendars import CalendarSettings

DAYS = 14
WEEKS = {
    "": ("From today, two weeks", 0),
    "next": ("The two weeks after", 14),
    "last": ("Last two weeks", -14),
}


def render(desk: Desk) -> None:
    """Filters, the picture, the table of one line, the settings, and forms for those who may."""
    top = st.container()
    with st.container(horizontal=True):
        line = line_filter(desk.queries.kpi.lines())
        shown = choice("Days", "days", [(key, words) for key, (words, _) in WEEKS.items()])
    first = local_day(desk.now_us, desk.site.time_zone) + timedelta(days=WEEKS[shown][1])
    view = desk.queries.calendars.view(line, first, DAYS)
    with top:
        forms.said()
        st.html(lead(c.headline(view, desk.site)))
    st.html(c.picture(view, desk.site, desk.now_us))
    st.download_button(
        "Shifts as CSV", c.shifts_csv(view, desk.site), "taktwise-shift-calendar.csv", "text/csv",
        on_click="ignore",
    )  # fmt: skip
    found = desk.queries.calendars.settings()
    st.html(stack(c.patterns_panel(found), c.days_panel(found)))
    if desk.may(Permission.EDIT_CALENDAR):
        with st.expander("Change the calendar"):
            _changing(desk, found)
    if line and view.lines:
        st.html(c.shifts_panel(view.lines[0], desk.site, desk.now_us))
    st.html(c.changes_panel(found.changes, desk.site))


def _changing(desk: Desk, found: CalendarSettings) -> None:
    places = dict(desk.queries.calendars.places())
    left, right = st.columns(2, gap="small")
    with left:
        a_shift(desk, found, places)
    with right:
        a_day(desk, found, places)
        a_region(desk, found)
