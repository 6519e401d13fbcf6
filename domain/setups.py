"""When a setup begins and ends: from the last good piece of the old order to the first of the new.

A MES books the change of order early or late; the parts tell better.

begin   Where the old order went on until the new one (no idle time booked between them): when its last
        good part was made, at most LONGEST_US before the switch was booked.
late    Where parts come right through the moment of the switch, nobody set up then: the new parts had
        begun. The setup is the longest stretch without good parts (SHORTEST_US at least, and three
        cycles) that ended within LATE_US before; without one there was no setup, unless the MES booked it.
end     When the MES says so, but not before the first good part at rate: what it ends earlier goes on
        until then. Where the MES says nothing, at the first good parts at rate. Without parts the word of
        the MES holds, else LONGEST_US, so that a machine that stands for days is not in setup for days.

Precision: the bucket of the counters.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

from domain.clock import HOUR, MINUTE, SECOND
from domain.time_model import OperationSpan, Span

LONGEST_US = 4 * HOUR
TOUCHING_US = MINUTE
LATE_US = HOUR
SHORTEST_US = 10 * MINUTE
GAP_CYCLES = 3
AT_RATE = 0.5


@dataclass(frozen=True, slots=True)
class Booked:
    """An operation as the MES booked it. `setup_end_us` is None where the MES does not say."""

    from_us: int
    to_us: int
    order_id: str
    product_id: str
    planned_cycle_s: float | None
    setup_end_us: int | None


class Production(Protocol):
    """When good parts were made: in memory (Made), or looked up in the store."""

    @property
    def bucket_us(self) -> int:
        """How much time the counters put together."""

    def last_before(self, at_us: int) -> int | None:
        """The end of the last bucket with good parts that ends at or before a moment; of one more than
        LONGEST_US back nothing need be known."""

    def first_at_rate(self, from_us: int, until_us: int, cycle_s: float | None) -> int | None:
        """The start of the first bucket after a moment in which good parts came at rate."""

    def runs_through(self, at_us: int) -> bool:
        """True where good parts came in the bucket that holds a moment and in the one before it."""

    def longest_gap(self, from_us: int, to_us: int, ended_us: int) -> tuple[int, int] | None:
        """The longest stretch between two buckets with good parts within [from, to], of equals the last,
        that ended at or after `ended_us`; None where every bucket had some."""


@dataclass(frozen=True, slots=True)
class Made:
    """Good parts per bucket, sorted, buckets with parts only."""

    buckets: Sequence[int]
    good: Sequence[float]
    bucket_us: int

    def last_before(self, at_us: int) -> int | None:
        """The end of the last bucket with good parts that ends at or before a moment."""
        index = bisect_right(self.buckets, at_us - self.bucket_us) - 1
        return self.buckets[index] + self.bucket_us if index >= 0 else None

    def first_at_rate(self, from_us: int, until_us: int, cycle_s: float | None) -> int | None:
        """The start of the first bucket after a moment in which good parts came at rate."""
        per_bucket = self.bucket_us / SECOND / cycle_s if cycle_s else 0.0
        least = AT_RATE * per_bucket if per_bucket >= 1 else 0.0
        for index in range(bisect_left(self.buckets, from_us), len(self.buckets)):
            if self.buckets[index] >= until_us:
                break
            if self.good[index] >= least:
                return self.buckets[index]
        return None

    def runs_through(self, at_us: int) -> bool:
        """True where good parts came in the bucket that holds a moment and in the one before it."""
        last = bisect_right(self.buckets, at_us) - 1
        return (
            last > 0
            and at_us - self.buckets[last] < self.bucket_us
            and self.buckets[last - 1] == self.buckets[last] - self.bucket_us
        )

    def longest_gap(self, from_us: int, to_us: int, ended_us: int) -> tuple[int, int] | None:
        """The longest stretch between two buckets with good parts within [from, to], of equals the last,
        that ended at or after `ended_us`; None where every bucket had some."""
        first, last = bisect_left(self.buckets, from_us), bisect_right(self.buckets, to_us)
        best: tuple[int, int] | None = None
        for before, after in pairwise(self.buckets[first:last]):
            gap = (before + self.bucket_us, after)
            if gap[1] < ended_us or gap[0] >= gap[1]:
                continue
            if best is None or gap[1] - gap[0] >= best[1] - best[0]:
                best = gap
        return best


@dataclass(frozen=True, slots=True)
class Doubled:
    """Two orders booked at once on one machine, from a moment on; the minutes count for the second.
    `goes_on`: the first one does so behind it."""

    at_us: int
    first: str
    second: str
    goes_on: bool


def doubled(booked: Sequence[Booked]) -> list[Doubled]:
    """Where another order begins more than a minute before the one that runs has ended; by start."""
    found: list[Doubled] = []
    running: list[Booked] = []
    for operation in booked:
        running = [o for o in running if o.to_us > operation.from_us + TOUCHING_US]
        if running and operation.to_us > operation.from_us + TOUCHING_US:
            last = running[-1]
            if last.order_id != operation.order_id:
                goes_on = last.to_us > operation.to_us + TOUCHING_US
                found.append(Doubled(operation.from_us, last.order_id, operation.order_id, goes_on))
        running.append(operation)
    return found


@dataclass(frozen=True, slots=True)
class BookedLate:
    """A switch to an order that was booked when its parts had begun; the setup that the parts tell."""

    at_us: int
    order_id: str
    setup: Span


def booked_late(booked: Sequence[Booked], spans: Sequence[OperationSpan]) -> list[BookedLate]:
    """The switches that were booked more than a minute after their setup had ended. `spans` are what
    `with_setups` makes of `booked`."""
    found = []
    for operation in booked:
        at = operation.from_us
        span = next((s for s in spans if s.order_id == operation.order_id and s.covers(at)), None)
        if span is not None and span.from_us < span.setup_end_us < at - TOUCHING_US:
            found.append(BookedLate(at, span.order_id, Span(span.from_us, span.setup_end_us)))
    return found


def with_setups(booked: Sequence[Booked], made: Production) -> list[OperationSpan]:
    """The operations with their setups, sorted and apart: one that begins while another runs counts, and
    the other goes on behind it. `booked` are sorted by start."""
    spans: list[OperationSpan] = []
    earlier: list[Booked] = []
    for operation in booked:
        before = _before(earlier, operation)
        spans.append(_span(operation, before, made))
        earlier = [o for o in earlier if o is before or o.to_us > operation.from_us]
        earlier.append(operation)
    return _apart(spans)


def _before(earlier: Sequence[Booked], operation: Booked) -> Booked | None:
    """What ran until an operation began: of several the last to begin, else the last that ended."""
    running = [o for o in earlier if o.to_us >= operation.from_us]
    return running[-1] if running else max(earlier, key=lambda o: o.to_us, default=None)


def _apart(spans: Sequence[OperationSpan]) -> list[OperationSpan]:
    result: list[OperationSpan] = []
    running: list[OperationSpan] = []  # the one that counts comes last
    for span in sorted(spans, key=lambda o: o.from_us):
        _close(result, running, span.from_us)
        if running:
            _piece(result, running[-1], span.from_us)
        running.append(span)
    if running:
        _close(result, running, max(o.to_us for o in running))
    return result


def _close(result: list[OperationSpan], running: list[OperationSpan], at_us: int) -> None:
    """Write what running operations have until a moment, and forget those that have ended by it."""
    while running and running[-1].to_us <= at_us:
        last = running.pop()
        _piece(result, last, last.to_us)
    running[:] = [o for o in running if o.to_us > at_us]


def _piece(result: list[OperationSpan], whole: OperationSpan, to_us: int) -> None:
    """The rest of an operation up to a moment; going on for no longer than a minute is none."""
    begin = max(whole.from_us, result[-1].to_us) if result else whole.from_us
    if begin < to_us and (begin == whole.from_us or to_us - begin > TOUCHING_US):
        setup_end = min(max(whole.setup_end_us, begin), to_us)
        result.append(replace(whole, from_us=begin, to_us=to_us, setup_end_us=setup_end))


def _changed(before: Booked | None, operation: Booked) -> bool:
    """Another product, and the old one not long gone: after that a setup must be booked."""
    return (
        before is not None
        and before.product_id != operation.product_id
        and before.to_us >= operation.from_us - LONGEST_US
    )


def _span(operation: Booked, before: Booked | None, made: Production) -> OperationSpan:
    begin, end = _setup(operation, before, made)
    to = max(operation.to_us, begin)
    return OperationSpan(
        begin, to, operation.order_id, operation.product_id, operation.planned_cycle_s,
        min(max(end, begin), to),
    )  # fmt: skip


def _setup(operation: Booked, before: Booked | None, made: Production) -> tuple[int, int]:
    """Begin and end of the setup, alike where there is none."""
    at, told = operation.from_us, operation.setup_end_us
    changed = _changed(before, operation)
    if not changed and (told is None or told <= at):
        return at, at
    follows = before is not None and before.to_us >= at - TOUCHING_US
    earliest = max(before.from_us, at - LONGEST_US) if before is not None and follows else at
    if told is not None and earliest < told < at - TOUCHING_US:
        at = told  # the MES ends the setup before it books the switch
    elif follows and (told is None or told <= at) and made.runs_through(at):
        late = _late(operation, before, made, earliest) if told is None else None
        return late or (at, at)
    last = made.last_before(at) if follows else None
    begin = at if last is None or last < earliest else min(at, last)
    return begin, _end(operation, at, made)


def _late(
    operation: Booked, before: Booked | None, made: Production, earliest: int
) -> tuple[int, int] | None:
    """The setup before a switch that was booked after the new parts had begun."""
    at = operation.from_us
    cycles = [o.planned_cycle_s or 0.0 for o in (operation, before) if o is not None]
    least = max(SHORTEST_US, int(GAP_CYCLES * max(cycles) * SECOND))
    gap = made.longest_gap(earliest, at, at - LATE_US)
    if gap is None or gap[1] - gap[0] < least:
        return None
    first = made.first_at_rate(gap[1], at, operation.planned_cycle_s)
    return gap[0], gap[1] if first is None else first


def _end(operation: Booked, at_us: int, made: Production) -> int:
    """The first good parts at rate, not before the end that the MES books; of an operation that made none,
    what the MES says, else LONGEST_US."""
    told, latest = operation.setup_end_us, at_us + LONGEST_US
    until = min(latest, operation.to_us)
    if told is None:
        first = made.first_at_rate(at_us, until, operation.planned_cycle_s)
        return latest if first is None else first
    held = made.last_before(told + made.bucket_us)
    if held is not None and held > told:
        return told  # good parts came in the bucket of that moment
    first = made.first_at_rate(told, until, operation.planned_cycle_s)
    return told if first is None else first
