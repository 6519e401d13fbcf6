"""Rows of a small plant that has been running for a while."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sqlalchemy import insert

from data.store import history
from data.store import tables as t
from data.store.database import Database
from data.store.equipment import register_metrics
from domain.clock import DAY, HOUR, MINUTE
from domain.telemetry import METRICS, MachineMode, MachineState
from models.failure.card import WindowNote
from models.features import plant as features
from models.registry import load
from services.score import Served, serve
from tests.models.tiny import write_folder

START_US = 1_767_225_600_000_000  # 2026-01-01, on the half-hour grid
SITE, LINE = "north", "north/machining/line-1"
GAUGES = features.GAUGES


def unit_id(number: int) -> str:
    return f"{LINE}/cnc-{number}"


def add_site(database: Database, units: Sequence[int], machine_type: str = "cnc") -> None:
    with database.write() as tx:
        tx.execute(
            insert(t.sites).values(
                site_id=SITE,
                name="Plant",
                time_zone="Europe/Berlin",
                currency="EUR",
                shadow=False,
                virtual=True,
            )
        )
        tx.execute(
            insert(t.clocks).values(site_id=SITE, origin_plant_us=START_US, origin_wall_us=0, speed=1.0)
        )
    add_units(database, units, machine_type)


def add_units(database: Database, units: Sequence[int], machine_type: str = "cnc") -> None:
    with database.write() as tx:
        for number in units:
            row = {
                "equipment_id": unit_id(number), "level": "unit", "parent_id": LINE, "name": f"CNC-{number}",
                "machine_type": machine_type, "assigned": True, "constraint_unit": False, "position": number,
                "created_us": START_US,
            }  # fmt: skip
            tx.execute(insert(t.equipment).values(**row))


def add_readings(
    database: Database,
    number: int,
    from_us: int,
    to_us: int,
    *,
    every_us: int = 5 * MINUTE,
    seed: int = 0,
    lift: float = 0.0,
    gauges: Sequence[str] = GAUGES,
    running: bool = True,
) -> None:
    """Values around 10 + `lift` for every gauge, and the machine in Execute from the beginning."""
    rng = np.random.default_rng([seed, number])
    times = np.arange(from_us, to_us, every_us)
    with database.write() as tx:
        ids = register_metrics(tx, unit_id(number), [METRICS[name] for name in gauges])
        for name in gauges:
            values = 10.0 + lift + rng.normal(0, 0.3, len(times))
            rows = [(ids[name], int(us), float(v), 192, int(us)) for us, v in zip(times, values, strict=True)]
            history.store_readings(tx, rows)
            history.store_latest(tx, rows[-1:])
    if running:
        add_state(database, number, from_us, MachineState.EXECUTE)


def add_state(
    database: Database,
    number: int,
    at_us: int,
    state: MachineState,
    mode: MachineMode = MachineMode.PRODUCTION,
) -> None:
    with database.write() as tx:
        row = {"equipment_id": unit_id(number), "source_us": at_us, "state": int(state), "mode": int(mode)}
        tx.execute(insert(t.states).values(**row, receive_us=at_us))


def add_maintenance(database: Database, number: int, start_us: int, end_us: int) -> None:
    with database.write() as tx:
        row = {
            "instance": "line-1", "maintenance_id": f"m{number}-{start_us}", "equipment_id": unit_id(number),
            "kind": "preventive", "status": "done", "planned_us": start_us, "start_us": start_us,
            "end_us": end_us, "updated_us": end_us,
        }  # fmt: skip
        tx.execute(insert(t.maintenance).values(**row))


def served(database: Database, folder: Path, **card) -> Served:
    """A tiny plant model that listens to the changes of every sensor."""
    window = WindowNote(
        steps=features.STEPS,
        step_s=1800,
        channels=features.CHANNELS,
        statistics=features.STATISTICS,
        values=features.VALUES,
        masks=len(GAUGES) + 1,
        groups=features.TYPES,
    )
    rng = np.random.default_rng(2)
    shape = (6, features.STEPS, len(features.CHANNELS))
    background = {kind: rng.normal(0, 0.05, shape).astype(np.float32) for kind in features.TYPES}
    weights = [1.0 if kind == "change" else 0.0 for kind in features.STATISTICS]
    path = write_folder(folder, window, background, weights=weights, rising=True, gain=60.0, **card)
    return serve(database, load(path))


__all__ = ["DAY", "HOUR"]
