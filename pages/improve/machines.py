"""Machines in the plant, and those that were taken out: nobody is advised on them, no figure holds them."""

from collections.abc import Callable
from datetime import date, time

import streamlit as st

from auth.permissions import Permission
from components import plant as c
from components.calendar import changes_panel
from components.tables import lead
from components.words import local
from domain.errors import InvalidInput
from domain.shift_calendar import at_minute
from pages import forms
from pages.filters import line_filter
from pages.forms import Form
from services.desk import Desk
from services.rows.plant import MachineRow

Act = Callable[[MachineRow, int, str], str]


def render(desk: Desk) -> None:
    """The filter, the table, and two forms for those who change the plant."""
    top = st.container()
    found = desk.queries.plant.machines(line_filter(desk.queries.kpi.lines()))
    with top:
        forms.said()
        st.html(lead(c.headline(found.rows)))
    if desk.may(Permission.CHANGE_PLANT):
        left, right = st.columns(2, gap="small")
        with left:
            _out(desk, [row for row in found.rows if row.out_us is None])
        with right:
            _back(desk, [row for row in found.rows if row.out_us is not None])
    st.html(c.machines_panel(found.rows, desk.site, desk.now_us))
    st.html(changes_panel(found.changes, desk.site))


def _out(desk: Desk, rows: list[MachineRow]) -> None:
    act = desk.commands.plant.take_out
    note = "No figure holds it from then on, its undecided cases are withdrawn, its alarms are quiet."
    _form(desk, rows, "out", "Take out of the plant", note, lambda row, at, why: c.taken_words(
        row, act(desk.actor, row.equipment_id, at, why)
    ))  # fmt: skip


def _back(desk: Desk, rows: list[MachineRow]) -> None:
    def act(row: MachineRow, at_us: int, why: str) -> str:
        desk.commands.plant.put_back(desk.actor, row.equipment_id, at_us, why)
        return f"{row.name} is back in the plant."

    _form(desk, rows, "back", "Put back", "From then on its time counts again.", act)


def _form(desk: Desk, rows: list[MachineRow], key: str, title: str, note: str, act: Act) -> None:
    """Which machine, from when on, and why; `act(row, at_us, why)` says what was done."""
    form, now, zone = Form(), local(desk.now_us, desk.site.time_zone), desk.site.time_zone
    names = {c.machine_name(row): row for row in rows}
    with st.form(f"machine-{key}"):
        st.html(f'<div class="tw-h"><h2>{title}</h2></div><p class="tw-note">{note}</p>')
        hint = "Choose" if rows else "None"
        chosen = st.selectbox("Machine", list(names), index=None, placeholder=hint, key=f"unit-{key}")
        form.under("machine")
        left, right = st.columns(2)
        st.session_state.setdefault(f"day-{key}", now.date())  # as it was when the form was opened
        st.session_state.setdefault(f"at-{key}", now.time().replace(second=0, microsecond=0))
        day: date = left.date_input("From", format="YYYY-MM-DD", key=f"day-{key}")
        at: time = right.time_input("At", step=300, key=f"at-{key}")
        form.under("at")
        why = form.why(desk, f"machine-{key}", "Why (kept in the record)")
        form.under("reason", "")
        pressed = st.form_submit_button(title, disabled=not rows)
    if pressed:
        form.attempt_saying(lambda: act(
            _chosen(names, chosen), at_minute(day, at.hour * 60 + at.minute, zone), forms.needed(why)
        ))  # fmt: skip


def _chosen(names: dict[str, MachineRow], chosen: str | None) -> MachineRow:
    if chosen is None:
        raise InvalidInput("please choose a machine", "machine")
    return names[chosen]
