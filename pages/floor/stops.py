"""Stops of a line: two taps name one. Made for a tablet at the line."""

import time
from typing import Literal

import streamlit as st

from components import stops as c
from components.tables import empty, lead
from domain.clock import DAY
from domain.ids import new_id
from domain.stop_history import ActKind, Ask
from domain.time_model import Span
from pages.filters import choice, place_of, remember, skipped
from pages.floor import stop_parts
from pages.floor.stop_parts import Chosen, done, open_group
from services.desk import Desk
from services.rows.stops import StopItem, StopList

LISTED = 40
WINDOWS = [("", "This shift"), ("day", "Last 24 hours"), ("three", "Last 3 days")]


def render(desk: Desk) -> None:
    """Filters, the stops of the line at the left, the chosen one with its buttons at the right."""
    lines = desk.queries.stops.lines()
    if not lines:
        st.info("No line is open to you here.")
        return
    with st.container(horizontal=True, key="stop-filters"):
        line_id = choice("Line", "line", lines)
        window = choice("Window", "window", WINDOWS)
    found = desk.queries.stops.stops(line_id, _span(desk, line_id, window), LISTED, skipped(LISTED))
    st.html(lead(c.headline(found)))
    left, right = st.columns([2, 3], gap="small")
    with left:
        with st.container(key="stop-list"):
            stop = _list(desk, found)
        place_of(found.count, LISTED)
    with right:
        if stop is None:
            st.html(empty("Nothing to name. The list fills as machines stop."))
        else:
            _card(desk, found, stop)


def _span(desk: Desk, line_id: str, window: str) -> Span:
    if window:
        return Span(desk.now_us - (DAY if window == "day" else 3 * DAY), desk.now_us)
    return desk.queries.stops.shift(line_id)


def _list(desk: Desk, found: StopList) -> StopItem | None:
    """Those without a reason first, then those that waited. A tap opens one, else the first is open."""
    by_key = {stop.key: stop for stop in found.stops}
    asked = st.query_params.get("stop", "")
    chosen = by_key.get(asked) or next(iter(found.stops), None)
    for stop in found.stops:
        kind: Literal["primary", "secondary"] = "primary" if stop is chosen else "secondary"
        words = c.label(stop, found.tree, desk.site.time_zone)
        if st.button(words, key=f"stop-{stop.key}", type=kind, width="stretch"):
            st.session_state["stop-since"] = (stop.key, time.monotonic())
            open_group("")
            remember("stop", stop.key)
            st.rerun()
    return chosen


def _card(desk: Desk, found: StopList, stop: StopItem) -> None:
    st.html(c.stop_panel(stop, found.tree, desk.site))
    if stop.may_change:
        st.info(f"You cannot change this stop: {stop.may_change}.")
    else:
        piece = stop_parts.piece(stop, desk.site.time_zone)
        with st.container(key="stop-acts"):
            _reasons(desk, found, Chosen(stop, piece))
        stop_parts.cutting(desk, Chosen(stop, piece))
    if stop.acts:
        st.html(c.history_panel(stop.acts, found.tree, desk.site))


def _reasons(desk: Desk, found: StopList, chosen: Chosen) -> None:
    """The proposal in one tap; else a group, then a reason in it."""
    stop, tree = chosen.stop, found.tree
    if stop.proposal is not None and (node := tree.find(stop.proposal.reason)) and node.active:
        st.html(c.because(stop, tree))
        if st.button(f"Yes: {node.name}", key="accept", width="stretch"):
            _name(desk, chosen, node.code)
    group = st.session_state.get("stop-group", ("", ""))
    opened = group[1] if group[0] == stop.key else ""
    options = tree.leaves(opened) if opened else tree.groups
    columns = st.columns(3)
    for k, node in enumerate(options):
        if columns[k % 3].button(node.name, key=f"reason-{node.code}", width="stretch"):
            if opened:
                _name(desk, chosen, node.code)
            else:
                open_group(node.code, stop.key)
                st.rerun()
    if opened and st.button("Back to the groups", key="reason-back"):
        open_group("")
        st.rerun()


def _name(desk: Desk, chosen: Chosen, reason: str) -> None:
    ask = Ask(ActKind.NAME, piece_from_us=chosen.piece_from_us, reason=reason)
    if done(desk, chosen.stop, ask, new_id()):
        open_group("")
        remember("stop", "")  # on to the next one
        st.rerun()
