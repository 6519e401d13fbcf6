"""Who made a machine wait: the one rule for blocked and starved, in the figures and in the stops editor.

Walk up the line and down the line from the machine that waits, over machines that did not work either
because they waited too, to the first that stood (down, in setup, planned down or without work) as long as
the wait. A stop reaches its neighbours through buffers, so it may have begun LOOKBACK_US before; and the
first part must come through again, so a wait may outlast its cause by MARGIN_US (a short one: by its half).
Of two, the one that stood longer caused it; behind means blocked, before means starved. A wait longer than
that has no such cause: it stays `waiting`, charged to nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.clock import MINUTE
from domain.time_model import Cause

LOOKBACK_US = 10 * MINUTE
MARGIN_US = 5 * MINUTE


@dataclass(frozen=True, slots=True)
class Blame:
    """Why a machine waited, and the place in the line of the one that caused it (-1: none). `sure` unless
    a machine on the other side stood long enough, too."""

    cause: Cause
    place: int
    sure: bool


def needed_us(wait_us: int) -> int:
    """How long a machine must have stood to have caused a wait."""
    return max((wait_us + 1) // 2, wait_us - MARGIN_US)


def whose(place: int, wait_us: int, stood_us: Sequence[int], waited_us: Sequence[int]) -> Blame:
    """Who caused a wait of the machine at a place. `stood_us` and `waited_us` say, by place in the line,
    how long each machine stood or waited itself in the wait and the LOOKBACK_US before it."""
    need = needed_us(wait_us)
    behind = _nearest(range(place + 1, len(stood_us)), need, stood_us, waited_us)
    before = _nearest(range(place - 1, -1, -1), need, stood_us, waited_us)
    if behind >= 0 and (before < 0 or stood_us[behind] >= stood_us[before]):
        return Blame(Cause.BLOCKED, behind, before < 0)
    if before >= 0:
        return Blame(Cause.STARVED, before, behind < 0)
    return Blame(Cause.WAITING, -1, True)


def _nearest(places: Sequence[int], need: int, stood_us: Sequence[int], waited_us: Sequence[int]) -> int:
    """The first place whose machine stood long enough, over those that did not work; -1 for none."""
    for at in places:
        if stood_us[at] >= need:
            return at
        if stood_us[at] + waited_us[at] < need:
            return -1
    return -1
