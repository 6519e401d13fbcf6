"""Charges all waits of a line at once, by the rule of `domain.waits`."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from domain.strips import Strip
from domain.time_model import Cause, Leaf
from domain.waits import LOOKBACK_US, whose
from services.kpi.engine import CAUSES, LEAVES, Bools, Ints, Parts, cause_code, leaf_code

_IS_WAIT = np.array([cause in (Cause.WAITING, Cause.BLOCKED, Cause.STARVED) for cause in CAUSES])
_CODES: dict[str, int] = {cause.value: cause_code(cause) for cause in Cause}
_LEAVES: dict[str, int] = {leaf.value: leaf_code(leaf) for leaf in Leaf}
_STANDS = np.array([leaf in (Leaf.DOWN, Leaf.SETUP, Leaf.PLANNED_DOWN, Leaf.DELAY) for leaf in LEAVES])


def waits(parts: Parts) -> Bools:
    """Which stretches wait for another machine."""
    found: Bools = _IS_WAIT[parts.cause]
    return found


def parts_of(strip: Strip) -> Parts:
    """A strip as arrays; who caused a wait is to be found anew."""
    leaves, causes = [_LEAVES[leaf] for leaf in strip.leaf], [_CODES[cause] for cause in strip.cause]
    begin, end, leaf, cause = (
        np.array(column, np.int64) for column in (strip.from_us, strip.to_us, leaves, causes)
    )
    nothing = np.full(len(strip), -1)
    return Parts(begin, end, leaf, cause, nothing, nothing, nothing > 0, nothing > 0)


@dataclass(frozen=True, slots=True)
class Time:
    """Time of one kind: stretches (n,) in order and apart, and how much of it lies before each."""

    from_us: Ints
    to_us: Ints
    before: Ints

    @classmethod
    def of(cls, begin: Ints, end: Ints) -> "Time":
        """From where they begin and end."""
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
class _Axis:
    """The stretches of all machines one behind the other, each machine in a room of its own: one search
    in place of one a machine."""

    from_us: Ints
    to_us: Ints
    base_us: int
    room_us: int
    machines: int

    @classmethod
    def of(cls, begin: Ints, end: Ints, place: Ints, machines: int) -> "_Axis":
        base, room = int(begin.min()), int(end.max() - begin.min()) + 1
        shift = place * room - base
        return cls(begin + shift, end + shift, base, room, machines)

    def measured(self, mine: Bools, from_us: Ints, to_us: Ints) -> Ints:
        """Per machine (rows) and stretch (columns) how much of the chosen time lies in it."""
        rooms = np.arange(self.machines)[:, None] * self.room_us
        low, high = ((np.clip(at - self.base_us, 0, self.room_us - 1) + rooms) for at in (from_us, to_us))
        chosen = Time.of(self.from_us[mine], self.to_us[mine])
        return chosen.within(low.ravel(), high.ravel()).reshape(low.shape)


Charged = tuple[Ints, Ints, Bools]


def charge(line: Sequence[Parts]) -> list[Charged]:
    """Per machine of a line, in line order: the cause of every stretch, the position of the machine that it
    is charged to (-1: none), and whether no other could be meant."""
    lengths = [len(parts.from_us) for parts in line]
    begin, end, leaf, why = (
        np.concatenate([getattr(parts, name) for parts in line])
        for name in ("from_us", "to_us", "leaf", "cause")
    )
    cause, to, sure = charge_columns(begin, end, leaf, why, lengths)
    return [(cause[a:b], to[a:b], sure[a:b]) for a, b in pairwise(accumulate(lengths, initial=0))]


def charge_columns(begin: Ints, end: Ints, leaf: Ints, cause: Ints, lengths: Sequence[int]) -> Charged:
    """The same for the stretches of all machines one behind the other: `lengths` says how many each has."""
    found, to, sure = cause.copy(), np.full(len(cause), -1), np.ones(len(cause), bool)
    waited = _IS_WAIT[cause]
    if not waited.any():
        return found, to, sure
    place = np.repeat(np.arange(len(lengths)), lengths)
    axis = _Axis.of(begin, end, place, len(lengths))
    until = end[waited]
    since = begin[waited] - LOOKBACK_US
    every = zip(
        place[waited].tolist(),
        (until - begin[waited]).tolist(),
        axis.measured(_STANDS[leaf] & ~waited, since, until).T.tolist(),
        axis.measured(waited, since, until).T.tolist(),
        strict=True,
    )
    blames = [whose(*wait) for wait in every]
    found[waited] = [_CODES[blame.cause] for blame in blames]
    to[waited] = [blame.place for blame in blames]
    sure[waited] = [blame.sure for blame in blames]
    return found, to, sure
