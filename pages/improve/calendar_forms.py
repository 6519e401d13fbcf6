"""Forms of the shift calendar: a weekly shift, a day that differs, whose public holidays count."""

import re
from collections.abc import Mapping
from datetime import date, time, timedelta

import streamlit as st

from auth.permissions import Permission
from components import calendar as c
from domain.errors import InvalidInput
from domain.shift_calendar import DAY_MINUTES, CalendarException, ExceptionKind, Pattern, local_day
from pages.forms import Form
from services.desk import Desk
from services.rows.calendars import CalendarSettings

Places = Mapping[str, str]
NEW = Pattern("", "", "", frozenset(range(1, 6)), 360, 480)


def a_shift(desk: Desk, found: CalendarSettings, places: Places) -> None:
    """Add a weekly shift, change one from a day on, or let one end."""
    rows = {
        r.pattern.pattern_id: r for r in found.patterns if r.state != "ended" and r.pattern.scope in places
    }
    tomorrow = local_day(desk.now_us, desk.site.time_zone) + timedelta(days=1)
    with st.container(border=True, key="plain-weekly"):
        st.html('<div class="tw-h"><h2>A shift of every week</h2></div>')
        chosen = st.selectbox(
            "Shift", ["", *rows], format_func=lambda i: c.pattern_name(rows[i]) if i else "A new one",
            key="weekly",
        )  # fmt: skip
        old = rows[chosen].pattern if chosen else NEW
        if chosen:
            with (
                st.form(f"end-{chosen}", border=False),
                st.container(horizontal=True, vertical_alignment="bottom"),
            ):
                form = Form()
                last = st.date_input("Last day", tomorrow - timedelta(days=1), format="YYYY-MM-DD")
                why = form.why(desk, f"shift-end-{chosen}", "Why")
                pressed = st.form_submit_button("Let it end")
                form.under("valid_to", "reason", "")
            if pressed:
                end = desk.commands.calendars.end_pattern
                form.attempt(lambda: end(desk.actor, chosen, last, why), f"{old.name} ends on {last}.")
        _weekly(desk, old, places, tomorrow)


def _weekly(desk: Desk, old: Pattern, places: Places, tomorrow: date) -> None:
    form, keys = Form(), list(places)
    with st.form(f"weekly-{old.pattern_id}", border=False):
        scope = old.scope or st.selectbox("For", keys, format_func=places.__getitem__)
        name = st.text_input("Name", old.name, max_chars=40)
        form.under("name")
        days = st.multiselect(
            "Begins on", list(range(1, 8)), sorted(old.weekdays), format_func=lambda d: c.WEEKDAYS[d - 1]
        )
        form.under("weekdays")
        left, right = st.columns(2)
        begins = left.time_input("Begins at", _time(old.start_minute), step=900)
        ends = right.time_input("Ends at", _time(old.start_minute + old.minutes), step=900)
        form.under("times")
        breaks = st.text_input("Breaks: when, and how many minutes (10:00 30, 12:30 15)", c.breaks_text(old))
        form.under("breaks")
        freeze = left.number_input(
            "Plan is fixed, hours before", 0.0, 168.0, old.freeze_minutes / 60, 1.0, format="%g"
        )
        first = right.date_input("From", max(tomorrow, old.valid_from), format="YYYY-MM-DD")
        form.under("freeze", "valid_from")
        free = st.checkbox("Also on public holidays", old.on_holidays)
        why = form.why(desk, f"shift-{old.pattern_id or 'new'}", "Why (kept in the record)")
        form.under("reason")
        pressed = st.form_submit_button("Change from that day on" if old.pattern_id else "Add the shift")
        form.under()
    if pressed:
        form.attempt(
            lambda: desk.commands.calendars.set_pattern(
                desk.actor,
                _made(scope, name, days, (begins, ends), breaks, freeze, free, first),
                why,
                instead_of=old.pattern_id,
            ),
            f"{name} holds from {first} on.",
        )


def _made(
    scope: str, name: str, days: list[int], times: tuple[time, time], breaks: str, freeze: float,
    on_holidays: bool, first: date,
) -> Pattern:  # fmt: skip
    start, minutes = span_of(*times)
    return Pattern(
        "", scope, name, frozenset(days), start, minutes, breaks_of(breaks, start), round(freeze * 60),
        on_holidays, first,
    )  # fmt: skip


