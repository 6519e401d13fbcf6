"""Facts of one machine as arrays: states, parts, and what was planned, for stretches of any length."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from data.store import inspected, kpi_counts, plan_facts
from data.store.columns import Columns
from data.store.inspected import Inspected
from data.store.kpi_counts import BUCKET_US, Counted, Cut
from data.store.lives import lived
from data.store.statements import Row, Statement
from domain.clock import DAY
from domain.setups import LONGEST_US, BookedLate, Doubled, Made, booked_late, doubled, with_setups
from domain.state_sources import STATE_METRICS, StateSource, infer, source_of
from domain.telemetry import NOT_PRODUCING, MachineMode
from domain.time_model import ALWAYS, EXECUTING, REMEMBER_US, OperationSpan, Span, merged

Ints = NDArray[np.int64]
PLANS_BACK_US = 4 * DAY
Cuts = Callable[[list[OperationSpan], Inspected], Cut]
LONG_US = DAY
_BEFORE = Statement(
    "SELECT source_us, state, mode FROM states WHERE equipment_id = :unit AND source_us <= :at"
    " ORDER BY source_us DESC LIMIT 1"
)
_STATES = Columns(
    "states",
    "equipment_id = :unit AND source_us > :from_us AND source_us < :to_us",
    "source_us",
    (("state", 6), ("mode", 3)),
)
_RUNS = (
    f"state IN ({', '.join(str(int(state)) for state in sorted(EXECUTING))})"
    f" AND mode NOT IN ({', '.join(str(int(mode)) for mode in sorted(NOT_PRODUCING))})"
)
_RAN = Statement(
    "SELECT source_us FROM states WHERE equipment_id = :unit AND source_us <= :at AND source_us > :back"  # noqa: S608
    f" AND {_RUNS} ORDER BY source_us DESC LIMIT 1"
)
_AFTER = Statement("SELECT MIN(source_us) FROM states WHERE equipment_id = :unit AND source_us > :at")
_RUNS_NEXT = Statement(
    "SELECT source_us FROM states WHERE equipment_id = :unit AND source_us > :at AND source_us < :until"  # noqa: S608
    f" AND {_RUNS} ORDER BY source_us LIMIT 1"
)
_WORK = Statement(
    "SELECT start_us, COALESCE(end_us, :to_us), kind FROM maintenance WHERE equipment_id = :unit"
    " AND start_us < :to_us AND COALESCE(end_us, :to_us) > :from_us AND kind IN ('corrective', 'preventive')"
)
_FIRST = Statement("SELECT MIN(source_us) FROM states WHERE equipment_id = :unit")
_TELLS = Statement("SELECT name FROM metrics WHERE equipment_id = :unit")


def stood_since(tx: Connection, unit: str, at_us: int) -> int:
    """Where to look from for all of a stop that a moment may lie in: the moment itself where the machine
    runs, else when it last ran; at most REMEMBER_US back, and not before its first data."""
    back = at_us - REMEMBER_US
    before = _BEFORE.rows(tx, {"unit": unit, "at": at_us})
    if before and _runs(before[0]):
        return at_us
    if before:
        ran = _RAN.rows(tx, {"unit": unit, "at": at_us, "back": back})
        if ran:
            return int(_AFTER.rows(tx, {"unit": unit, "at": ran[0][0]})[0][0])
    elif (made := kpi_counts.made_before(tx, unit, at_us, back)) is not None:
        return made
    first = kpi_counts.first_heard(tx, unit)
    return at_us if first is None else max(back, min(first, at_us))


def stands_until(tx: Connection, unit: str, at_us: int, now_us: int) -> int:
    """The same forward: where to look to, not beyond `now_us`."""
    until = min(now_us, at_us + REMEMBER_US)
    if at_us >= until:
        return at_us
    before = _BEFORE.rows(tx, {"unit": unit, "at": at_us})
    if not before:
        made = kpi_counts.made_after(tx, unit, at_us, until)
        return until if made is None else min(until, made)
    if _runs(before[0]):
        return at_us
    runs = _RUNS_NEXT.rows(tx, {"unit": unit, "at": at_us, "until": until})
    return int(runs[0][0]) if runs else until


def _runs(row: Row) -> bool:
    """True where a row (at, state, mode) says that the machine produces."""
    return row[1] in EXECUTING and row[2] not in NOT_PRODUCING


@dataclass(frozen=True, slots=True)
class Recorded:
    """All that is stored of one machine and touches a stretch. `heard` are stretches of which something is
    known: with messages, or silent by exception (data.store.lives)."""

    state_at: Ints
    state: Ints
    mode: Ints
    heard: list[Span]
    counted: Counted
    operations: list[OperationSpan]
    work: Sequence[Any]
    source: StateSource
    resets: list[int]  # buckets in which a counter fell
    negative: list[int]  # buckets in which one read less than zero
    doubled: Sequence[Doubled] = ()  # orders booked at once
    late: Sequence[BookedLate] = ()  # switches booked after the new parts had begun
    silent: Sequence[int] = ()  # the first buckets after a silence
    fell: Sequence[int] = ()  # buckets in which a counter read a little less than before
    at_once: Sequence[Row] = ()  # buckets with what was not read for long (kpi_counts.at_once)
    uncounted: bool = False  # the machine tells things, and no good parts
    inspected: Inspected = field(default_factory=Inspected)
    near: Span = ALWAYS  # the stretch of which `counted` has all buckets


def read(tx: Connection, unit: str, from_us: int, to_us: int, cuts: Cuts) -> Recorded:
    """Everything of [from_us, to_us), and what lies so near that it matters there. Over a long stretch parts
    and energy come added up: `cuts` says by operations and inspections where sums must be apart."""
    booked = plan_facts.operations(tx, unit, from_us - PLANS_BACK_US, to_us)
    near = {"unit": unit, "from_us": from_us - LONGEST_US, "to_us": to_us + LONGEST_US}
    stretch = {"unit": unit, "from_us": from_us, "to_us": to_us}
    worked_on = {o.order_id for o in booked if o.from_us < to_us and o.to_us > from_us}
    checked = inspected.read(tx, unit, from_us, to_us, worked_on)
    tells = [row[0] for row in _TELLS.rows(tx, {"unit": unit})]
    source = source_of([name for name in tells if name in STATE_METRICS])
    long = to_us - from_us > LONG_US
    found = kpi_counts.buckets(tx, near) if long and source is not StateSource.COUNTER else None
    if found is not None and kpi_counts.aligned(found):
        operations = with_setups(booked, kpi_counts.Stored(tx, unit))
        counted, heard = kpi_counts.added(tx, unit, found, cuts(operations, checked)), kpi_counts.heard(found)
    else:
        counted = kpi_counts.by_bucket(tx, near)
        operations, heard = with_setups(booked, _made(counted)), kpi_counts.heard(counted.bucket_us)
    first = kpi_counts.first_heard(tx, unit)
    heard = _with_life(tx, near, heard, first)
    state_at, state, mode = _states(tx, stretch, long)
    if source is StateSource.COUNTER:
        inferred = _inferred(counted, operations, _FIRST.rows(tx, stretch)[0][0])
        told = (state_at, state, mode)
        state_at, state, mode = (np.concatenate(pair) for pair in zip(inferred, told, strict=True))
    resets, negative, fell = kpi_counts.odd(tx, stretch)
    return Recorded(
        state_at, state, mode,
        [Span(a, b) for a, b in heard if b > from_us and a < to_us],
        counted,
        operations,
        _WORK.rows(tx, stretch),
        source,
        resets,
        negative,
        doubled(booked),
        booked_late(booked, operations),
        [a for k, (a, _) in enumerate(heard) if k or first != a],
        fell,
        kpi_counts.at_once(tx, stretch),
        bool(tells) and "good_count" not in tells,
        checked,
        Span(from_us - LONGEST_US, to_us + LONGEST_US),
    )  # fmt: skip


def _with_life(
    tx: Connection, near: dict[str, Any], heard: list[tuple[int, int]], first_us: int | None
) -> list[tuple[int, int]]:
    """The stretches with messages, and those in which silence means "unchanged"; not before the first."""
    if first_us is None:
        return heard
    lives = lived(tx, near["unit"], max(near["from_us"], first_us), near["to_us"])
    if not lives:
        return heard
    return [(s.from_us, s.to_us) for s in merged([*lives, *(Span(a, b) for a, b in heard)])]


def _made(counted: Counted) -> Made:
    some = counted.good > 0
    return Made(counted.bucket_us[some].tolist(), counted.good[some].tolist(), BUCKET_US)


def _states(tx: Connection, stretch: dict[str, Any], long: bool) -> tuple[Ints, Ints, Ints]:
    before = _BEFORE.rows(tx, {"unit": stretch["unit"], "at": stretch["from_us"]})
    found = _STATES.read(tx, stretch, long=long)
    first = np.array(before, np.int64).reshape(-1, 3)
    at, state, mode = (np.concatenate((first[:, k], column)) for k, column in enumerate(found))
    return at, state, mode


def _inferred(
    counted: Counted, operations: Sequence[OperationSpan], told_us: int | None
) -> tuple[Ints, Ints, Ints]:
    """States from parts, up to the first that the machine told, if it ever told one."""
    parts = (counted.good + counted.scrap).tolist()
    found = infer(counted.bucket_us.tolist(), parts, BUCKET_US, operations)
    rows = np.array([r for r in found if told_us is None or r[0] < told_us], np.int64).reshape(-1, 2)
    return rows[:, 0], rows[:, 1], np.full(len(rows), int(MachineMode.PRODUCTION))
