"""Stops and the acts on them: no time is won or lost, and no act is forgotten."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clock import MINUTE, SECOND
from domain.errors import InvalidInput
from domain.stop_history import Act, ActKind, Ask, current, from_json, perform, standing, to_json
from domain.stops import Piece, covers, fitted, is_hidden, merge, name, split, stops
from domain.telemetry import MachineState
from domain.time_model import Cause, Leaf, Segment

END = 60 * MINUTE
asks = st.one_of(
    st.builds(Ask, st.just(ActKind.NAME), st.integers(0, 5), st.just(0), st.sampled_from(["a", "b", "c"])),
    st.builds(Ask, st.just(ActKind.SPLIT), st.just(0), st.integers(-SECOND, END + SECOND)),
    st.builds(Ask, st.just(ActKind.MERGE), st.integers(0, 5)),
    st.just(Ask(ActKind.REVERT)),
)


def do(acts: list[Act], ask: Ask, end: int = END) -> list[Act]:
    """One act, if it can be done; `piece_from_us` of the ask counts pieces here."""
    pieces = current(acts, 0, end)
    begin = pieces[ask.piece_from_us].from_us if ask.piece_from_us < len(pieces) else -1
    try:
        return [*acts, perform(acts, Ask(ask.kind, begin, ask.at_us, ask.reason), 0, end)]
    except InvalidInput:
        return acts


@settings(max_examples=300, deadline=None)
@given(st.lists(asks, max_size=40))
def test_whatever_is_done_the_time_is_conserved_and_the_history_complete(wanted):
    acts: list[Act] = []
    for ask in wanted:
        before = acts
        acts = do(acts, ask)
        assert acts[: len(before)] == before  # nothing earlier is touched
        pieces = current(acts, 0, END)
        assert covers(pieces, 0, END)
        assert sum(p.to_us - p.from_us for p in pieces) == END
    assert [act.number for act in acts] == list(range(1, len(acts) + 1))
    assert all(later.before == earlier.after for earlier, later in itertools.pairwise(acts))


@settings(deadline=None)
@given(st.lists(asks, max_size=25))
def test_reverting_everything_leads_back_to_the_beginning_and_forgets_nothing(wanted):
    acts: list[Act] = []
    for ask in wanted:
        acts = do(acts, ask)
    done = len(acts)
    open_acts = len(standing(acts))
    for _ in range(open_acts):
        acts = [*acts, perform(acts, Ask(ActKind.REVERT), 0, END)]
    assert current(acts, 0, END) == (Piece(0, END),)
    assert len(acts) == done + open_acts and standing(acts) == []
    with pytest.raises(InvalidInput):
        perform(acts, Ask(ActKind.REVERT), 0, END)


@settings(deadline=None)
@given(st.lists(asks, max_size=20), st.integers(-30, 90), st.integers(1, 90))
def test_a_stop_that_turns_out_longer_or_shorter_keeps_what_was_said(wanted, start, length):
    acts: list[Act] = []
    for ask in wanted:
        acts = do(acts, ask)
    begin, end = start * MINUTE, (start + length) * MINUTE
    pieces, was = current(acts, begin, end), current(acts, 0, END)
    assert covers(pieces, begin, end)
    for piece in pieces:  # a moment that somebody named keeps its name
        for at in (piece.from_us, (piece.from_us + piece.to_us) // 2):
            said = next((p.reason for p in was if p.from_us <= at < p.to_us), None)
            assert said is None or said == piece.reason


@given(st.lists(asks, max_size=20))
def test_pieces_are_stored_as_they_are(wanted):
    acts: list[Act] = []
    for ask in wanted:
        acts = do(acts, ask)
    pieces = current(acts, 0, END)
    assert from_json(to_json(pieces)) == pieces


def test_split_name_and_merge():
    whole = (Piece(0, END, "old"),)
    halves = split(whole, 20 * MINUTE)
    assert halves == (Piece(0, 20 * MINUTE, "old"), Piece(20 * MINUTE, END, "old"))
    named = name(halves, 20 * MINUTE, "new")
    assert [p.reason for p in named] == ["old", "new"]
    assert merge(named, 0) == whole
    assert merge((Piece(0, 1, ""), Piece(1, 2, "b")), 0) == (Piece(0, 2, "b"),)


@pytest.mark.parametrize("at", [0, 9 * SECOND, END - 9 * SECOND, END, END + 1, -1])
def test_a_part_shorter_than_ten_seconds_is_refused(at):
    with pytest.raises(InvalidInput):
        split((Piece(0, END),), at)


def test_what_changes_nothing_is_refused():
    with pytest.raises(InvalidInput):
        perform([], Ask(ActKind.MERGE, 0), 0, END)
    done = [perform([], Ask(ActKind.NAME, 0, reason="a"), 0, END)]
    with pytest.raises(InvalidInput):
        perform(done, Ask(ActKind.NAME, 0, reason="a"), 0, END)


def test_an_open_stop_goes_on_for_the_same_reason():
    assert fitted([Piece(0, 5, "a"), Piece(5, 9, "b")], 0, 20) == (Piece(0, 5, "a"), Piece(5, 20, "b"))
    assert fitted([Piece(10, 20, "a")], 5, 20) == (Piece(5, 10), Piece(10, 20, "a"))


def segment(begin, end, leaf, cause=Cause.FAILURE, state=MachineState.ABORTED):
    return Segment(begin, end, leaf, state, cause)


def test_a_stop_is_what_lies_between_two_stretches_of_work():
    parts = [
        segment(0, 10, Leaf.PRODUCTION, Cause.RUNNING, MachineState.EXECUTE),
        segment(10, 13, Leaf.DOWN, state=MachineState.ABORTING),
        segment(13, 40, Leaf.DOWN),
        segment(40, 45, Leaf.DELAY, Cause.WAITING, MachineState.SUSPENDED),
        segment(45, 50, Leaf.PRODUCTION, Cause.RUNNING, MachineState.EXECUTE),
        segment(50, 60, Leaf.DELAY, Cause.NO_ORDER, MachineState.IDLE),
        segment(60, 70, Leaf.SETUP, Cause.SETUP),
        segment(70, 80, Leaf.DELAY, Cause.WAITING, MachineState.SUSPENDED),
        segment(80, 90, Leaf.NO_DATA, Cause.NO_DATA, None),
        segment(90, 100, Leaf.DOWN),
    ]
    found = stops("u", parts, 100)
    assert [(s.from_us, s.to_us, s.external, s.open) for s in found] == [
        (10, 45, False, False),
        (70, 80, True, False),
        (90, 100, False, True),
    ]
    assert (found[0].state, found[0].key) == (MachineState.ABORTED, "u|10")


def test_five_in_a_hundred_are_hidden_and_stay_so():
    keys = [f"north/a/line-1/unit-{n % 50}|{n * MINUTE}" for n in range(20_000)]
    hidden = [key for key in keys if is_hidden(key)]
    assert 0.045 < len(hidden) / len(keys) < 0.055
    assert hidden == [key for key in keys if is_hidden(key)]
    by_unit = {u: sum(key.startswith(f"north/a/line-1/unit-{u}|") for key in hidden) for u in range(50)}
    assert min(by_unit.values()) > 5 and max(by_unit.values()) < 45