def span_of(begins: time, ends: time) -> tuple[int, int]:
    """Minute of the day and length; an end at or before the begin lies on the next day."""
    start = begins.hour * 60 + begins.minute
    return start, (ends.hour * 60 + ends.minute - start) % DAY_MINUTES or DAY_MINUTES


def breaks_of(text: str, start: int) -> tuple[tuple[int, int], ...]:
    """`10:00 30, 12:30 15` as (minutes after the start, minutes). Raises InvalidInput for anything else."""
    found = []
    for part in filter(None, (piece.strip() for piece in re.split("[,;]", text))):
        match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)\s+(\d{1,3})(?:\s*min)?", part)
        if match is None:
            raise InvalidInput(
                f"\u201c{part}\u201d is no break; write the time and the minutes: 10:00 30", "breaks"
            )
        hour, minute, length = map(int, match.groups())
        found.append(((hour * 60 + minute - start) % DAY_MINUTES, length))
    return tuple(sorted(found))


def _time(minute: int) -> time:
    return time(minute // 60 % 24, minute % 60)


def a_day(desk: Desk, found: CalendarSettings, places: Places) -> None:
    """Close a day, add an extra shift, or take such a day back."""
    tomorrow = local_day(desk.now_us, desk.site.time_zone) + timedelta(days=1)
    kinds = {ExceptionKind.CLOSED: "Closed: no shift begins", ExceptionKind.EXTRA: "An extra shift"}
    with st.container(border=True, key="plain-day"):
        st.html('<div class="tw-h"><h2>A day that differs</h2></div>')
        kind = st.selectbox("What", list(kinds), format_func=kinds.__getitem__, key="day-kind")
        form = Form()
        with st.form("day", border=False):
            left, right = st.columns(2)
            scope = left.selectbox("For", list(places), format_func=places.__getitem__)
            day = right.date_input("Day", tomorrow, format="YYYY-MM-DD")
            form.under("valid_from")
            name, start, minutes = "", 0, 0
            if kind is ExceptionKind.EXTRA:
                name = st.text_input("Name", "Extra", max_chars=40)
                form.under("name")
                begins, ends = (
                    left.time_input("Begins at", time(6), step=900),
                    right.time_input("Ends at", time(14), step=900),
                )
                start, minutes = span_of(begins, ends)
                form.under("times")
            why = form.why(desk, "day", "Why (shown beside the day)")
            form.under("reason")
            pressed = st.form_submit_button("Set the day")
            form.under()
        if pressed:
            one = CalendarException(scope, day, kind, name, start, minutes, why)
            form.attempt(lambda: desk.commands.calendars.set_day(desk.actor, one), f"{day} is set.")
        _back(desk, found, places)


def _back(desk: Desk, found: CalendarSettings, places: Places) -> None:
    rows = {
        c.day_name(r): r.exception for r in found.exceptions if not r.past and r.exception.scope in places
    }
    if not rows:
        return
    form = Form()
    with st.form("day-back", border=False):
        chosen = st.selectbox("Take a day back", list(rows), index=None, placeholder="Choose")
        why = form.why(desk, "day-back", "Why it is as usual again")
        form.under("reason", "")
        pressed = st.form_submit_button("Take back")
    if pressed and chosen:
        undo = desk.commands.calendars.take_back_day
        form.attempt(lambda: undo(desk.actor, rows[chosen], why), "The day is as usual again.")


def a_region(desk: Desk, found: CalendarSettings) -> None:
    """Whose public holidays the site keeps."""
    if not desk.may(Permission.EDIT_CALENDAR, desk.site.site_id):
        return
    country, part = found.region or ("", "")
    form = Form()
    with st.form("region"):
        st.html('<div class="tw-h"><h2>Public holidays</h2></div>')
        left, right = st.columns(2)
        chosen = left.text_input("Country, two letters (empty: none)", country, max_chars=2)
        within = right.text_input("Part of it, such as BY (may be empty)", part, max_chars=8)
        form.under("region", "valid_from", "times")
        why = form.why(desk, "region", "Why (kept in the record)")
        form.under("reason", "")
        pressed = st.form_submit_button("Set the holidays")
    if pressed:
        keep = desk.commands.calendars.set_region
        form.attempt(
            lambda: keep(desk.actor, desk.site.site_id, chosen.strip().upper(), within.strip().upper(), why),
            "The holidays are set.",
        )
