"""Facts of one machine as arrays: states, parts, and what was planned, for stretches of any length."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, TextClause, select, text

from data.store import plan_facts
from data.store import tables as t
from data.store.oee_facts import BUCKET_US, SILENCE_US
from domain.clock import DAY
from domain.setups import LONGEST_US, Made, with_setups
from domain.state_sources import STATE_METRICS, StateSource, infer, source_of
from domain.telemetry import MachineMode
from domain.time_model import OperationSpan, Span

Ints = NDArray[np.int64]
PLANS_BACK_US = 4 * DAY
_BEFORE = text(
    "SELECT source_us, state, mode FROM states WHERE equipment_id = :unit AND source_us <= :at"
    " ORDER BY source_us DESC LIMIT 1"
)
_STATES = text(
    "SELECT source_us, state, mode FROM states WHERE equipment_id = :unit"
    " AND source_us > :from_us AND source_us < :to_us ORDER BY source_us"
)
_COUNTS = text(
    "SELECT bucket_us, good, scrap, energy_kwh, resets FROM counts WHERE equipment_id = :unit"
    " AND bucket_us >= :from_us AND bucket_us < :to_us ORDER BY bucket_us"
)
_CHECKS = text(
    "SELECT at_us, COALESCE(order_id, ''), good, scrap, rework, result_id FROM quality_results"
    " WHERE equipment_id = :unit AND at_us > :from_us AND at_us <= :to_us"
)
_WORK = text(
    "SELECT start_us, COALESCE(end_us, :to_us), kind FROM maintenance WHERE equipment_id = :unit"
    " AND start_us < :to_us AND COALESCE(end_us, :to_us) > :from_us AND kind IN ('corrective', 'preventive')"
)


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


def read(tx: Connection, unit: str, from_us: int, to_us: int) -> Recorded:
    """Everything of [from_us, to_us), and what lies so near that it matters there."""
    booked = plan_facts.operations(tx, [unit], from_us - PLANS_BACK_US, to_us)[unit]
    near = {"unit": unit, "from_us": from_us - LONGEST_US, "to_us": to_us + LONGEST_US}
    every = _counted(tx, _COUNTS, near)
    some = every.good > 0
    made = Made(every.bucket_us[some].tolist(), every.good[some].tolist(), BUCKET_US)
    operations = with_setups(booked, made)
    stretch = {"unit": unit, "from_us": from_us, "to_us": to_us}
    rows = [*_rows(tx, _BEFORE, {"unit": unit, "at": from_us}), *_rows(tx, _STATES, stretch)]
    source = _source(tx, unit)
    if not rows and source is StateSource.COUNTER:
        rows = _inferred(every, operations)
    checks = _rows(tx, _CHECKS, stretch)
    states = np.array(rows, np.int64).reshape(-1, 3)
    return Recorded(
        states[:, 0], states[:, 1], states[:, 2],
        _heard(every.bucket_us, from_us, to_us),
        every,
        operations,
        [row for row in checks if min(row[2:5]) >= 0],
        _rows(tx, _WORK, stretch),
        source,
        [(row[0], row[5]) for row in checks if min(row[2:5]) < 0],
    )  # fmt: skip


def _rows(tx: Connection, query: TextClause, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Rows as the driver gives them: millions at a time, so without a wrapper each."""
    cursor: Any = tx.execute(query, values).cursor
    found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _counted(tx: Connection, query: TextClause, values: dict[str, Any]) -> Counted:
    rows = np.array(_rows(tx, query, values), np.float64).reshape(-1, 5)  # times are below 2**53
    return Counted(rows[:, 0].astype(np.int64), rows[:, 1], rows[:, 2], rows[:, 3], rows[:, 4])


def _source(tx: Connection, unit: str) -> StateSource:
    m = t.metrics.c
    names = select(m.name).where(m.equipment_id == unit, m.name.in_(STATE_METRICS))
    return source_of(list(tx.execute(names).scalars()))


def _inferred(counted: Counted, operations: Sequence[OperationSpan]) -> list[tuple[int, int, int]]:
    cycle = next((o.planned_cycle_s for o in operations if o.planned_cycle_s), None)
    parts = (counted.good + counted.scrap).tolist()
    found = infer(counted.bucket_us.tolist(), parts, BUCKET_US, cycle)
    return [(at, state, int(MachineMode.PRODUCTION)) for at, state in found]


def _heard(buckets: Ints, from_us: int, to_us: int) -> list[Span]:
    """Stretches in which no silence was longer than SILENCE_US."""
    if not len(buckets):
        return []
    breaks = np.flatnonzero(np.diff(buckets) > SILENCE_US)
    starts = buckets[np.concatenate(([0], breaks + 1))]
    ends = buckets[np.concatenate((breaks, [len(buckets) - 1]))] + SILENCE_US
    found = zip(starts.tolist(), ends.tolist(), strict=True)
    return [Span(a, b) for a, b in found if b > from_us and a < to_us]
