"""Strips: columns that read as segments."""

import pytest

from domain.strips import Strip
from domain.telemetry import MachineState
from domain.time_model import Cause, Leaf, Segment

SEGMENTS = [
    Segment(0, 10, Leaf.PRODUCTION, MachineState.EXECUTE),
    Segment(10, 14, Leaf.DELAY, MachineState.SUSPENDED, Cause.STARVED, charged_to="u-1"),
    Segment(14, 20, Leaf.DOWN, MachineState.ABORTED, Cause.FAILURE),
    Segment(20, 21, Leaf.NO_DATA, None, Cause.NO_DATA),
    Segment(21, 30, Leaf.DELAY, MachineState.SUSPENDED, Cause.STARVED, charged_to="u-2"),
    Segment(30, 31, Leaf.PRODUCTION, MachineState.EXECUTE, off_plan=True),
]


def strip(segments: list[Segment]) -> Strip:
    return Strip(
        tuple(s.from_us for s in segments),
        tuple(s.to_us for s in segments),
        tuple(s.leaf.value for s in segments),
        tuple(s.cause.value for s in segments),
        tuple(None if s.state is None else int(s.state) for s in segments),
        tuple(s.off_plan for s in segments),
        tuple(s.charged_to for s in segments),
    )


def test_a_strip_reads_as_its_segments():
    whole = strip(SEGMENTS)
    assert list(whole) == SEGMENTS and len(whole) == len(SEGMENTS)
    assert whole[-1] == SEGMENTS[-1] and list(whole[1:3]) == SEGMENTS[1:3]
    assert whole == strip(SEGMENTS) != strip(SEGMENTS[:-1])
    assert not Strip() and list(Strip()) == []
    with pytest.raises(IndexError):
        whole[len(SEGMENTS)]


def test_parts_of_a_strip_are_joined_by_time():
    parts = [strip(SEGMENTS[4:]), Strip(), strip(SEGMENTS[:1]), strip(SEGMENTS[1:4])]
    assert Strip.joined(parts) == strip(SEGMENTS)
    assert Strip.joined([]) == Strip() == Strip.joined([Strip()])


def test_a_strip_tells_its_edges_and_how_long_a_cause_lasted():
    whole = strip(SEGMENTS)
    assert whole.edges((Leaf.DOWN, Leaf.NO_DATA)) == ([14, 20], [20, 21])
    assert whole.edges((Leaf.SETUP,)) == ([], [])
    assert whole.lasted_us(Cause.STARVED) == 13 and whole.lasted_us(Cause.BLOCKED) == 0
