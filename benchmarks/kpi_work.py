"""What else the screens of the KPI bench read: MES work, closed shifts, signals, patterns, lots, pictures."""

import json
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
from sqlalchemy import Connection, insert

from benchmarks.kpi_plant import START, Size
from benchmarks.kpi_records import many
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR
from domain.inspection import LABELS
from domain.measures import NAMES
from services.spc.multivariate import Pattern, fit, judge

GAUGES = ("pressure", "temperature", "vibration", "speed")
MEASURED = 2  # machines with these gauges rolled up
PATTERNED = 10  # machines with a frozen pattern
PICTURES = 20  # a day
KEPT, PICTURE_BYTES = 60, 20_000  # pictures that are still there, of each part of the history
OPEN_SHIFTS = 6  # a line: the newest ones are not closed yet
SETTINGS = ("clamping", "feed", "pressure_hold")
LOTS = 3  # an order uses, and one it makes


def fill(database: Database, size: Size, days: range) -> None:
    """Store the records of some days; what stands for good comes with the first. Same days, same records."""
    chance, rng = random.Random(days.start), np.random.default_rng(2_000 + days.start)  # noqa: S311
    with database.write() as tx:
        if days.start == 0:
            _stand(tx, size)
        many(tx, t.orders, list(_orders(size, days)))
        many(tx, t.quality_results, list(_inspected(size, days, chance)))
        many(tx, t.process_parameters, list(_settings(size, days, chance)))
        many(tx, t.material_lots, list(_lots(size, days)))
        many(tx, t.lot_uses, list(_uses(size, days)))
        many(tx, t.rolled_shift_grid, list(_grid(size, days)))
        many(tx, t.rolled_hours, list(_rolled(days, 24, rng)))
        many(tx, t.rolled_shifts, list(_rolled(days, 3, rng)))
        many(tx, t.pattern_points, list(_points(size, days, rng)))
        seen = list(_pictures(size, days, chance))
        many(tx, t.inspections, seen)
        kept = [
            {"sha256": row["sha256"], "data": rng.bytes(PICTURE_BYTES), "stored_wall_us": 0}
            for row in seen[-KEPT:]
        ]
        many(tx, t.part_pictures, kept)


def _lines(size: Size) -> list[str]:
    return list(dict.fromkeys(line for line, _ in size.units))


def _stand(tx: Connection, size: Size) -> None:
    products = [
        {"instance": "mes", "product_id": f"P-{k}", "name": f"Part {k}", "updated_us": 0} for k in range(3)
    ]
    tx.execute(insert(t.products), products)
    materials = [
        {"instance": "mes", "material_id": f"M-{k}", "name": f"Resin {k}", "unit": "kg", "updated_us": 0}
        for k in range(LOTS + 1)
    ]
    tx.execute(insert(t.materials), materials)
    _advised(tx, size)
    metrics = [
        {
            "metric_id": _metric(k, g),
            "equipment_id": size.units[k][1],
            "name": name,
            "unit": "",
            "kind": "gauge",
        }
        for k in range(MEASURED)
        for g, name in enumerate(GAUGES)
    ]
    tx.execute(insert(t.metrics), metrics)
    said = {"frozen_by": "bench", "frozen_us": START, "frozen_wall_us": START, "reason": "bench"}
    pattern = _pattern().to_json()
    for _, unit in size.units[:PATTERNED]:
        row = {"equipment_id": unit, "version": 1, "from_us": START, "to_us": START + 14 * DAY,
               "content": pattern, "samples": 300, **said}  # fmt: skip
        tx.execute(insert(t.pattern_models).values(**row))


