"""Raise a case where the models are silent."""

import streamlit as st

from domain.errors import Conflict, UserFixable
from domain.ids import new_id
from domain.recommendation import CAUSE_LABELS, Choice, cause_label
from pages.kept import kept_text
from services.desk import Desk

WANTED = {
    Choice.INSPECT_FIRST: "Inspect first",
    Choice.NOW: "Repair now",
    Choice.SHIFT_CHANGE: "Repair at the shift change",
}


def raising(desk: Desk) -> None:
    """A small form; whoever raises a case does not approve it."""
    machines = dict(desk.queries.decide.machines())
    machine = st.selectbox(
        "Machine",
        list(machines),
        index=None,
        format_func=machines.__getitem__,
        placeholder="Choose a machine",
    )
    cause = st.selectbox(
        "What you suspect", list(CAUSE_LABELS), index=len(CAUSE_LABELS) - 1, format_func=cause_label
    )
    wanted = st.selectbox("What should be done", list(WANTED), format_func=WANTED.__getitem__)
    text = kept_text(desk, "raise", "What you have seen or heard")
    pressed = st.button("Raise the case")
    if not pressed:
        return
    if machine is None:
        st.warning("Please choose a machine.")
        return
    act_id = st.session_state.setdefault("act-raise", new_id())
    try:
        done = desk.commands.cases.raise_case(desk.actor, machine, act_id, cause, text, wanted)
    except (UserFixable, Conflict) as error:
        st.warning(f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return
    st.session_state.pop("act-raise")
    st.success(f"{done.message} Somebody else has to approve it.")
