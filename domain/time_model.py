"""The time model of ISO 22400-2: every second of a window belongs to exactly one leaf.

    outside        no shift, and the machine does not produce
    planned_down   in a shift, a break, or a stop that was fixed before the shift plan froze
    no_data        nothing is known: never running and never down
    delay          ADOT: available but not running (no order, blocked, starved)
    down           ADET: malfunctions and minor stops during an order
    setup          AUST: from the start of an operation to its first good piece at rate
    production     APT: executing

PBT = delay + down + setup + production. Time without data is left out of PBT and shown beside it.
Production outside the shift or in a break extends PBT and is flagged. Times are microseconds.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TypeVar

from domain.clock import SECOND
from domain.telemetry import MachineState


class Leaf(StrEnum):
    """The leaves that partition a window."""

    OUTSIDE = "outside"
    PLANNED_DOWN = "planned_down"
    NO_DATA = "no_data"
    DELAY = "delay"
    DOWN = "down"
    SETUP = "setup"
    PRODUCTION = "production"


BUSY = (Leaf.DELAY, Leaf.DOWN, Leaf.SETUP, Leaf.PRODUCTION)
_EXECUTING = frozenset({MachineState.EXECUTE, MachineState.COMPLETING})
_EXTERNAL = frozenset({MachineState.SUSPENDED, MachineState.SUSPENDING, MachineState.UNSUSPENDING})


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch of time."""

    from_us: int
    to_us: int

    def covers(self, at_us: int) -> bool:
        """True when the stretch holds the moment."""
        return self.from_us <= at_us < self.to_us


AnySpan = TypeVar("AnySpan", bound=Span)


@dataclass(frozen=True, slots=True)
class StateSpan(Span):
    """A stretch in one machine state; None is a gap."""

    state: MachineState | None


@dataclass(frozen=True, slots=True)
class OperationSpan(Span):
    """A stretch in which the machine works on an order. `planned_cycle_s` is PRI, None if unknown."""

    order_id: str
    product_id: str
    planned_cycle_s: float | None
    setup_end_us: int


@dataclass(frozen=True, slots=True)
class Count:
    """Parts made in the bucket that starts at `bucket_us`."""

    bucket_us: int
    good: float
    scrap: float


@dataclass(frozen=True, slots=True)
class Segment(Span):
    """A stretch in one leaf, with the state behind it (for the strip on the screen)."""

    leaf: Leaf
    state: MachineState | None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that OEE of one work unit needs, sorted by time."""

    states: Sequence[StateSpan]
    shifts: Sequence[Span]
    planned_stops: Sequence[Span]
    operations: Sequence[OperationSpan]
    counts: Sequence[Count]
    bucket_us: int = 300 * SECOND


def segments(facts: Facts, from_us: int, to_us: int) -> list[Segment]:
    """The window cut into leaves, in time order, without holes or overlaps."""
    cuts = sorted(_cuts(facts, from_us, to_us))
    result: list[Segment] = []
    for begin, end in pairwise(cuts):
        leaf, state = _leaf(facts, begin)
        last = result[-1] if result else None
        if last and last.leaf is leaf and last.state is state:
            result[-1] = Segment(last.from_us, end, leaf, state)
        else:
            result.append(Segment(begin, end, leaf, state))
    return result


def _cuts(facts: Facts, from_us: int, to_us: int) -> set[int]:
    cuts = {from_us, to_us}
    for spans in (facts.states, facts.shifts, facts.planned_stops, facts.operations):
        for span in spans:
            cuts.update((span.from_us, span.to_us))
    cuts.update(operation.setup_end_us for operation in facts.operations)
    return {cut for cut in cuts if from_us <= cut <= to_us}


def _leaf(facts: Facts, at_us: int) -> tuple[Leaf, MachineState | None]:
    state_span = _find(facts.states, at_us)
    state = state_span.state if state_span else None
    operation = _find(facts.operations, at_us)
    executing = state in _EXECUTING
    if not executing and _find(facts.shifts, at_us) is None:
        return Leaf.OUTSIDE, state
    if not executing and any(stop.covers(at_us) for stop in facts.planned_stops):
        return Leaf.PLANNED_DOWN, state
    if state is None:
        return Leaf.NO_DATA, None
    if operation and at_us < operation.setup_end_us:
        return Leaf.SETUP, state
    if executing:
        return Leaf.PRODUCTION, state
    if operation is None or state in _EXTERNAL or state is MachineState.IDLE:
        return Leaf.DELAY, state
    return Leaf.DOWN, state


def _find(spans: Sequence[AnySpan], at_us: int) -> AnySpan | None:
    index = bisect_right(spans, at_us, key=lambda span: span.from_us) - 1
    return spans[index] if index >= 0 and spans[index].covers(at_us) else None


def outside_plan(facts: Facts, part: Span) -> bool:
    """True when some of the stretch lies outside the shifts, or in a break or planned stop."""
    planned = sum(_overlap(part, shift) for shift in facts.shifts)
    return planned < part.to_us - part.from_us or any(_overlap(part, stop) for stop in facts.planned_stops)


def _overlap(one: Span, other: Span) -> int:
    return max(0, min(one.to_us, other.to_us) - max(one.from_us, other.from_us))
