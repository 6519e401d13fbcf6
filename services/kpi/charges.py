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
from services.kpi.engine import CAUSES, LEAVES, Bools, Ints, Parts, cause_code

LOOKBACK_US = 10 * MINUTE
_IS_WAIT = np.array([cause in (Cause.WAITING, Cause.BLOCKED, Cause.STARVED) for cause in CAUSES])
_BLOCKED, _STARVED, _WAITING = (cause_code(c) for c in (Cause.BLOCKED, Cause.STARVED, Cause.WAITING))
_STANDS = np.array([leaf in (Leaf.DOWN, Leaf.SETUP, Leaf.PLANNED_DOWN, Leaf.DELAY) for leaf in LEAVES])


def waits(parts: Parts) -> Bools:
    """Which stretches wait for another machine."""
    found: Bools = _IS_WAIT[parts.cause]
    return found


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
        """How much of it lies in each stretch."""
        if not len(self.from_us):
            return np.zeros(len(from_us), np.int64)
        at = np.concatenate((to_us, from_us))
        index = np.searchsorted(self.from_us, at, side="right") - 1
        place = np.maximum(index, 0)
        until = self.before[place] + np.minimum(at, self.to_us[place]) - self.from_us[place]
        until[index < 0] = 0
        found: Ints = until[: len(to_us)] - until[len(to_us) :]
        return found


@dataclass(frozen=True, slots=True)
class _Waits:
    """All waits of a line at once: whose, how much every machine stood and waited meanwhile (rows are
    places of the line), and how much of either is enough."""

    place: Ints
    need: Ints
    stood: Ints
    waited: Ints

    def nearest(self, step: int) -> tuple[Ints, Ints]:
        """Per wait the first machine in one direction that stood long enough, over machines that waited
        (-1: none), and how long it stood."""
        count = len(self.place)
        found, amount = np.full(count, -1), np.zeros(count, np.int64)
        walking, at = np.arange(count), self.place + step
        while True:
            inside = (at >= 0) & (at < len(self.stood))
            walking, at = walking[inside], at[inside]
            if not len(walking):
                return found, amount
            stood, need = self.stood[at, walking], self.need[walking]
            here = stood >= need
            found[walking[here]], amount[walking[here]] = at[here], stood[here]
            on = ~here & (self.waited[at, walking] >= need)
            walking, at = walking[on], at[on] + step


def charge(line: Sequence[Parts]) -> list[tuple[Ints, Ints]]:
    """Per machine of a line, in line order: the cause of every stretch, and the position of the machine
    that it is charged to (-1: none)."""
    masks = [waits(parts) for parts in line]
    every = _waits_of(line, masks)
    behind, before = every.nearest(1), every.nearest(-1)
    blocked = (behind[0] >= 0) & (behind[1] >= before[1])
    starved = (before[0] >= 0) & ~blocked
    why = np.where(blocked, _BLOCKED, np.where(starved, _STARVED, _WAITING))
    whom = np.where(blocked, behind[0], np.where(starved, before[0], -1))
    result, done = [], 0
    for parts, mine in zip(line, masks, strict=True):
        count = int(np.count_nonzero(mine))
        cause, to = parts.cause.copy(), np.full(len(parts.cause), -1)
        cause[mine], to[mine] = why[done : done + count], whom[done : done + count]
        done += count
        result.append((cause, to))
    return result


def _waits_of(line: Sequence[Parts], masks: Sequence[Bools]) -> _Waits:
    begin = np.concatenate([parts.from_us[mine] for parts, mine in zip(line, masks, strict=True)])
    end = np.concatenate([parts.to_us[mine] for parts, mine in zip(line, masks, strict=True)])
    place = np.repeat(np.arange(len(line)), [np.count_nonzero(mine) for mine in masks])
    stood, waited = np.zeros((2, len(line), len(begin)), np.int64)
    for number, (parts, mine) in enumerate(zip(line, masks, strict=True)):
        stood[number] = _Time.of(parts, _STANDS[parts.leaf] & ~mine).within(begin - LOOKBACK_US, end)
        waited[number] = _Time.of(parts, mine).within(begin - LOOKBACK_US, end)
    return _Waits(place, (end - begin + 1) // 2, stood, waited)
