"""A small line with calendars, orders and counters, stored through the rows that ingest writes."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select

from data.store import tables as t
from data.store.database import Database
from data.store.upsert import upsert
from domain.clock import DAY, HOUR, MINUTE
from domain.time_model import Span
from services.kpi import dirty
from tests import factories as f

LINE = "north/machining/line-1"
UNITS = tuple(f"{LINE}/cnc-{k}" for k in (11, 12, 13))
COUNTING = tuple(f"{LINE}/cnc-{k}" for k in (14, 15))  # tell no state, only parts
START = f.NOW - 60 * HOUR
END = START + 30 * HOUR
TABLES = (t.intervals, t.kpi_cells, t.kpi_days, t.kpi_months, t.kpi_losses, t.kpi_flags, t.stood_cells)


def plant(tx: Connection, counting: Sequence[str] = ()) -> None:
    """A site with one line of three machines; the middle one sets the pace. Shifts of 8 h with a break.
    Machines that are only `counting` stand behind them; P-2 takes them 20 min a part."""
    f.site(tx)
    for position, unit in enumerate((*UNITS, *counting)):
        f.machine(tx, unit)
        tx.execute(
            t.equipment.update()
            .where(t.equipment.c.equipment_id == unit)
            .values(position=position, constraint_unit=position == 1)
        )
    shifts = [
        {
            "instance": "mes", "shift_id": f"S{k}", "line_id": LINE, "name": ("Early", "Late")[k % 2],
            "start_us": START + 2 * HOUR + 12 * k * HOUR, "end_us": START + 10 * HOUR + 12 * k * HOUR,
            "break_s": 1800, "break_start_us": START + 6 * HOUR + 12 * k * HOUR, "updated_us": 0,
            "frozen_us": START + 12 * k * HOUR,
        }
        for k in range(3)
    ]  # fmt: skip
    tx.execute(insert(t.shifts), shifts)
    rates = [
        {"instance": "mes", "product_id": p, "equipment_id": u, "basis": "planned",
         "planned_cycle_s": 1200.0 if p == "P-2" and u in counting else 50.0,
         "valid_from_us": 0, "updated_us": 0}
        for p in ("P-1", "P-2") for u in (*UNITS, *counting)
    ]  # fmt: skip
    tx.execute(insert(t.product_rates), rates)


@dataclass
class Fact:
    """One row that arrives, and the stretch that it may change."""

    table: Any
    row: dict[str, Any]
    key: tuple[str, ...]
    stretches: dict[str, list[Span]] = field(default_factory=dict)


def random_facts(rng: random.Random, counting: Sequence[str] = ()) -> list[Fact]:
    """States, counts, operations, inspections, maintenance and planned stops, in order of time."""
    facts: list[Fact] = []
    for unit in UNITS:
        at = START
        while at < END:
            row = {"equipment_id": unit, "source_us": at, "state": rng.choice([6, 6, 6, 11, 9, 5, 5, 4, 2]),
                   "mode": rng.choice([1, 1, 1, 1, 2, 3, 4]), "receive_us": at}  # fmt: skip
            facts.append(Fact(t.states, row, ("equipment_id", "source_us"), {unit: [Span(at, END)]}))
            at += rng.choice([MINUTE, 7 * MINUTE, HOUR, 3 * HOUR]) + rng.randrange(10**6)
        facts += _counts(rng, unit, lambda: float(rng.randrange(9)))
        facts += _booked(rng, unit)
    for unit in counting:
        facts += _counts(rng, unit, lambda: rng.choice([0.0, 0.0, 0.0, 1.0, 6.0]))
        facts += _booked(rng, unit)
        facts += _worked(rng, unit)
    return facts


def _counts(rng: random.Random, unit: str, made: Callable[[], float]) -> list[Fact]:
    found: list[Fact] = []
    for bucket in range(START // (5 * MINUTE) * 5 * MINUTE, END, 5 * MINUTE):
        if rng.random() < 0.97:
            row = {"equipment_id": unit, "bucket_us": bucket, "good": made(),
                   "scrap": float(rng.randrange(2)), "energy_kwh": 0.25,
                   "resets": float(rng.random() < 0.01)}  # fmt: skip
            mine = Span(bucket, bucket + 5 * MINUTE)  # as ingest marks it
            found.append(Fact(t.counts, row, ("equipment_id", "bucket_us"), {unit: [mine]}))
    return found


def _worked(rng: random.Random, unit: str) -> list[Fact]:
    found = []
    for number in range(4):
        at = START + rng.randrange(28 * HOUR)
        end = rng.choice([None, at + rng.randrange(9 * HOUR)])
        row = {
            "instance": "mes", "maintenance_id": f"M{unit}{number}", "equipment_id": unit, "planned_us": at,
            "kind": rng.choice(["corrective", "preventive", "inspection"]), "start_us": at, "end_us": end,
            "status": "under_way" if end is None else "done", "updated_us": 0,
        }  # fmt: skip
        found.append(Fact(t.maintenance, row, ("instance", "maintenance_id"), {unit: [Span(at, end or END)]}))
    return found


def _booked(rng: random.Random, unit: str) -> list[Fact]:
    found: list[Fact] = []
    at, number = START + rng.randrange(3 * HOUR), 0
    while at < END:
        end = at + rng.randrange(HOUR, 14 * HOUR)
        setup = rng.choice([None, at + rng.randrange(30 * MINUTE)])
        row = {
            "instance": "mes", "operation_id": f"{unit}-{number}", "order_id": f"W{number % 3}",
            "equipment_id": unit, "product_id": rng.choice(["P-1", "P-2", "P-3", ""]), "start_us": at,
            "end_us": end, "setup_end_us": setup, "updated_us": 0,
        }  # fmt: skip
        near = Span(at - 8 * HOUR, end + 24 * HOUR)
        found.append(Fact(t.operations, row, ("instance", "operation_id"), {unit: [near]}))
        own = random.Random(f"{unit} {at}")  # the other facts stay as they were
        checks = [(end, float(rng.randrange(-1, 2)))]
        checks += [(at + own.randrange(18 * 60) * MINUTE, own.choice([0.0, 3.0, 12.0])) for _ in range(2)]
        for late, scrap in checks:
            check = {"instance": "mes", "result_id": f"Q{unit}{number}{late}", "equipment_id": unit,
                     "order_id": f"W{number % 3}", "at_us": late, "good": 5.0, "scrap": scrap, "rework": 1.0,
                     "updated_us": 0}  # fmt: skip
            key = ("instance", "result_id")
            found.append(Fact(t.quality_results, check, key, {unit: [Span(late - 1, late)]}))
        stop = {"instance": "mes", "downtime_id": f"D{unit}{number}", "equipment_id": unit, "start_us": at,
                "end_us": rng.choice([None, at + HOUR, at + HOUR]), "reason": "Planned maintenance",
                "planned": rng.random() < 0.7,
                "fixed_us": at - rng.randrange(20 * HOUR), "updated_us": 0}  # fmt: skip
        near = Span(at, END)
        found.append(Fact(t.downtimes, stop, ("instance", "downtime_id"), {unit: [near]}))
        was = {"instance": "mes", "downtime_id": f"D{unit}{number}",
               "until_us": at - rng.randrange(20 * HOUR),
               "end_us": rng.choice([None, at + rng.randrange(2 * HOUR)])}  # fmt: skip
        key = ("instance", "downtime_id", "until_us")
        found.append(Fact(t.stop_ends, was, key, {unit: [near]}))
        at, number = end + rng.choice([0, 0, 2 * HOUR]), number + 1
    return found


def operation(unit: str, number: int, begin: int, end: int) -> Fact:
    """An operation of another product than the one before, whose setup the MES does not book."""
    row = {
        "instance": "mes", "operation_id": f"{unit}-{number}", "order_id": f"W{number}",
        "equipment_id": unit, "product_id": f"P-{1 + number % 2}", "start_us": begin, "end_us": end,
        "setup_end_us": None, "updated_us": 0,
    }  # fmt: skip
    return Fact(t.operations, row, ("instance", "operation_id"), {unit: [Span(begin - 8 * HOUR, end + DAY)]})


def stretches(tx: Connection, fact: Fact) -> dict[str, list[Span]]:
    """What a stored fact may change: what is said with it, and what ingest marks of records of a MES."""
    found = {unit: list(spans) for unit, spans in fact.stretches.items()}
    if fact.table in (t.quality_results, t.operations):
        for unit, low, high in dirty.of_mes(tx, fact.table.name, [fact.row]):
            if low < END:
                found.setdefault(unit, []).append(Span(low, min(high, END)))
    return found


def store(tx: Connection, fact: Fact) -> None:
    """Write one fact."""
    upsert(tx, fact.table, [fact.row], list(fact.key))


def derived(database: Database) -> dict[str, list[Any]]:
    """Everything that is derived from facts, sorted by key."""
    with database.read() as tx:
        return {
            table.name: [tuple(row) for row in tx.execute(select(table).order_by(*table.primary_key))]
            for table in TABLES
        }