def _advised(tx: Connection, size: Size) -> None:
    """Limits of every line, a model of scrap, and its word on every machine."""
    said = {"set_by": "bench", "set_us": START, "set_wall_us": START, "reason": "bench"}
    limits = [
        {"scope": line, "product_id": f"P-{k}", "parameter": SETTINGS[0], "version": 1, "low": 90.0,
         "high": 110.0, "unit": "bar", "validated_by": "T-1", "active": True, **said}
        for line in _lines(size)
        for k in range(3)
    ]  # fmt: skip
    tx.execute(insert(t.parameter_limits), limits)
    model = {"name": "process_quality", "version": "1", "capability": "quality", "path": "", "sha256": "",
             "feature_version": "", "stage": "champion", "card": "{}", "registered_wall_us": START,
             "check_asked_wall_us": None}  # fmt: skip
    tx.execute(insert(t.model_versions).values(**model))
    words = [
        {"equipment_id": unit, "product_id": f"P-{k}", "model_name": "process_quality", "model_version": "1",
         "feature_version": "", "window_hash": "", "at_us": size.end_us, "made_wall_us": START,
         "operations": 10, "taught": 100, "parameter": SETTINGS[0], "why_not": "", "unit": "bar",
         "from_value": 100.0, "to_value": 104.0, "share": 0.02, "change": -0.01, "change_low": -0.012,
         "change_high": -0.008, "came": 0.02}
        for _, unit in size.units
        for k in range(3)
    ]  # fmt: skip
    many(tx, t.process_advice, words)


def _settings(size: Size, days: range, chance: random.Random) -> Iterator[dict[str, Any]]:
    """What each operation ran with."""
    for _, unit in size.units:
        for day in days:
            for name in SETTINGS:
                yield {
                    "instance": "mes", "operation_id": f"{unit}-{day}", "parameter": name,
                    "equipment_id": unit, "set_point": 100.0, "value": chance.gauss(100, 4), "unit": "bar",
                    "updated_us": 0,
                }  # fmt: skip


def _metric(machine: int, gauge: int) -> int:
    return 10_000 + machine * len(GAUGES) + gauge


def _orders(size: Size, days: range) -> Iterator[dict[str, Any]]:
    for line in _lines(size):
        for day in days:
            begin, last = START + day * DAY, day == size.days - 1
            yield {
                "instance": "mes", "order_id": f"{line}-{day}", "line_id": line, "product_id": f"P-{day % 3}",
                "quantity": 1_000.0, "released_us": begin - DAY, "planned_start_us": begin,
                "planned_end_us": begin + DAY - HOUR * (day % 2), "due_us": begin + 2 * DAY,
                "start_us": begin, "end_us": None if last else begin + DAY,
                "status": "Running" if last else "Completed",
                "updated_us": 0,
            }  # fmt: skip


def _inspected(size: Size, days: range, chance: random.Random) -> Iterator[dict[str, Any]]:
    for line, unit in size.units:
        for number in range(days.start * 3, days.stop * 3):
            yield {
                "instance": "mes", "result_id": f"{unit}-{number}", "equipment_id": unit,
                "order_id": f"{line}-{number // 3}", "at_us": START + number * 8 * HOUR + 7 * HOUR,
                "good": 45.0, "scrap": float(chance.randrange(3)), "rework": float(chance.randrange(3)),
                "defects": None, "updated_us": 0,
            }  # fmt: skip


def _lots(size: Size, days: range) -> Iterator[dict[str, Any]]:
    for line in _lines(size):
        for day in days:
            for k in range(LOTS + 1):
                yield {
                    "instance": "mes", "lot_id": f"L-{line}-{day}-{k}", "material_id": f"M-{k}",
                    "quantity": 250.0, "status": "Consumed", "at_us": START + day * DAY + k * HOUR,
                    "updated_us": 0,
                }  # fmt: skip


def _uses(size: Size, days: range) -> Iterator[dict[str, Any]]:
    for line in _lines(size):
        for day in days:
            for k in range(LOTS + 1):
                yield {
                    "instance": "mes", "use_id": f"U-{line}-{day}-{k}", "lot_id": f"L-{line}-{day}-{k}",
                    "order_id": f"{line}-{day}", "use": "Produced" if k == LOTS else "Consumed",
                    "quantity": 240.0, "at_us": START + day * DAY + k * HOUR, "updated_us": 0,
                }  # fmt: skip


def _grid(size: Size, days: range) -> Iterator[dict[str, Any]]:
    for line in _lines(size):
        for number in range(days.start * 3, days.stop * 3):
            at = START + 6 * HOUR + number * 8 * HOUR
            name = ("Early", "Late", "Night")[number % 3]
            yield {"line_id": line, "at_us": at, "to_us": at + 8 * HOUR, "name": name}


