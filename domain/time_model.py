"""The time model of ISO 22400-2: every microsecond of a window belongs to exactly one leaf.

    outside        no shift, and the machine does not produce
    planned_down   in a shift, a break, or a stop that was fixed before the shift plan froze
    no_data        nothing is known: never running and never down
    delay          ADOT: available but not running (no order, blocked, starved)
    down           ADET: malfunctions and minor stops during an order
    setup          AUST: from the last good piece of the old order to the first good one of the new
    production     APT: executing, in a mode of production

PBT = delay + down + setup + production. Time without data is left out of PBT and shown beside it.
Production outside the shift or in a break extends PBT and is flagged. Times are microseconds.
A stop is what lies between two stretches of production or setup, and counts once, whatever states,
breaks, nights or waits lie in it. Its length (all planned time with an order in which the machine stood)
tells a minor stop (shorter than the limit that held when it began) from a failure. A silence in which the
state changed divides a stop, and so do REMEMBER_US without time down.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import Generic, TypeVar

from domain.clock import DAY, FOR_EVER_US, MINUTE
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


class Cause(StrEnum):
    """Why a stretch is in its leaf. The first three are outside, the next two planned down."""

    NO_SHIFT = "no_shift"
    REMOVED = "removed"  # after the machine was taken out of the plant
    PLACED_LATER = "placed_later"
    BREAK = "break"
    PLANNED_STOP = "planned_stop"
    NO_DATA = "no_data"
    NO_ORDER = "no_order"
    IDLE = "idle"
    WAITING = "waiting"  # for another machine, that is not known
    BLOCKED = "blocked"  # a machine behind it does not take parts
    STARVED = "starved"  # a machine before it gives none
    MINOR_STOP = "minor_stop"
    FAILURE = "failure"
    SETUP = "setup"
    RUNNING = "running"


BUSY = (Leaf.DELAY, Leaf.DOWN, Leaf.SETUP, Leaf.PRODUCTION)
MINOR_US = 5 * MINUTE
REMEMBER_US = 4 * DAY
EXECUTING = frozenset({MachineState.EXECUTE, MachineState.COMPLETING})
_WORKS = (Leaf.PRODUCTION, Leaf.SETUP)
EXTERNAL = frozenset({MachineState.SUSPENDED, MachineState.SUSPENDING, MachineState.UNSUSPENDING})


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch of time."""

    from_us: int
    to_us: int

    def covers(self, at_us: int) -> bool:
        """True when the stretch holds the moment."""
        return self.from_us <= at_us < self.to_us


ALWAYS = Span(-FOR_EVER_US, FOR_EVER_US)
AnySpan = TypeVar("AnySpan", bound=Span)


@dataclass(frozen=True, slots=True)
class StateSpan(Span):
    """A stretch in one machine state; None is a gap. `setup`: the machine's own mode says so. `idle`: in its
    mode (maintenance, manual) executing is no production."""

    state: MachineState | None
    setup: bool = False
    idle: bool = False

    @property
    def produces(self) -> bool:
        """True where the machine executes, in a mode in which that is production."""
        return self.state in EXECUTING and not self.idle


@dataclass(frozen=True, slots=True)
class PlannedSpan(Span):
    """A break, or a stop that was fixed in time."""

    cause: Cause = Cause.PLANNED_STOP


@dataclass(frozen=True, slots=True)
class OperationSpan(Span):
    """A stretch in which the machine works on an order. `planned_cycle_s` is PRI, None if unknown."""

    order_id: str
    product_id: str
    planned_cycle_s: float | None
    setup_end_us: int


@dataclass(frozen=True, slots=True)
class Count:
    """Parts made in the bucket that starts at `bucket_us`; `resets` of its counters in it."""

    bucket_us: int
    good: float
    scrap: float
    energy_kwh: float = 0.0
    resets: float = 0.0


