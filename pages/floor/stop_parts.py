"""The parts of a stop: choosing one, cutting, joining, taking back; and how an act is sent."""

import time
from dataclasses import dataclass
from datetime import timedelta

import streamlit as st

from components.words import local
from domain.clock import SECOND, micros
from domain.errors import Conflict, UserFixable
from domain.ids import new_id
from domain.stop_history import ActKind, Ask
from domain.stops import SHORTEST_PIECE_US
from pages.filters import remember
from services.commands.stops import Order
from services.desk import Desk
from services.rows.stops import StopItem

ONE_TAP_MS = 1_000


@dataclass(frozen=True, slots=True)
class Chosen:
    """A stop and the part of it that the buttons are about."""

    stop: StopItem
    piece_from_us: int


def open_group(code: str, key: str = "") -> None:
    """Which group of reasons is open, for which stop; the first tap starts the entry time."""
    st.session_state["stop-group"] = (key, code)
    if code and st.session_state.get("stop-since", ("", 0.0))[0] != key:
        st.session_state["stop-since"] = (key, time.monotonic())


def piece(stop: StopItem, zone: str) -> int:
    """The part that the buttons are about; the first one without a reason unless another is chosen."""
    if len(stop.pieces) == 1:
        return stop.pieces[0].from_us
    starts = [p.from_us for p in stop.pieces]
    first = next((k for k, p in enumerate(stop.pieces) if not p.reason), 0)
    words = {p.from_us: f"{local(p.from_us, zone):%H:%M:%S}" for p in stop.pieces}
    key = f"piece-{stop.key}-{stop.version}"
    chosen: int = st.radio("Part", starts, first, format_func=words.__getitem__, horizontal=True, key=key)
    return chosen


def cutting(desk: Desk, chosen: Chosen) -> None:
    """Split, join, take back, and a note, folded away: most stops need none of them."""
    stop, zone = chosen.stop, desk.site.time_zone
    with st.expander("Split, join, take back"), st.container(key="stop-cuts"):
        mine = next(p for p in stop.pieces if p.from_us == chosen.piece_from_us)
        if mine.to_us - mine.from_us >= 2 * SHORTEST_PIECE_US:
            _split(desk, stop, (mine.from_us, mine.to_us), zone)
        with st.container(horizontal=True):
            if mine is not stop.pieces[-1] and st.button("Join with the part after it"):
                _go(desk, stop, Ask(ActKind.MERGE, piece_from_us=mine.from_us))
            stands = any(not act.taken_back and act.kind != "revert" for act in stop.acts)
            if stands and st.button("Take the last act back"):
                _go(desk, stop, Ask(ActKind.REVERT))


def _split(desk: Desk, stop: StopItem, span: tuple[int, int], zone: str) -> None:
    low, high = local(span[0] + SHORTEST_PIECE_US, zone), local(span[1] - SHORTEST_PIECE_US, zone)
    step = timedelta(seconds=10 if span[1] - span[0] < 1_200 * SECOND else 60)
    middle = local((span[0] + span[1]) // 2, zone)
    at = st.slider(
        "Split at",
        low,
        high,
        middle,
        step,
        format="HH:mm:ss",
        key=f"split-{stop.key}-{stop.version}-{span[0]}",
    )
    if st.button("Split here"):
        _go(desk, stop, Ask(ActKind.SPLIT, at_us=micros(at)))


def _go(desk: Desk, stop: StopItem, ask: Ask) -> None:
    if done(desk, stop, ask, new_id()):
        remember("stop", stop.key)
        st.rerun()


def done(desk: Desk, stop: StopItem, ask: Ask, act_id: str) -> bool:
    """Send an act; what is wrong is said on the screen."""
    key, since = st.session_state.get("stop-since", ("", 0.0))
    taken = round((time.monotonic() - since) * 1_000) if key == stop.key else 0
    try:
        desk.commands.stops.act(
            desk.actor, Order(act_id, stop.key, stop.version, ask, entry_ms=max(taken, ONE_TAP_MS))
        )
    except (UserFixable, Conflict) as error:
        st.error(str(error))
        return False
    st.session_state.pop("stop-since", None)
    return True
