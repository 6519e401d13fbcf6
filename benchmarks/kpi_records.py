"""Alarms and control charts of the KPI bench's plant: definitions, a year of events, hourly samples."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from sqlalchemy import Connection, Table, func, insert, select

from benchmarks.kpi_plant import START, Size
from data.store import alarms, spc_days
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR, MINUTE
from domain.spc.model import Sample

PER_MACHINE = 5  # alarms
EVERY = 10 * MINUTE  # one alarm at each operator position, as a good set has it
CHART = "chart-{}"
SUBGROUP = 4
_KINDS = ("xbar_s", "i_mr", "ewma", "cusum", "p")
_RULES = "beyond,we2,we3,we4"


def fill(database: Database, size: Size, days: range) -> None:
    """Store the records of some days; the definitions come with the first."""
    rng = np.random.default_rng(1_000 + days.start)
    with database.write() as tx:
        if days.start == 0:
            _define(tx, size)
        many(tx, t.alarm_events, list(_events(size, days, rng)))
        for number in range(len(size.units)):
            rows = list(_samples(number, days, rng))
            many(tx, t.spc_samples, rows)
            spc_days.put(tx, CHART.format(number), [_sample(row) for row in rows])


def _define(tx: Connection, size: Size) -> None:
    told = {"changed_by": "bench", "changed_us": START, "changed_wall_us": START, "reason": "bench"}
    lines = list(dict.fromkeys(line for line, _ in size.units))
    places = [{"position_id": f"desk-{line}", "name": line, "equipment_id": line} for line in lines]
    tx.execute(insert(t.operator_positions), places)
    for number, (line, unit) in enumerate(size.units):
        for which in range(PER_MACHINE):
            row: dict[str, Any] = {
                "alarm_id": f"alarm-{number}-{which}", "version": 1, "equipment_id": unit,
                "position_id": f"desk-{line}", "name": f"Limit {which}", "metric": "pressure", "high": True,
                "limit_value": 1.0, "deadband": 0.1, "on_delay_s": 5, "off_delay_s": 5,
                "priority": ("low", "low", "low", "medium", "high")[which], "suppress_when": "",
                "consequence": "scrap", "response": "look", "active": True, **told,
            }  # fmt: skip
            alarms.add_definition(tx, row)
            alarms.begin(tx, row["alarm_id"], START)
        tx.execute(insert(t.spc_charts).values(**_chart(number, unit), **told))
        tx.execute(insert(t.spc_limits).values(**_limits(number)))


def _chart(number: int, unit: str) -> dict[str, Any]:
    kind = _KINDS[number % len(_KINDS)]
    counts = kind == "p"
    return {
        "chart_id": CHART.format(number), "version": 1, "equipment_id": unit, "title": f"Pressure {kind}",
        "kind": kind, "source": "quality" if counts else "metric", "metric": "" if counts else "pressure",
        "product_id": "", "subgroup_size": SUBGROUP if kind == "xbar_s" else 1, "every_s": 3600,
        "spread": "within", "rules": _RULES, "weights": "{}", "tolerance_low": None if counts else 90.0,
        "tolerance_high": None if counts else 110.0, "opens_case": False, "cause": "unknown", "active": True,
    }  # fmt: skip


def _limits(number: int) -> dict[str, Any]:
    counts = _KINDS[number % len(_KINDS)] == "p"
    return {
        "chart_id": CHART.format(number), "version": 1, "from_us": START, "to_us": START + 14 * DAY,
        "level": 0.03 if counts else 100.0, "sigma": 0.0 if counts else 2.0, "between": 0.0, "samples": 300,
        "resemblance": 0.0, "excluded": "[]", "frozen_by": "bench", "frozen_us": START + 14 * DAY,
        "frozen_wall_us": START, "reason": "bench",
    }  # fmt: skip


def _events(size: Size, days: range, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    lines = list(dict.fromkeys(line for line, _ in size.units))
    for step in range(days.start * DAY // EVERY, days.stop * DAY // EVERY):
        for place, line in enumerate(lines):
            number = place * 10 + int(rng.integers(10))
            which, at = int(rng.integers(PER_MACHINE)), START + step * EVERY
            for event, asks, after in (
                ("activated", True, 0), ("acknowledged", False, 1), ("cleared", False, 2)
            ):  # fmt: skip
                yield {
                    "alarm_id": f"alarm-{number}-{which}", "equipment_id": size.units[number][1],
                    "position_id": f"desk-{line}", "priority": ("low", "low", "low", "medium", "high")[which],
                    "event": event, "asks": asks, "at_us": at + after * MINUTE, "wall_us": at, "value": 1.0,
                    "actor": "", "note": "", "until_us": None,
                }  # fmt: skip


def _samples(number: int, days: range, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    kind = _KINDS[number % len(_KINDS)]
    for hour in range(days.start * 24 + 1, days.stop * 24 + 1):
        values = rng.normal(100.0, 2.0, SUBGROUP if kind == "xbar_s" else 1).tolist()
        yield {
            "chart_id": CHART.format(number), "at_us": START + hour * HOUR,
            "content": json.dumps([] if kind == "p" else values),
            "count": float(rng.binomial(200, 0.03)) if kind == "p" else 0.0,
            "size": 200.0 if kind == "p" else 0.0,
        }  # fmt: skip


def _sample(row: Mapping[str, Any]) -> Sample:
    return Sample(row["at_us"], tuple(json.loads(row["content"])), row["count"], row["size"])


def many(tx: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows of one table as fast as the driver takes them; SQLite only."""
    if not rows:
        return
    names = list(rows[0])
    marks = ", ".join("?" * len(names))
    text = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608
    tx.exec_driver_sql(text, [tuple(row.values()) for row in rows])


def stored(database: Database) -> tuple[int, int]:
    """How many events and samples there are."""
    with database.read() as tx:
        counted = (select(func.count()).select_from(table) for table in (t.alarm_events, t.spc_samples))
        events, samples = (int(tx.execute(query).scalar_one()) for query in counted)
    return events, samples