def _rolled(days: range, a_day: int, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    step, first = DAY // a_day, START if a_day == 24 else START + 6 * HOUR
    for metric in range(_metric(0, 0), _metric(MEASURED, 0)):
        means = rng.normal(100.0, 2.0, len(days) * a_day).tolist()
        for number, mean in enumerate(means, days.start * a_day):
            yield {
                "metric_id": metric, "at_us": first + number * step, "readings": step // 1_000_000, "bad": 0,
                "covered_us": step, "mean": mean, "low": mean - 3, "high": mean + 3, "last": mean,
            }  # fmt: skip


def _pattern() -> Pattern:
    seen = np.random.default_rng(7).normal(100.0, 2.0, (300, len(GAUGES)))
    return fit(GAUGES, seen)


def _points(size: Size, days: range, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    pattern = _pattern()
    for _, unit in size.units[:PATTERNED]:
        values = rng.normal(100.0, 2.0, (len(days) * 24, len(GAUGES)))
        found = judge(pattern, values)
        for number, row in enumerate(values.tolist()):
            yield {
                "equipment_id": unit, "at_us": START + days.start * DAY + (number + 1) * HOUR, "version": 1,
                "content": json.dumps(row), "t2": float(found.t2[number]), "spe": float(found.spe[number]),
            }  # fmt: skip


def _pictures(size: Size, days: range, chance: random.Random) -> Iterator[dict[str, Any]]:
    for number in range(days.start * PICTURES, days.stop * PICTURES):
        label, named = chance.choice(list(LABELS)), number % 10 == 0
        yield {
            "inspection_id": f"picture-{number:08d}", "site_id": "north",
            "equipment_id": size.units[number % 5][1], "sha256": f"{number:064x}", "source": "folder",
            "source_name": f"{number}.png", "taken_us": START + number * (DAY // PICTURES),
            "received_wall_us": START + number, "state": "judged", "reason": "", "model_name": "parts",
            "model_version": "1", "label": label, "confidence": 0.9, "strangeness": 0.1, "unknown": False,
            "for_person": number % 7 == 0,
            "content": json.dumps({"probabilities": {label: 0.9}, "regions": []}),
            "said_label": label if named else "", "said_by": "bench" if named else "",
            "said_us": None, "said_wall_us": None, "said_words": "",
        }  # fmt: skip


def close(database: Database, size: Size) -> None:
    """Close every shift of the history but the newest ones, with the figures as they are."""
    names = ", ".join(NAMES)
    sums = ", ".join(f"SUM({name})" for name in NAMES)
    with database.write() as tx:
        for line, unit in dict(reversed(size.units)).items():
            begun = "SELECT DISTINCT from_us FROM kpi_cells WHERE equipment_id = ? AND shift <> '' ORDER BY 1"
            begins = [row[0] for row in tx.exec_driver_sql(begun, (unit,))]
            done = {row[0] for row in tx.exec_driver_sql(
                "SELECT from_us FROM shift_closings WHERE line_id = ?", (line,))}  # fmt: skip
            fresh = [at for at in begins[:-OPEN_SHIFTS] if at not in done]
            if not fresh:
                continue
            marked = "SELECT equipment_id FROM equipment WHERE parent_id = ? AND constraint_unit"
            pace = tx.exec_driver_sql(marked, (line,)).scalar()
            many(tx, t.shift_closings, [_closing(line, at, pace) for at in fresh])
            tx.exec_driver_sql(
                "INSERT INTO shift_figures (line_id, from_us, version, equipment_id, product_id, provisional,"  # noqa: S608
                f" {names}) SELECT ?, from_us, 1, equipment_id, product_id, 0, {sums} FROM kpi_cells"
                " WHERE equipment_id LIKE ? AND from_us >= ? AND from_us <= ? AND shift <> ''"
                " GROUP BY from_us, equipment_id, product_id",
                (line, line + "/%", fresh[0], fresh[-1]),
            )


def _closing(line: str, at: int, pace: str | None) -> dict[str, Any]:
    return {
        "line_id": line, "from_us": at, "version": 1, "to_us": at + 8 * HOUR,
        "shift": ("Early", "Late", "Night")[(at - START - 6 * HOUR) // (8 * HOUR) % 3],
        "closed_by": "bench", "closed_us": at + 9 * HOUR, "closed_wall_us": at + 9 * HOUR, "note": "",
        "reopened_by": None, "reopened_us": None, "reopened_wall_us": None, "reopen_reason": "",
        "constraint_unit": pace,
    }  # fmt: skip
