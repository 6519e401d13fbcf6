"""Facts of one machine as arrays: states, parts, and what was planned, for stretches of any length."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from data.store import plan_facts
from data.store.statements import Columns, Statement
from domain.clock import DAY, MINUTE
from domain.setups import LONGEST_US, Made, with_setups
from domain.state_sources import STATE_METRICS, StateSource, infer, source_of
from domain.telemetry import MachineMode
from domain.time_model import OperationSpan, Span

Ints = NDArray[np.int64]
PLANS_BACK_US = 4 * DAY
BUCKET_US = 5 * MINUTE
SILENCE_US = 15 * MINUTE  # longer without any message is a gap
LONG_US = 3 * DAY
_BEFORE = Statement(
    "SELECT source_us, state, mode FROM states WHERE equipment_id = :unit AND source_us <= :at"
    " ORDER BY source_us DESC LIMIT 1"
)
_STATES = Columns(
    "states",
    "equipment_id = :unit AND source_us > :from_us AND source_us < :to_us",
    whole=("source_us", "state", "mode"),
)
_COUNTS = Columns(
    "counts",
    "equipment_id = :unit AND bucket_us >= :from_us AND bucket_us < :to_us",
    whole=("bucket_us",),
    count=("good", "scrap", "resets"),
    real=("energy_kwh",),
)
_CHECKS = Statement(
    "SELECT at_us, COALESCE(order_id, ''), good, scrap, rework, result_id FROM quality_results"
    " WHERE equipment_id = :unit AND at_us > :from_us AND at_us <= :to_us"
)
_WORK = Statement(
    "SELECT start_us, COALESCE(end_us, :to_us), kind FROM maintenance WHERE equipment_id = :unit"
    " AND start_us < :to_us AND COALESCE(end_us, :to_us) > :from_us AND kind IN ('corrective', 'preventive')"
)
_NEGATIVE = Statement(
    "SELECT bucket_us FROM counts WHERE equipment_id = :unit AND bucket_us >= :from_us"
    " AND bucket_us < :to_us AND refused > 0"
)
_TELLS = Statement("SELECT name FROM metrics WHERE equipment_id = :unit")


@dataclass(frozen=True, slots=True)
class Counted:
    """Parts and energy per bucket."""

    bucket_us: Ints
    good: NDArray[np.float64]
    scrap: NDArray[np.float64]
    energy_kwh: NDArray[np.float64]
    resets: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Recorded:
    """All that is stored of one machine and touches a stretch. `heard` are stretches with messages."""

    state_at: Ints
    state: Ints
    mode: Ints
    heard: list[Span]
    counted: Counted
    operations: list[OperationSpan]
    checks: Sequence[Any]
    work: Sequence[Any]
    source: StateSource
    refused: list[tuple[int, str]]  # inspections with a negative quantity: (at, id)
    negative: list[int]  # buckets in which a counter read less than zero


def read(tx: Connection, unit: str, from_us: int, to_us: int) -> Recorded:
    """Everything of [from_us, to_us), and what lies so near that it matters there."""
    booked = plan_facts.operations(tx, unit, from_us - PLANS_BACK_US, to_us)
    near = {"unit": unit, "from_us": from_us - LONGEST_US, "to_us": to_us + LONGEST_US}
    long = to_us - from_us > LONG_US
    at, good, scrap, resets, energy = _COUNTS.read(tx, near, long=long)
    every = Counted(at, good, scrap, energy, resets)
    some = every.good > 0
    made = Made(every.bucket_us[some].tolist(), every.good[some].tolist(), BUCKET_US)
    operations = with_setups(booked, made)
    stretch = {"unit": unit, "from_us": from_us, "to_us": to_us}
    source = source_of([row[0] for row in _TELLS.rows(tx, {"unit": unit}) if row[0] in STATE_METRICS])
    state_at, state, mode = _states(tx, stretch, long)
    if not len(state_at) and source is StateSource.COUNTER:
        state_at, state, mode = _inferred(every, operations)
    checks = _CHECKS.rows(tx, stretch)
    return Recorded(
        state_at, state, mode,
        _heard(every.bucket_us, from_us, to_us),
        every,
        operations,
        [row for row in checks if min(row[2:5]) >= 0],
        _WORK.rows(tx, stretch),
        source,
        [(row[0], row[5]) for row in checks if min(row[2:5]) < 0],
        [row[0] for row in _NEGATIVE.rows(tx, stretch)],
    )  # fmt: skip


def _states(tx: Connection, stretch: dict[str, Any], long: bool) -> tuple[Ints, Ints, Ints]:
    before = _BEFORE.rows(tx, {"unit": stretch["unit"], "at": stretch["from_us"]})
    found = _STATES.read(tx, stretch, long=long)
    first = np.array(before, np.int64).reshape(-1, 3)
    at, state, mode = (np.concatenate((first[:, k], column)) for k, column in enumerate(found))
    return at, state, mode


def _inferred(counted: Counted, operations: Sequence[OperationSpan]) -> tuple[Ints, Ints, Ints]:
    cycle = next((o.planned_cycle_s for o in operations if o.planned_cycle_s), None)
    parts = (counted.good + counted.scrap).tolist()
    found = infer(counted.bucket_us.tolist(), parts, BUCKET_US, cycle)
    rows = np.array(found, np.int64).reshape(-1, 2)
    return rows[:, 0], rows[:, 1], np.full(len(rows), int(MachineMode.PRODUCTION))


def _heard(buckets: Ints, from_us: int, to_us: int) -> list[Span]:
    """Stretches in which no silence was longer than SILENCE_US."""
    if not len(buckets):
        return []
    breaks = np.flatnonzero(np.diff(buckets) > SILENCE_US)
    starts = buckets[np.concatenate(([0], breaks + 1))]
    ends = buckets[np.concatenate((breaks, [len(buckets) - 1]))] + SILENCE_US
    found = zip(starts.tolist(), ends.tolist(), strict=True)
    return [Span(a, b) for a, b in found if b > from_us and a < to_us]