@dataclass(frozen=True, slots=True)
class Segment(Span):
    """A stretch in one leaf, with the state and the order behind it. `charged_to` names the machine that
    made this one wait. `off_plan`: produced in a break, a planned stop or outside the shifts."""

    leaf: Leaf
    state: MachineState | None
    cause: Cause = Cause.RUNNING
    operation: OperationSpan | None = None
    off_plan: bool = False
    charged_to: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the time model of one work unit needs, sorted by time. Shifts may overlap, a moment counts
    once. Operations may not. `away`: taken out of the plant."""

    states: Sequence[StateSpan]
    shifts: Sequence[Span]
    planned_stops: Sequence[Span]
    operations: Sequence[OperationSpan]
    counts: Sequence[Count]
    minor_us: int = MINOR_US
    placed: Span = ALWAYS
    away: Sequence[Span] = ()


def segments(facts: Facts, from_us: int, to_us: int) -> list[Segment]:
    """The window cut into leaves, in time order, without holes or overlaps."""
    cuts = sorted(_cuts(facts, from_us, to_us))
    classify = _Classifier(facts)
    result: list[Segment] = []
    for begin, end in pairwise(cuts):
        found = classify.at(begin, end)
        last = result[-1] if result else None
        if last and _alike(last, found):
            result[-1] = replace(last, to_us=end)
        else:
            result.append(found)
    return _name_stops(result, facts.minor_us)


def _alike(one: Segment, other: Segment) -> bool:
    same = one.leaf is other.leaf and one.state is other.state and one.cause is other.cause
    return same and one.operation is other.operation and one.off_plan is other.off_plan


def _cuts(facts: Facts, from_us: int, to_us: int) -> set[int]:
    cuts = {from_us, to_us, facts.placed.from_us, facts.placed.to_us}
    for spans in (facts.states, facts.shifts, facts.planned_stops, facts.operations, facts.away):
        for span in spans:
            cuts.add(span.from_us)
            cuts.add(span.to_us)
    cuts.update(operation.setup_end_us for operation in facts.operations)
    return {cut for cut in cuts if from_us <= cut <= to_us}


class _Pointer(Generic[AnySpan]):
    """The span that covers a moment, for moments that only grow."""

    __slots__ = ("_at", "_spans")

    def __init__(self, spans: Sequence[AnySpan]) -> None:
        self._spans, self._at = spans, 0

    def at(self, us: int) -> AnySpan | None:
        spans, index = self._spans, self._at
        while index < len(spans) and spans[index].to_us <= us:
            index += 1
        self._at = index
        return spans[index] if index < len(spans) and spans[index].from_us <= us else None


class _Classifier:
    """Names the leaf and the cause of stretches, asked for in time order."""

    def __init__(self, facts: Facts) -> None:
        self._placed = facts.placed
        self._away = _Pointer(facts.away)
        self._states = _Pointer(facts.states)
        self._shifts = _Pointer(merged(facts.shifts))
        self._planned = _Pointer(apart_planned(facts.planned_stops))
        self._operations = _Pointer(facts.operations)

    def at(self, at_us: int, to_us: int) -> Segment:
        """The segment that begins at a cut and ends at the next one."""
        span = self._states.at(at_us)
        state, executing = (span.state, span.produces) if span else (None, False)
        shift, planned = self._shifts.at(at_us), self._planned.at(at_us)
        operation = self._operations.at(at_us)
        away = self._away.at(at_us) is not None
        if away or not self._placed.covers(at_us):
            gone = away or at_us >= self._placed.to_us
            why = Cause.REMOVED if gone else Cause.PLACED_LATER
            return Segment(at_us, to_us, Leaf.OUTSIDE, state, why, None, gone and executing)
        if not executing:
            if shift is None:
                return Segment(at_us, to_us, Leaf.OUTSIDE, state, Cause.NO_SHIFT, operation)
            if planned is not None:
                return Segment(at_us, to_us, Leaf.PLANNED_DOWN, state, planned.cause, operation)
        if state is None:
            return Segment(at_us, to_us, Leaf.NO_DATA, None, Cause.NO_DATA, operation)
        off_plan = shift is None or planned is not None
        told = span is not None and span.setup
        leaf, cause = (Leaf.SETUP, Cause.SETUP) if told else _working(state, executing, operation, at_us)
        return Segment(at_us, to_us, leaf, state, cause, operation, off_plan)


def _working(state: MachineState, runs: bool, order: OperationSpan | None, at_us: int) -> tuple[Leaf, Cause]:
    """Leaf and cause of a stretch in planned time whose state is known."""
    if order and at_us < order.setup_end_us:
        return Leaf.SETUP, Cause.SETUP
    if runs:
        return Leaf.PRODUCTION, Cause.RUNNING
    if order is None:
        return Leaf.DELAY, Cause.NO_ORDER
    if state in EXTERNAL:
        return Leaf.DELAY, Cause.WAITING
    if state is MachineState.IDLE:
        return Leaf.DELAY, Cause.IDLE
    return Leaf.DOWN, Cause.FAILURE


def _name_stops(parts: list[Segment], minor_us: int) -> list[Segment]:
    """Names the time down of every stop that is shorter than `minor_us`."""
    for stop in _standstills(parts):
        if sum(parts[index].to_us - parts[index].from_us for index in stop) < minor_us:
            for index in stop:
                if parts[index].leaf is Leaf.DOWN:
                    parts[index] = replace(parts[index], cause=Cause.MINOR_STOP)
    return parts


def _standstills(parts: Sequence[Segment]) -> list[list[int]]:
    """Per stop the positions of the stretches in which the machine stood in planned time with an order."""
    found: list[list[int]] = [[]]
    told, silent, down_until = None, False, None
    for index, part in enumerate(parts):
        down, known = part.leaf is Leaf.DOWN, part.state is not None
        other = known and silent and part.state is not told
        later = down and down_until is not None and part.from_us - down_until > REMEMBER_US
        if part.leaf in _WORKS or part.cause is Cause.REMOVED or other or later:
            found.append([])
            down_until = None
        if down or (part.leaf is Leaf.DELAY and part.cause is not Cause.NO_ORDER):
            found[-1].append(index)
        down_until = part.to_us if down else down_until
        told, silent = part.state if known else told, not known
    return found


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same time as spans that neither touch nor overlap, by start."""
    result: list[Span] = []
    for span in sorted(spans, key=lambda s: s.from_us):
        if result and span.from_us <= result[-1].to_us:
            result[-1] = Span(result[-1].from_us, max(result[-1].to_us, span.to_us))
        elif span.from_us < span.to_us:
            result.append(Span(span.from_us, span.to_us))
    return result


def apart_planned(stops: Iterable[Span]) -> list[PlannedSpan]:
    """Breaks and planned stops without overlaps; where they overlap, the one that began first stays."""
    result: list[PlannedSpan] = []
    for stop in sorted(stops, key=lambda s: (s.from_us, s.to_us)):
        begin = max(stop.from_us, result[-1].to_us) if result else stop.from_us
        if begin < stop.to_us:
            cause = stop.cause if isinstance(stop, PlannedSpan) else Cause.PLANNED_STOP
            result.append(PlannedSpan(begin, stop.to_us, cause))
    return result
