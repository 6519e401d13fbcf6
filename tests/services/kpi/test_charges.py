"""Whose stop made a machine wait, worked by hand on a line of four. Minutes."""

import numpy as np
import pytest

from domain.clock import MINUTE
from domain.time_model import Cause, Leaf
from services.kpi.charges import charge
from services.kpi.engine import CAUSES, Parts, cause_code, leaf_code

RUN, DOWN, WAIT = (Leaf.PRODUCTION, Cause.RUNNING), (Leaf.DOWN, Cause.FAILURE), (Leaf.DELAY, Cause.WAITING)
SETUP = (Leaf.SETUP, Cause.SETUP)


def machine(*rows: tuple[int, tuple[Leaf, Cause]], until: int = 300) -> Parts:
    """Stretches by (minute from which they hold, leaf and cause)."""
    begin = np.array([at for at, _ in rows], np.int64) * MINUTE
    leaf = np.array([leaf_code(what[0]) for _, what in rows], np.int64)
    cause = np.array([cause_code(what[1]) for _, what in rows], np.int64)
    none = np.full(len(rows), -1)
    end = np.append(begin[1:], until * MINUTE)[: len(rows)]
    return Parts(begin, end, leaf, cause, none, none, none > 0, none > 0)


def waits(*line: Parts, place: int) -> list[tuple[Cause, int]]:
    """(cause, machine charged) of every wait of the machine at a place."""
    cause, to, _ = charge(line)[place]
    mine = line[place].cause == cause_code(Cause.WAITING)
    return [(CAUSES[c], int(w)) for c, w in zip(cause[mine].tolist(), to[mine].tolist(), strict=True)]


BUSY = machine((0, RUN))
STOOD = machine((0, RUN), (100, DOWN), (140, RUN))
WAITED = machine((0, RUN), (105, WAIT), (145, RUN))


@pytest.mark.parametrize(
    ("line", "place", "wanted"),
    [
        ((BUSY, WAITED, STOOD, BUSY), 1, (Cause.BLOCKED, 2)),  # behind it
        ((BUSY, STOOD, WAITED, BUSY), 2, (Cause.STARVED, 1)),  # before it
        ((WAITED, WAITED, WAITED, STOOD), 0, (Cause.BLOCKED, 3)),  # through two that waited too
        ((STOOD, WAITED, WAITED, WAITED), 3, (Cause.STARVED, 0)),
        ((WAITED, BUSY, STOOD, BUSY), 0, (Cause.WAITING, -1)),  # one that ran lies between
        ((BUSY, WAITED, BUSY, BUSY), 1, (Cause.WAITING, -1)),  # nobody stood
        ((machine((0, RUN), (100, SETUP), (150, RUN)), WAITED, BUSY, BUSY), 1, (Cause.STARVED, 0)),
    ],
)
def test_a_wait_is_charged_to_the_nearest_that_stood(line, place, wanted) -> None:
    assert waits(*line, place=place) == [wanted]


def test_of_two_the_one_that_stood_longer() -> None:
    """The wait and the ten minutes before it: 105 - 10 to 145. 36 min stood before, 40 behind; and so on."""
    shorter = machine((0, RUN), (100, DOWN), (136, RUN))
    assert waits(shorter, WAITED, STOOD, place=1) == [(Cause.BLOCKED, 2)]
    assert waits(STOOD, WAITED, shorter, place=1) == [(Cause.STARVED, 0)]


def test_machines_of_which_nothing_is_recorded_take_no_place() -> None:
    assert waits(BUSY, machine(), WAITED, STOOD, place=2) == [(Cause.BLOCKED, 3)]
    assert [len(cause) for cause, _, _ in charge([BUSY, machine(), STOOD])] == [1, 0, 3]


@pytest.mark.parametrize("line", [(BUSY, STOOD), (machine(), machine())])
def test_a_line_in_which_nobody_waits_keeps_its_causes(line) -> None:
    for parts, (cause, to, sure) in zip(line, charge(line), strict=True):
        assert cause.tolist() == parts.cause.tolist()
        assert set(to.tolist()) <= {-1} and all(sure)
