"""A whole plant in rows, made at once: eight hours of states, counts and sensor values up to `now_us`."""

import random
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, insert

from auth.permissions import Role
from data.store import tables as t
from data.store.upsert import insert_ignore
from domain.clock import HOUR, MINUTE, SECOND, wall_us
from domain.equipment import line_of
from domain.telemetry import METRICS
from simulator.layout import demo
from tests import factories

SENSORS = {
    "temperature": 52.0,
    "pressure": 610.0,
    "current": 14.0,
    "vibration_rms": 1.9,
    "load": 71.0,
    "speed": 2_900.0,
}
CYCLE_S = {"cnc": 48.0, "press": 12.0, "robot": 30.0, "oven": 90.0, "packer": 6.0}
BUCKET = 5 * MINUTE
OTHERS = {"good_count": 5_000.0, "scrap_count": 120.0, "state": 6.0, "mode": 1.0}


def plant(tx: Connection, now_us: int | None = None, hours: int = 5) -> int:
    """Site `north` with five lines and fifty machines, one open case, and accounts. Returns now."""
    now = now_us if now_us is not None else wall_us()
    factories.site(tx, now_us=now)
    layout, rng = demo(), random.Random(7)
    places: dict[str, dict[str, Any]] = {}
    for unit in layout.units:
        line = layout.lines[unit.line]
        for depth, name in ((2, line.area_name), (3, line.name), (4, unit.name)):
            parts = unit.equipment_id.split("/")[:depth]
            places["/".join(parts)] = {
                "equipment_id": "/".join(parts),
                "level": ("site", "area", "line", "unit")[depth - 1],
                "parent_id": "/".join(parts[:-1]),
                "name": name,
                "machine_type": unit.machine_type.value,
                "assigned": True,
                "constraint_unit": depth == 4 and unit.constraint_unit,
                "position": unit.position if depth == 4 else line.index,
                "target_oee": 0.72,
                "created_us": now,
            }
    insert_ignore(tx, t.equipment, list(places.values()))
    begin = now - hours * HOUR
    for line in layout.lines:
        _line(tx, line.equipment_id, begin, now)
    for unit in layout.units:
        _unit(tx, unit.equipment_id, unit.machine_type.value, rng, begin, now)
    factories.account(tx, "supervisor", (Role.SUPERVISOR,), name="Demo supervisor")
    factories.account(tx, "operator", (Role.OPERATOR,), ("north/assembly/line-3",), name="Demo operator")
    factories.account(tx, "admin", (Role.ADMINISTRATOR,), name="Demo administrator")
    shown = factories.prediction(tx, factories.CNC, now - 5 * MINUTE)
    factories.explanation(tx, shown)
    factories.case(tx, factories.CNC, now_us=now, prediction_id=shown)
    return now


def _line(tx: Connection, line_id: str, begin: int, now: int) -> None:
    instance = line_id.rsplit("/", 1)[1]
    product = {"instance": instance, "product_id": "P-1", "name": "Housing 40", "updated_us": now}
    tx.execute(insert(t.products).values(**product))
    shift = {
        "shift_id": "s1",
        "line_id": line_id,
        "name": "Early",
        "start_us": begin,
        "end_us": begin + 8 * HOUR,
    }
    pause = {
        "break_s": 1800,
        "break_start_us": begin + 4 * HOUR,
        "frozen_us": begin - HOUR,
        "updated_us": now,
    }
    tx.execute(insert(t.shifts).values(instance=instance, **shift, **pause))
    order = {
        "order_id": f"WO-104{instance[-1]}2",
        "line_id": line_id,
        "product_id": "P-1",
        "quantity": 1_200.0,
    }
    times = {"planned_start_us": begin, "planned_end_us": begin + 6 * HOUR, "due_us": begin + 7 * HOUR}
    tx.execute(
        insert(t.orders).values(
            instance=instance, **order, **times, start_us=begin, end_us=None, status="Running", updated_us=now
        )
    )


def _unit(tx: Connection, unit: str, kind: str, rng: random.Random, begin: int, now: int) -> None:
    instance, cycle = line_of(unit).rsplit("/", 1)[1], CYCLE_S[kind]
    rate = {"product_id": "P-1", "equipment_id": unit, "planned_cycle_s": cycle, "basis": "planned"}
    tx.execute(insert(t.product_rates).values(instance=instance, **rate, valid_from_us=0, updated_us=now))
    work = {"operation_id": f"op-{unit}", "order_id": f"WO-104{instance[-1]}2", "product_id": "P-1"}
    tx.execute(
        insert(t.operations).values(
            instance=instance, equipment_id=unit, **work, start_us=begin, end_us=None,
            setup_end_us=begin + 12 * MINUTE, updated_us=now,
        )
    )  # fmt: skip
    states = list(_states(rng, begin, now))
    rows = [
        {"equipment_id": unit, "source_us": at, "state": state, "mode": 1, "receive_us": at}
        for at, state in states
    ]
    tx.execute(insert(t.states), rows)
    _counts(tx, unit, states, cycle, rng, begin, now)
    _stops(tx, unit, instance, states, now)
    for name, usual in SENSORS.items():
        drift = usual * rng.uniform(0.98, 1.15)
        factories.readings(
            tx, unit, name, factories.wave(begin, now - rng.randrange(1, 5) * SECOND, usual, drift)
        )
    for name, value in OTHERS.items():
        kinds = {"name": name, "unit": METRICS[name].unit, "kind": METRICS[name].kind.value}
        metric_id = tx.execute(
            insert(t.metrics).values(equipment_id=unit, **kinds).returning(t.metrics.c.metric_id)
        ).scalar_one()
        newest = float(states[-1][1]) if name == "state" else value
        row = {
            "metric_id": metric_id,
            "source_us": now - SECOND,
            "value": newest,
            "quality": 192,
            "receive_us": now,
        }
        tx.execute(insert(t.latest).values(**row))


def _states(rng: random.Random, begin: int, now: int) -> Iterator[tuple[int, int]]:
    at = begin
    while at < now:
        yield at, 6
        at += rng.randrange(25, 90) * MINUTE
        if at < now:
            state = rng.choice((5, 5, 9, 11))
            yield at, state
            at += rng.randrange(2, 22) * MINUTE


def _counts(
    tx: Connection,
    unit: str,
    states: list[tuple[int, int]],
    cycle: float,
    rng: random.Random,
    begin: int,
    now: int,
) -> None:
    rows = []
    for bucket in range(begin - begin % BUCKET, now, BUCKET):
        state = next((s for at, s in reversed(states) if at <= bucket), 6)
        parts = round(300 / cycle * rng.uniform(0.86, 0.99)) if state == 6 else 0
        scrap = sum(rng.random() < 0.03 for _ in range(parts))
        rows.append(
            {
                "equipment_id": unit,
                "bucket_us": bucket,
                "good": parts - scrap,
                "scrap": scrap,
                "energy_kwh": 1.1,
            }
        )
    tx.execute(insert(t.counts), rows)


def _stops(tx: Connection, unit: str, instance: str, states: list[tuple[int, int]], now: int) -> None:
    ends = [at for at, _ in states[1:]] + [None]
    for (at, state), end in zip(states, ends, strict=True):
        if state in (9, 11):
            reason = "failure" if state == 9 else "gripper pressure low"
            row = {"downtime_id": f"{unit}-{at}", "equipment_id": unit, "start_us": at, "end_us": end}
            tx.execute(
                insert(t.downtimes).values(
                    instance=instance, **row, reason=reason, planned=False, fixed_us=at, updated_us=now
                )
            )
