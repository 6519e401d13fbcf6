"""A year of facts for the KPI bench: lines of machines in three shifts, orders, states, counts."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import insert

from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR, MINUTE, Clock, wall_us
from services import clocks

START = 1_735_686_000_000_000  # 2025-01-01 00:00 in Berlin
BUCKET = 5 * MINUTE
STATES = np.array([6, 11, 5, 4, 9], np.int64)
CHANCES = (0.5, 0.2, 0.15, 0.05, 0.1)


@dataclass(frozen=True, slots=True)
class Size:
    """How much: machines in lines of ten, days, state changes a machine and day."""

    machines: int = 50
    days: int = 365
    changes: int = 200

    @property
    def end_us(self) -> int:
        """The end of the history."""
        return START + self.days * DAY

    @property
    def units(self) -> list[tuple[str, str]]:
        """(line, unit)."""
        lines = [f"north/area-{k}/line-{k}" for k in range(max(1, self.machines // 10))]
        return [(line, f"{line}/unit-{n:02d}") for line in lines for n in range(min(10, self.machines))]


def fill(database: Database, size: Size, seed: int = 1) -> None:
    """Store every fact. Same seed, same facts."""
    rng, chance = np.random.default_rng(seed), random.Random(seed)  # noqa: S311
    with database.write() as tx:
        _place(tx, size)
        tx.execute(insert(t.shifts), list(_shifts(size)))
        for line, unit in size.units:
            tx.execute(insert(t.operations), list(_operations(size, line, unit, chance)))
            _many(tx, "states", 5, _states(size, unit, rng))
            _many(tx, "counts", 6, _counts(size, unit, rng))
        tx.exec_driver_sql("ANALYZE")


def _many(tx: Any, table: str, width: int, rows: list[tuple[Any, ...]]) -> None:
    tx.exec_driver_sql(f"INSERT INTO {table} VALUES ({', '.join('?' * width)})", rows)  # noqa: S608


def _place(tx: Any, size: Size) -> None:
    tx.execute(
        insert(t.sites).values(
            site_id="north", name="North", time_zone="Europe/Berlin", currency="EUR", shadow=False
        )
    )
    clocks.write(tx, "north", Clock(size.end_us, wall_us(), 1e-9))
    nodes: dict[str, dict[str, Any]] = {}
    for number, (_, unit) in enumerate(size.units):
        parts = unit.split("/")
        for depth in range(1, 5):
            node = "/".join(parts[:depth])
            row = {
                "equipment_id": node, "level": ("site", "area", "line", "unit")[depth - 1],
                "parent_id": "/".join(parts[: depth - 1]) or None, "name": parts[depth - 1],
                "machine_type": "other", "assigned": True, "constraint_unit": depth == 4 and number % 10 == 4,
                "position": number, "target_oee": 0.8, "created_us": START,
            }  # fmt: skip
            nodes.setdefault(node, row)
    tx.execute(insert(t.equipment), list(nodes.values()))
    metrics = [{"equipment_id": u, "name": "state", "unit": "1", "kind": "state"} for _, u in size.units]
    tx.execute(insert(t.metrics), metrics)
    rates = [
        {"instance": "mes", "product_id": p, "equipment_id": u, "planned_cycle_s": 30.0, "basis": "planned",
         "valid_from_us": 0, "updated_us": 0}
        for _, u in size.units for p in ("P-0", "P-1", "P-2")
    ]  # fmt: skip
    tx.execute(insert(t.product_rates), rates)


def _shifts(size: Size) -> Iterator[dict[str, Any]]:
    for line in dict.fromkeys(line for line, _ in size.units):
        for number in range(size.days * 3):
            begin = START + 6 * HOUR + number * 8 * HOUR
            yield {
                "instance": "mes", "shift_id": f"{line}-{number}", "line_id": line,
                "name": ("Early", "Late", "Night")[number % 3], "start_us": begin, "end_us": begin + 8 * HOUR,
                "break_s": 1800, "break_start_us": begin + 4 * HOUR, "frozen_us": begin - 8 * HOUR,
                "updated_us": 0,
            }  # fmt: skip


def _operations(size: Size, line: str, unit: str, chance: random.Random) -> Iterator[dict[str, Any]]:
    for day in range(size.days):
        begin = START + day * DAY
        yield {
            "instance": "mes", "operation_id": f"{unit}-{day}", "order_id": f"{line}-{day}",
            "equipment_id": unit, "product_id": f"P-{day % 3}", "start_us": begin, "end_us": begin + DAY,
            "setup_end_us": begin + chance.randrange(30) * MINUTE + 1, "updated_us": 0,
        }  # fmt: skip


def _states(size: Size, unit: str, rng: np.random.Generator) -> list[tuple[Any, ...]]:
    count = size.days * size.changes
    at = np.unique(START + rng.integers(0, size.days * DAY, count))
    state = rng.choice(STATES, len(at), p=CHANCES)
    return [(unit, a, s, 1, a) for a, s in zip(at.tolist(), state.tolist(), strict=True)]


def _counts(size: Size, unit: str, rng: np.random.Generator) -> list[tuple[Any, ...]]:
    buckets = np.arange(START, size.end_us, BUCKET)
    good, scrap = rng.integers(1, 8, len(buckets)), rng.integers(0, 2, len(buckets))
    columns = (buckets.tolist(), good.astype(float).tolist(), scrap.astype(float).tolist())
    return [(unit, a, g, s, 0.2, 0.0) for a, g, s in zip(*columns, strict=True)]
