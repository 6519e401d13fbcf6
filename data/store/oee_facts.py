"""Loads what OEE needs, for many units in a handful of queries."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, and_, func, select

from data.store import plan_facts
from data.store import tables as t
from domain.clock import MINUTE
from domain.equipment import line_of
from domain.setups import LONGEST_US, Made, with_setups
from domain.state_sources import STATE_METRICS, infer
from domain.telemetry import MachineMode, MachineState
from domain.time_model import ALWAYS, Count, Facts, StateSpan

Change = tuple[int, int, bool]  # at, PackML state, set up by the machine's own mode
BUCKET_US = 5 * MINUTE
SILENCE_US = 15 * MINUTE  # longer without any message is a gap


def load(tx: Connection, units: Sequence[str], from_us: int, to_us: int) -> dict[str, Facts]:
    """Facts of each unit for [from_us, to_us). Units without rows get empty facts."""
    near_from, near_to = from_us - LONGEST_US, to_us + LONGEST_US
    lines = sorted({line_of(unit) for unit in units})
    counts = _counts(tx, units, near_from, near_to)
    states = _states(tx, units, from_us, to_us)
    operations = plan_facts.operations(tx, units, from_us, to_us)
    shifts, breaks = plan_facts.shifts(tx, lines, from_us, to_us)
    stops = plan_facts.planned_stops(tx, units, from_us, to_us)
    minor, placed = plan_facts.minor_us(tx, lines, from_us), plan_facts.placed(tx, units)
    inferred = _inferring(tx, [unit for unit in units if not states[unit]])
    result = {}
    for unit in units:
        spans = with_setups(operations[unit], _made(counts[unit]))
        if unit in inferred:
            cycle = next((o.planned_cycle_s for o in spans if o.planned_cycle_s), None)
            states[unit] = _inferred(counts[unit], cycle, from_us)
        inside = [c for c in counts[unit] if from_us - SILENCE_US <= c.bucket_us < to_us]
        result[unit] = Facts(
            states=_with_gaps(states[unit], [c.bucket_us for c in inside], from_us, to_us),
            shifts=shifts[line_of(unit)],
            planned_stops=sorted(stops[unit] + breaks[line_of(unit)], key=lambda s: s.from_us),
            operations=[o for o in spans if o.to_us > from_us and o.from_us < to_us],
            counts=[c for c in inside if c.bucket_us >= from_us],
            minor_us=minor[line_of(unit)],
            placed=placed.get(unit, ALWAYS),
        )
    return result


def _made(counts: Sequence[Count]) -> Made:
    good = [c for c in counts if c.good > 0]
    return Made([c.bucket_us for c in good], [c.good for c in good], BUCKET_US)


def _inferring(tx: Connection, units: Sequence[str]) -> set[str]:
    """The units that tell no state at all: theirs is inferred from their parts."""
    m = t.metrics.c
    telling = select(m.equipment_id).where(m.equipment_id.in_(units), m.name.in_(STATE_METRICS))
    return set(units) - set(tx.execute(telling).scalars())


def _inferred(counts: Sequence[Count], cycle_s: float | None, from_us: int) -> list[Change]:
    found = infer([c.bucket_us for c in counts], [c.good + c.scrap for c in counts], BUCKET_US, cycle_s)
    before = [change for change in found if change[0] <= from_us][-1:]
    inside = [change for change in found if change[0] > from_us]
    return [(max(at, from_us), state, False) for at, state in (*before, *inside)]


def _counts(tx: Connection, units: Sequence[str], from_us: int, to_us: int) -> dict[str, list[Count]]:
    c = t.counts.c
    found: dict[str, list[Count]] = defaultdict(list)
    rows = tx.execute(
        select(c.equipment_id, c.bucket_us, c.good, c.scrap, c.energy_kwh, c.resets)
        .where(c.equipment_id.in_(units), c.bucket_us >= from_us, c.bucket_us < to_us)
        .order_by(c.equipment_id, c.bucket_us)
    )
    for unit, *values in rows:
        found[unit].append(Count(*values))
    return found


def _states(tx: Connection, units: Sequence[str], from_us: int, to_us: int) -> dict[str, list[Change]]:
    s = t.states.c
    before = (
        select(s.equipment_id, func.max(s.source_us).label("at"))
        .where(s.equipment_id.in_(units), s.source_us <= from_us)
        .group_by(s.equipment_id)
        .subquery()
    )
    columns = (s.equipment_id, s.source_us, s.state, s.mode)
    first = select(*columns).join(
        before, and_(before.c.equipment_id == s.equipment_id, before.c.at == s.source_us)
    )
    inside = select(*columns).where(s.equipment_id.in_(units), s.source_us > from_us, s.source_us < to_us)
    found: dict[str, list[Change]] = defaultdict(list)
    for query in (first, inside.order_by(s.equipment_id, s.source_us)):
        for unit, at_us, state, mode in tx.execute(query):
            found[unit].append((max(at_us, from_us), state, mode == MachineMode.SETUP))
    return found


def _with_gaps(changes: list[Change], buckets: list[int], from_us: int, to_us: int) -> list[StateSpan]:
    """State spans, cut where no message at all came for longer than SILENCE_US."""
    spans = []
    for begin, end in _heard(buckets, from_us, to_us):
        for index, (at_us, state, setup) in enumerate(changes):
            stop = changes[index + 1][0] if index + 1 < len(changes) else to_us
            low, high = max(at_us, begin), min(stop, end)
            if low < high:
                spans.append(StateSpan(low, high, MachineState(state), setup))
    return spans


def _heard(buckets: list[int], from_us: int, to_us: int) -> list[tuple[int, int]]:
    stretches: list[tuple[int, int]] = []
    for bucket in buckets:
        begin, end = max(bucket, from_us), min(bucket + SILENCE_US, to_us)
        if begin >= end:
            continue
        if stretches and begin <= stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], end)
        else:
            stretches.append((begin, end))
    return stretches
