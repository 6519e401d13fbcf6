"""A year of facts for the KPI bench: lines of machines in three shifts, orders, states, counts."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Table, insert

from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR, MINUTE, Clock, wall_us
from services import clocks

START = 1_735_686_000_000_000  # 2025-01-01 00:00 in Berlin
BUCKET = 5 * MINUTE
STATES = np.array([6, 11, 5, 4, 9], np.int64)
CHANCES = (0.5, 0.2, 0.15, 0.05, 0.1)
_COUNTS = "equipment_id, bucket_us, good, scrap, energy_kwh, resets"


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


def fill(database: Database, size: Size, days: range, report: Callable[[str], None]) -> None:
    """Store every fact of some days, in bulk and without waiting for the disk. Same days, same facts."""
    rng, chance = np.random.default_rng(days.start), random.Random(days.start)  # noqa: S311
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA synchronous=OFF")
        connection.rollback()
        connection.exec_driver_sql("BEGIN")  # else each row would be a transaction of its own
        if days.start == 0:
            _place(connection, size)
        _insert(connection, t.shifts, list(_shifts(size, days)))
        for number, (line, unit) in enumerate(size.units):
            if number:
                connection.exec_driver_sql("BEGIN")
            _insert(connection, t.operations, list(_operations(line, unit, days, chance)))
            _many(connection, "states", 5, _states(size, unit, days, rng))
            _many(connection, f"counts ({_COUNTS})", 6, _counts(unit, days, rng))
            connection.commit()
            if number % 10 == 9:
                report(f"facts of {number + 1} machines, days {days.start} to {days.stop}")
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
        connection.exec_driver_sql("PRAGMA synchronous=FULL")


def _insert(tx: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    names = list(rows[0])
    _many(tx, f"{table.name} ({', '.join(names)})", len(names), [tuple(row.values()) for row in rows])


def _many(tx: Connection, table: str, width: int, rows: list[tuple[Any, ...]]) -> None:
    tx.exec_driver_sql(f"INSERT INTO {table} VALUES ({', '.join('?' * width)})", rows)  # noqa: S608


def _place(tx: Any, size: Size) -> None:
    tx.execute(
        insert(t.sites).values(
            site_id="north", name="North", time_zone="Europe/Berlin", currency="EUR", shadow=False
        )
    )
    clocks.write(tx, "north", Clock(size.end_us, wall_us(), 1e-9))
    _prices(tx)
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
    kinds = (("state", "1", "state"), ("energy", "kWh", "counter"), ("scrap_count", "1", "counter"))
    metrics = [
        {"equipment_id": u, "name": name, "unit": unit, "kind": kind}
        for _, u in size.units
        for name, unit, kind in kinds
    ]
    tx.execute(insert(t.metrics), metrics)
    rates = [
        {"instance": "mes", "product_id": p, "equipment_id": u, "planned_cycle_s": 30.0, "basis": "planned",
         "valid_from_us": 0, "updated_us": 0}
        for _, u in size.units for p in ("P-0", "P-1", "P-2")
    ]  # fmt: skip
    tx.execute(insert(t.product_rates), rates)


def _prices(tx: Any) -> None:
    """A tariff of two prices and an emission factor, so that energy costs and emits something."""
    bands = (
        '[{"name": "day", "weekdays": "12345", "from_minute": 360, "to_minute": 1320, "millicents": 24000},'
    )
    bands += (
        ' {"name": "rest", "weekdays": "1234567", "from_minute": 0, "to_minute": 1440, "millicents": 15000}]'
    )
    said = {"site_id": "north", "version": 1, "valid_from_us": 0, "set_by": "bench", "set_wall_us": 0,
            "reason": "bench"}  # fmt: skip
    tx.execute(insert(t.energy_tariffs).values(**said, name="two", bands=bands, peak_cents_per_kw=900))
    tx.execute(insert(t.emission_factors).values(**said, grams_per_kwh=380.0, source="bench"))


def _shifts(size: Size, days: range) -> Iterator[dict[str, Any]]:
    for line in dict.fromkeys(line for line, _ in size.units):
        for number in range(days.start * 3, days.stop * 3):
            begin = START + 6 * HOUR + number * 8 * HOUR
            yield {
                "instance": "mes", "shift_id": f"{line}-{number}", "line_id": line,
                "name": ("Early", "Late", "Night")[number % 3], "start_us": begin, "end_us": begin + 8 * HOUR,
                "break_s": 1800, "break_start_us": begin + 4 * HOUR, "frozen_us": begin - 8 * HOUR,
                "updated_us": 0,
            }  # fmt: skip


def _operations(line: str, unit: str, days: range, chance: random.Random) -> Iterator[dict[str, Any]]:
    for day in days:
        begin = START + day * DAY
        yield {
            "instance": "mes", "operation_id": f"{unit}-{day}", "order_id": f"{line}-{day}",
            "equipment_id": unit, "product_id": f"P-{day % 3}", "start_us": begin, "end_us": begin + DAY,
            "setup_end_us": begin + chance.randrange(30) * MINUTE + 1, "updated_us": 0,
            "good": 1_000.0, "scrap": float(120 + day % 50),
        }  # fmt: skip


def _states(size: Size, unit: str, days: range, rng: np.random.Generator) -> list[tuple[Any, ...]]:
    at = np.unique(START + rng.integers(days.start * DAY, days.stop * DAY, len(days) * size.changes))
    state = rng.choice(STATES, len(at), p=CHANCES)
    return [(unit, a, s, 1, a) for a, s in zip(at.tolist(), state.tolist(), strict=True)]


def _counts(unit: str, days: range, rng: np.random.Generator) -> list[tuple[Any, ...]]:
    buckets = np.arange(START + days.start * DAY, START + days.stop * DAY, BUCKET)
    good, scrap = rng.integers(1, 8, len(buckets)), rng.integers(0, 2, len(buckets))
    columns = (buckets.tolist(), good.astype(float).tolist(), scrap.astype(float).tolist())
    return [(unit, a, g, s, 0.2, 0.0) for a, g, s in zip(*columns, strict=True)]
