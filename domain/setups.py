"""When a setup begins and ends: from the last good piece of the old order to the first of the new.

A MES books the change of order early or late; the parts tell better. Where the old order went on
until the new one (no idle time booked between them), the setup begins when its last good part was
made, however late the switch was booked. It ends when the MES says so, else with the first good
parts at rate; without either it counts for LONGEST_US at most, so that a machine that stands for
days is not in setup for days. Precision: the bucket of the counters.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from domain.clock import HOUR, MINUTE, SECOND
from domain.time_model import OperationSpan

LONGEST_US = 4 * HOUR
TOUCHING_US = MINUTE
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

    def last_before(self, at_us: int) -> int | None:
        """The end of the last bucket with good parts that ends at or before a moment; of one more than
        LONGEST_US back nothing need be known."""

    def first_at_rate(self, from_us: int, until_us: int, cycle_s: float | None) -> int | None:
        """The start of the first bucket after a moment in which good parts came at rate."""


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


def with_setups(booked: Sequence[Booked], made: Production) -> list[OperationSpan]:
    """The operations, sorted and apart, with their setups. `booked` are sorted by start."""
    result: list[OperationSpan] = []
    before: Booked | None = None
    for operation in booked:
        span = _span(operation, before, made)
        if result and result[-1].to_us > span.from_us:
            last = result.pop()
            if last.from_us < span.from_us:
                setup_end = min(last.setup_end_us, span.from_us)
                result.append(replace(last, to_us=span.from_us, setup_end_us=setup_end))
        result.append(span)
        before = operation
    return result


def _changed(before: Booked | None, operation: Booked) -> bool:
    """Another product, and the old one not long gone: after that a setup must be booked."""
    return (
        before is not None
        and before.product_id != operation.product_id
        and before.to_us >= operation.from_us - LONGEST_US
    )


def _span(operation: Booked, before: Booked | None, made: Production) -> OperationSpan:
    begin, end = operation.from_us, operation.setup_end_us
    changed = _changed(before, operation)
    if end is None and changed:
        latest = begin + LONGEST_US
        first = made.first_at_rate(begin, latest, operation.planned_cycle_s)
        end = latest if first is None else first
    sets_up = end is not None and (end > begin or changed)
    if sets_up and before is not None and before.to_us >= begin - TOUCHING_US:
        last = made.last_before(begin)
        if last is not None and last >= max(before.from_us, begin - LONGEST_US):
            begin = min(begin, last)
    return OperationSpan(
        begin, max(operation.to_us, begin), operation.order_id, operation.product_id,
        operation.planned_cycle_s, min(max(end or begin, begin), max(operation.to_us, begin)),
    )  # fmt: skip
