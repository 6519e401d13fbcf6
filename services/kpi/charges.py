"""Who made a machine wait: the nearest one before or behind it that stood meanwhile.

Walk up the line and down the line from the machine that waits, over machines that waited too, to the
first that stood (down, in setup, planned down or without work) for half of the wait. A stop reaches
its neighbours through buffers, so it may have begun LOOKBACK_US before. Of two, the one that stood
longer caused it; behind means blocked, before means starved. A wait without such a machine stays
`waiting`, charged to nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from domain.clock import MINUTE
from domain.time_model import Cause, Leaf
from services.kpi.engine import Bools, Ints, Parts, cause_code, leaf_code

LOOKBACK_US = 10 * MINUTE
_WAITS = (cause_code(Cause.WAITING), cause_code(Cause.BLOCKED), cause_code(Cause.STARVED))
_BLOCKED, _STARVED, _WAITING = (cause_code(c) for c in (Cause.BLOCKED, Cause.STARVED, Cause.WAITING))
_STANDING = tuple(leaf_code(leaf) for leaf in (Leaf.DOWN, Leaf.SETUP, Leaf.PLANNED_DOWN, Leaf.DELAY))


def waits(parts: Parts) -> Bools:
    """Which stretches wait for another machine."""
    return np.isin(parts.cause, _WAITS)


@dataclass(frozen=True, slots=True)
class _Time:
    """How much of a kind of time lies before a moment."""

    from_us: Ints
    to_us: Ints
    before: Ints

    @classmethod
    def of(cls, parts: Parts, mine: Bools) -> "_Time":
        begin, end = parts.from_us[mine], parts.to_us[mine]
        return cls(begin, end, np.concatenate(([0], np.cumsum(end - begin)[:-1])) if len(begin) else begin)

    def within(self, from_us: Ints, to_us: Ints) -> Ints:
        return self._until(to_us) - self._until(from_us)

    def _until(self, at: Ints) -> Ints:
        if not len(self.from_us):
            return np.zeros(len(at), np.int64)
        index = np.searchsorted(self.from_us, at, side="right") - 1
        at_index = np.maximum(index, 0)
        found = self.before[at_index] + np.minimum(at, self.to_us[at_index]) - self.from_us[at_index]
        return np.where(index >= 0, found, 0)


def charge(line: Sequence[Parts]) -> list[tuple[Ints, Ints]]:
    """Per machine of a line, in line order: the cause of every stretch, and the position of the machine
    that it is charged to (-1: none)."""
    waiting = [waits(parts) for parts in line]
    stood = [
        _Time.of(parts, np.isin(parts.leaf, _STANDING) & ~waits_)
        for parts, waits_ in zip(line, waiting, strict=True)
    ]
    waited = [_Time.of(parts, waits_) for parts, waits_ in zip(line, waiting, strict=True)]
    result = []
    for place, parts in enumerate(line):
        cause, to = parts.cause.copy(), np.full(len(parts.cause), -1)
        mine = waiting[place]
        if mine.any():
            begin, end = parts.from_us[mine], parts.to_us[mine]
            behind = _walk(begin, end, range(place + 1, len(line)), stood, waited)
            before = _walk(begin, end, range(place - 1, -1, -1), stood, waited)
            blocked = (behind[0] >= 0) & (behind[1] >= before[1])
            starved = (before[0] >= 0) & ~blocked
            cause[mine] = np.where(blocked, _BLOCKED, np.where(starved, _STARVED, _WAITING))
            to[mine] = np.where(blocked, behind[0], np.where(starved, before[0], -1))
        result.append((cause, to))
    return result


def _walk(
    begin: Ints, end: Ints, places: range, stood: Sequence[_Time], waited: Sequence[_Time]
) -> tuple[Ints, Ints]:
    """Per wait the machine found in one direction (-1: none) and how long it stood."""
    found, amount = np.full(len(begin), -1), np.zeros(len(begin), np.int64)
    need, since = (end - begin + 1) // 2, begin - LOOKBACK_US
    walking = np.arange(len(begin))
    for place in places:
        if not len(walking):
            break
        low, high, least = since[walking], end[walking], need[walking]
        long = stood[place].within(low, high)
        here = long >= least
        found[walking[here]], amount[walking[here]] = place, long[here]
        walking = walking[~here & (waited[place].within(low, high) >= least)]
    return found, amount
