"""OEE after ISO 22400-2, from states, shifts, orders and counts. Pure functions, times in microseconds.

Every second of a window belongs to exactly one leaf of the time model:

    outside        no shift, and the machine does not produce
    planned_down   in a shift, a break, or a stop that was fixed before the shift plan froze
    no_data        nothing is known: never running and never down
    delay          ADOT: available but not running (no order, blocked, starved)
    down           ADET: malfunctions and minor stops during an order
    setup          AUST: from the start of an operation to its first good piece at rate
    production     APT: executing

PBT = delay + down + setup + production. Time without data is left out of PBT and shown beside it.
Production outside the shift or in a break extends PBT and is flagged.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
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


UNRATED_SHARE = 0.01
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


@dataclass(frozen=True, slots=True)
class Oee:
    """Ratios as fractions, times in seconds. A ratio is None when it has no denominator or no rate.

    `ideal_s` is sum(PRI x PQ), `ideal_good_s` is sum(PRI x GQ); oee = ideal_good_s / pbt_s. `unrated`
    parts were made without an order or a planned cycle time: up to UNRATED_SHARE of all they are left
    out of the ideal times and flagged, beyond it there is no rate.
    """

    from_us: int
    to_us: int
    seconds: dict[Leaf, float]
    good: float
    scrap: float
    ideal_s: float
    ideal_good_s: float
    unrated: float
    flags: tuple[str, ...] = field(default=())

    @property
    def pbt_s(self) -> float:
        """Planned busy time that is known, in seconds."""
        return sum(self.seconds[leaf] for leaf in BUSY)

    @property
    def produced(self) -> float:
        """PQ: good and scrap."""
        return self.good + self.scrap

    @property
    def rated(self) -> bool:
        """True when (nearly) all parts have a planned cycle time."""
        return self.unrated <= UNRATED_SHARE * self.produced

    @property
    def availability(self) -> float | None:
        """APT / PBT."""
        return _ratio(self.seconds[Leaf.PRODUCTION], self.pbt_s)

    @property
    def effectiveness(self) -> float | None:
        """sum(PRI x PQ) / APT; None without a rate."""
        return _ratio(self.ideal_s, self.seconds[Leaf.PRODUCTION]) if self.rated else None

    @property
    def quality(self) -> float | None:
        """GQ / PQ; over several products, each part counts by its planned time, so that the product of
        the three ratios is the OEE."""
        if self.rated and self.ideal_s:
            return self.ideal_good_s / self.ideal_s
        return _ratio(self.good, self.produced)

    @property
    def oee(self) -> float | None:
        """sum(PRI x GQ) / PBT, which equals availability x effectiveness x quality."""
        return _ratio(self.ideal_good_s, self.pbt_s) if self.rated else None

    @property
    def coverage(self) -> float | None:
        """Share of the planned time that is known."""
        return _ratio(self.pbt_s, self.pbt_s + self.seconds[Leaf.NO_DATA])


def measure(facts: Facts, from_us: int, to_us: int) -> Oee:
    """OEE of one work unit in [from_us, to_us)."""
    parts = segments(facts, from_us, to_us)
    seconds = dict.fromkeys(Leaf, 0.0)
    for part in parts:
        seconds[part.leaf] += (part.to_us - part.from_us) / SECOND
    good = scrap = ideal = ideal_good = unrated = 0.0
    for count in facts.counts:
        if not from_us <= count.bucket_us < to_us or not (count.good or count.scrap):
            continue
        good, scrap = good + count.good, scrap + count.scrap
        cycle = _cycle_at(facts.operations, count.bucket_us, facts.bucket_us)
        if cycle is None:
            unrated += count.good + count.scrap
        else:
            ideal += cycle * (count.good + count.scrap)
            ideal_good += cycle * count.good
    flags = _flags(facts, parts, seconds, ideal, unrated)
    return Oee(from_us, to_us, seconds, good, scrap, ideal, ideal_good, unrated, flags)


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


def combine(parts: Sequence[Oee]) -> Oee:
    """Sum over several constraints (lines of a plant): times and ideal times add, ratios follow."""
    seconds = {leaf: sum(p.seconds[leaf] for p in parts) for leaf in Leaf}
    flags = tuple(sorted({flag for p in parts for flag in p.flags}))
    return Oee(
        min((p.from_us for p in parts), default=0),
        max((p.to_us for p in parts), default=0),
        seconds,
        sum(p.good for p in parts),
        sum(p.scrap for p in parts),
        sum(p.ideal_s for p in parts),
        sum(p.ideal_good_s for p in parts),
        sum(p.unrated for p in parts),
        flags,
    )


def at_constraint(constraint: Oee, downstream_scrap: float) -> Oee:
    """OEE of a line: the constraint's time and rate, the line's good output.

    Parts that the units after the constraint scrapped were paid for with constraint time.
    """
    lost = min(downstream_scrap, constraint.good)
    share = 1 - lost / constraint.good if constraint.good else 1.0
    return Oee(
        constraint.from_us,
        constraint.to_us,
        constraint.seconds,
        constraint.good - lost,
        constraint.scrap + lost,
        constraint.ideal_s,
        constraint.ideal_good_s * share,
        constraint.unrated,
        constraint.flags,
    )


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


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


def _cycle_at(operations: Sequence[OperationSpan], bucket_us: int, width_us: int) -> float | None:
    """PRI for a bucket: the operation that covers most of it."""
    best, cycle = 0, None
    for operation in operations:
        if operation.from_us >= bucket_us + width_us:
            break
        overlap = min(operation.to_us, bucket_us + width_us) - max(operation.from_us, bucket_us)
        if overlap > best:
            best, cycle = overlap, operation.planned_cycle_s
    return cycle


def _outside(facts: Facts, part: Span) -> bool:
    """True when some of the stretch lies outside the shifts, or in a break or planned stop."""
    planned = sum(_overlap(part, shift) for shift in facts.shifts)
    return planned < part.to_us - part.from_us or any(_overlap(part, stop) for stop in facts.planned_stops)


def _overlap(one: Span, other: Span) -> int:
    return max(0, min(one.to_us, other.to_us) - max(one.from_us, other.from_us))


def _flags(
    facts: Facts, parts: Sequence[Segment], seconds: dict[Leaf, float], ideal: float, unrated: float
) -> tuple[str, ...]:
    flags = []
    if unrated:
        flags.append(f"{unrated:.0f} parts without an order or a planned cycle time")
    if seconds[Leaf.PRODUCTION] and ideal > seconds[Leaf.PRODUCTION]:
        flags.append("faster than planned: check the planned cycle time")
    if any(p.leaf is Leaf.PRODUCTION and _outside(facts, p) for p in parts):
        flags.append("produced in a break or outside the shift plan")
    if seconds[Leaf.NO_DATA]:
        flags.append("time without data is left out")
    return tuple(flags)
