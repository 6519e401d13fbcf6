"""The time model over arrays: one machine, any stretch, from a shift to years.

Same result as `domain.time_model.segments`; leaves, causes and states are small whole numbers here:
positions in LEAVES and CAUSES, PackML codes, and -1 for a gap.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.telemetry import MachineState
from domain.time_model import EXECUTING, EXTERNAL, REMEMBER_US, Cause, Leaf, Span

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
LEAVES = tuple(Leaf)
CAUSES = tuple(Cause)
GAP = -1
_LEAF = {leaf: code for code, leaf in enumerate(LEAVES)}
_CAUSE = {cause: code for code, cause in enumerate(CAUSES)}
_DOWN, _SETUP, _PRODUCTION = _LEAF[Leaf.DOWN], _LEAF[Leaf.SETUP], _LEAF[Leaf.PRODUCTION]
_DELAY, _NO_ORDER, _REMOVED = _LEAF[Leaf.DELAY], _CAUSE[Cause.NO_ORDER], _CAUSE[Cause.REMOVED]
_IS_EXECUTING = np.array([code in EXECUTING for code in range(19)])  # by state, -1 reads the last: no
_IS_EXTERNAL = np.array([code in EXTERNAL for code in range(19)])


def executing(state: Ints) -> Bools:
    """Which of the states (GAP: none) are those of a machine that works."""
    found: Bools = _IS_EXECUTING[state]
    return found


def leaf_code(leaf: Leaf) -> int:
    """The number of a leaf."""
    return _LEAF[leaf]


def cause_code(cause: Cause) -> int:
    """The number of a cause."""
    return _CAUSE[cause]


@dataclass(frozen=True, slots=True)
class Spans:
    """Stretches [from, to), sorted by start, apart. `code` is what each stands for."""

    from_us: Ints
    to_us: Ints
    code: Ints

    def find(self, at_us: Ints) -> Ints:
        """Per moment the position of the span that covers it, -1 where none does."""
        if not len(self.from_us):
            return np.full(len(at_us), -1)
        index = np.searchsorted(self.from_us, at_us, side="right") - 1
        inside = (index >= 0) & (at_us < self.to_us[index])
        return np.where(inside, index, -1)


@dataclass(frozen=True, slots=True)
class Unit:
    """One machine, ready to classify. States hold from their time to the next, in `heard` stretches; while
    `idle` (modes of maintenance, manual) executing is no production.

    `minor` are limits of minor stops: from when each holds, and how long; before the first holds that.
    `operations.code` is the end of the setup; `planned.code` a cause. `away`: taken out of the plant.
    """

    state_at: Ints
    state: Ints
    told_setup: Bools
    idle: Bools
    heard: Spans
    shifts: Spans
    planned: Spans
    operations: Spans
    minor: tuple[Ints, Ints]
    away: Spans


@dataclass(frozen=True, slots=True)
class Parts:
    """The stretch cut into leaves: arrays of one length. `operation` is a position, -1 for none.

    `begins` marks where a failure or a minor stop begins (once each, however often it is cut).
    """

    from_us: Ints
    to_us: Ints
    leaf: Ints
    cause: Ints
    state: Ints
    operation: Ints
    off_plan: Bools
    begins: Bools

    def take(self, wanted: Bools | Ints) -> "Parts":
        """Some of them."""
        return Parts(*(getattr(self, name)[wanted] for name in self.__slots__))


def within(at_us: Ints, spans: Iterable[Span]) -> Bools:
    """Which moments lie in one of a few spans."""
    found = np.zeros(len(at_us), bool)
    for span in spans:
        found |= (at_us >= span.from_us) & (at_us < span.to_us)
    return found


def classify(unit: Unit, cells: Ints, from_us: int, to_us: int) -> Parts:
    """Cut [from_us, to_us) into leaves, and at every moment of `cells` too (the edges of cells)."""
    cuts = _cuts(unit, cells, from_us, to_us)
    at, end = cuts[:-1], cuts[1:]
    state, told, idle, record = _states(unit, at)
    shift, planned = unit.shifts.find(at), unit.planned.find(at)
    operation = unit.operations.find(at)
    leaf, cause, off_plan = _leaves(unit, at, state, (told, idle), shift, planned, operation)
    stop = _stops(unit, at, end, leaf, cause, record)
    begins = _name_stops(at, end - at, stop, leaf, cause, unit.minor)
    parts = Parts(at, end, leaf, cause, state, operation, off_plan, begins)
    edge = np.zeros(len(at), bool)
    place = np.searchsorted(at, cells)
    inside = place < len(at)
    edge[place[inside][at[place[inside]] == cells[inside]]] = True
    return _merged(parts, edge)


def _cuts(unit: Unit, cells: Ints, from_us: int, to_us: int) -> Ints:
    operations = unit.operations
    every = np.concatenate(
        (
            [from_us, to_us],
            unit.away.from_us,
            unit.away.to_us,
            cells,
            unit.state_at,
            unit.heard.from_us,
            unit.heard.to_us,
            unit.shifts.from_us,
            unit.shifts.to_us,
            unit.planned.from_us,
            unit.planned.to_us,
            operations.from_us,
            operations.to_us,
            operations.code,
        )
    ).astype(np.int64)
    inside = every[(every >= from_us) & (every <= to_us)]
    inside.sort(kind="stable")  # a few sorted runs: merged, where np.unique would hash and sort anew
    return inside[np.concatenate(([True], inside[1:] != inside[:-1]))]


def _states(unit: Unit, at: Ints) -> tuple[Ints, Bools, Bools, Ints]:
    """State, what the machine's mode says (setup, nothing is produced), and the record of the state (-1:
    nothing is known)."""
    if not len(unit.state_at):
        never = np.zeros(len(at), bool)
        return np.full(len(at), GAP), never, never, np.full(len(at), -1)
    index = np.searchsorted(unit.state_at, at, side="right") - 1
    known = (index >= 0) & (unit.heard.find(at) >= 0)
    state = np.where(known, unit.state[index], GAP)
    return state, known & unit.told_setup[index], known & unit.idle[index], np.where(known, index, -1)


def _leaves(
    unit: Unit, at: Ints, state: Ints, mode: tuple[Bools, Bools], shift: Ints, planned: Ints, operation: Ints
) -> tuple[Ints, Ints, Bools]:
    told, idle = mode
    runs, gap = executing(state) & ~idle, state == GAP
    gone, no_shift, in_plan = unit.away.find(at) >= 0, shift < 0, planned >= 0
    no_order = operation < 0
    setup_end = unit.operations.code[operation] if len(unit.operations.code) else np.zeros(len(at), np.int64)
    setup = told | (~no_order & (at < setup_end))
    planned_cause = unit.planned.code[planned] if len(unit.planned.code) else np.zeros(len(at), np.int64)
    rules: list[tuple[Bools, Leaf, Cause]] = [
        (gone, Leaf.OUTSIDE, Cause.REMOVED),
        (~runs & no_shift, Leaf.OUTSIDE, Cause.NO_SHIFT),
        (~runs & in_plan, Leaf.PLANNED_DOWN, Cause.PLANNED_STOP),
        (gap, Leaf.NO_DATA, Cause.NO_DATA),
        (setup, Leaf.SETUP, Cause.SETUP),
        (runs, Leaf.PRODUCTION, Cause.RUNNING),
        (no_order, Leaf.DELAY, Cause.NO_ORDER),
        (_IS_EXTERNAL[state], Leaf.DELAY, Cause.WAITING),
        (state == MachineState.IDLE, Leaf.DELAY, Cause.IDLE),
    ]
    leaf = np.full(len(at), _DOWN)
    cause = np.full(len(at), _CAUSE[Cause.FAILURE])
    for mask, its_leaf, its_cause in reversed(rules):
        leaf = np.where(mask, _LEAF[its_leaf], leaf)
        cause = np.where(mask, _CAUSE[its_cause], cause)
    by_plan = (leaf == _LEAF[Leaf.PLANNED_DOWN]) & ~gone
    cause = np.where(by_plan, planned_cause, cause)
    worked = ~gap & (leaf != _LEAF[Leaf.OUTSIDE]) & ~by_plan
    return leaf, cause, np.where(gone, runs, worked & (no_shift | in_plan))


def _stops(unit: Unit, at: Ints, end: Ints, leaf: Ints, cause: Ints, record: Ints) -> Ints:
    """Per stretch the number of the stop that it may belong to (domain.time_model: what ends one)."""
    ends: Bools = (leaf == _PRODUCTION) | (leaf == _SETUP) | (cause == _REMOVED)
    known = np.flatnonzero(record >= 0)
    over = known[1:][np.diff(known) > 1]  # the first known after a silence
    if len(over):
        changes = np.cumsum(np.concatenate(([0], unit.state[1:] != unit.state[:-1])))
        before = known[:-1][np.diff(known) > 1]
        ends[over] |= changes[record[over]] != changes[record[before]]
    stop: Ints = np.cumsum(ends)
    down = np.flatnonzero(leaf == _DOWN)
    far = (at[down[1:]] - end[down[:-1]] > REMEMBER_US) & (stop[down[1:]] == stop[down[:-1]])
    if not far.any():
        return stop
    ends[down[1:][far]] = True
    again: Ints = np.cumsum(ends)
    return again


def _name_stops(
    at: Ints, length: Ints, stop: Ints, leaf: Ints, cause: Ints, minor: tuple[Ints, Ints]
) -> Bools:
    """Names time down in short stops, in `cause`; returns where the time down of each stop begins. A stop is
    read by the limit that held when it began."""
    down = np.flatnonzero(leaf == _DOWN)
    begins = np.zeros(len(leaf), bool)
    if not len(down):
        return begins
    stood = np.flatnonzero((leaf == _DOWN) | ((leaf == _DELAY) & (cause != _NO_ORDER)))
    since, limits = minor
    numbers, first = np.unique(stop[stood], return_index=True)
    limit = np.zeros(int(stop[-1]) + 1, np.int64)
    limit[numbers] = limits[np.maximum(np.searchsorted(since, at[stood[first]], side="right") - 1, 0)]
    short = np.bincount(stop[stood], length[stood], int(stop[-1]) + 1) < limit
    which = stop[down]
    cause[down[short[which]]] = _CAUSE[Cause.MINOR_STOP]
    begins[down[np.concatenate(([True], which[1:] != which[:-1]))]] = True
    return begins


def _merged(parts: Parts, edge: Bools) -> Parts:
    """Stretches that are alike and meet become one, but never across the edge of a cell."""
    if not len(parts.from_us):
        return parts
    differs = edge.copy()
    differs[0] = True
    for name in ("leaf", "cause", "state", "operation", "off_plan"):
        values = getattr(parts, name)
        differs[1:] |= values[1:] != values[:-1]
    kept = np.flatnonzero(differs)
    found = parts.take(kept)
    last = np.concatenate((kept[1:] - 1, [len(parts.to_us) - 1]))
    begins = np.logical_or.reduceat(parts.begins, kept)
    return Parts(
        found.from_us, parts.to_us[last], found.leaf, found.cause, found.state, found.operation,
        found.off_plan, begins,
    )  # fmt: skip
