"""Who made a machine wait, by hand. Minutes; the machine that waits is the second of four."""

import pytest

from domain.clock import MINUTE
from domain.time_model import Cause
from domain.waits import Blame, needed_us, whose

NOBODY = (Cause.WAITING, -1, True)


def blame(wait: float, stood: tuple[float, ...], waited: tuple[float, ...] = (0, 0, 0, 0)) -> Blame:
    return whose(1, int(wait * MINUTE), [int(m * MINUTE) for m in stood], [int(m * MINUTE) for m in waited])


@pytest.mark.parametrize(("wait", "needed"), [(1, 0.5), (4, 2), (10, 5), (12, 7), (30, 25), (60, 55)])
def test_how_long_a_machine_must_have_stood(wait, needed) -> None:
    """Half of a wait up to ten minutes; of a longer one all but five."""
    assert needed_us(wait * MINUTE) == int(needed * MINUTE)


@pytest.mark.parametrize(
    ("wait", "stood", "waited", "wanted"),
    [
        (60, (0, 0, 55, 0), (0, 60, 0, 0), (Cause.BLOCKED, 2, True)),
        (60, (0, 0, 54, 0), (0, 60, 0, 0), NOBODY),  # the wait is longer than its cause
        (60, (58, 0, 56, 0), (0, 60, 0, 0), (Cause.STARVED, 0, False)),  # of two the longer
        (60, (58, 0, 58, 0), (0, 60, 0, 0), (Cause.BLOCKED, 2, False)),
        (60, (58, 0, 30, 0), (0, 60, 0, 0), (Cause.STARVED, 0, True)),  # the other stood too short
        (30, (0, 0, 0, 30), (0, 30, 28, 0), (Cause.BLOCKED, 3, True)),  # through one that waited, too
        (30, (0, 0, 10, 30), (0, 30, 15, 0), (Cause.BLOCKED, 3, True)),  # that stood and waited
        (30, (0, 0, 9, 30), (0, 30, 15, 0), NOBODY),  # that worked for a while
        (30, (0, 0, 0, 30), (0, 30, 0, 0), NOBODY),  # that worked
        (4, (0, 0, 2, 0), (0, 4, 0, 0), (Cause.BLOCKED, 2, True)),
        (4, (0, 0, 1.9, 0), (0, 4, 0, 0), NOBODY),
    ],
)  # fmt: skip
def test_a_wait_is_charged_to_a_machine_that_stood_as_long(wait, stood, waited, wanted) -> None:
    found = blame(wait, stood, waited)
    assert (found.cause, found.place, found.sure) == wanted


def test_a_machine_alone_in_its_line_waits_for_nobody() -> None:
    assert whose(0, MINUTE, [0], [MINUTE]) == Blame(*NOBODY)
