"""Plant history as Parquet files for training: what a plant would have on record, and no truth.

`write_parquet` makes in its folder:

readings/part-NNN.parquet   one row per unit and tick, sorted by time within a part:
    equipment_id (dictionary), source_us (int64, plant time of the tick's end), the eleven gauges of
    simulator.physics.signals.GAUGES as float32 in their canonical units (null: the sensor said
    nothing), state and mode (int8, PackML codes), good_count, scrap_count (int32) and energy (float32,
    kWh), counters that begin anew at a controller's restart.
maintenance.parquet         the maintenance log as the crew wrote it: maintenance_id, equipment_id, kind
    (preventive, corrective), planned_us, start_us, end_us, cause (as diagnosed, may be wrong, "" when
    nothing was found), finding, part_id, logged_us (when the row was written; may be a day late).
    Jobs that nobody logged are missing.
failures.parquet            functional failures as the plant sees them: equipment_id, at_us, cause (as
    diagnosed), maintenance_id or null. `at_us` is when the unit went into ABORTED on the controller's
    own record; all failures are here, also those whose repair nobody logged (cause then "").
machines.parquet            equipment_id, name, machine_type, line_id, constraint_unit, seed, variant.
meta.json                   days, seed, machines, variant, start_us, end_us, interval_s, version.
truth/                      true wear, and which gauges each kind of damage moves: for judging only, the
    simulation and what explanations point at. Nothing else reads it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from domain.clock import DAY, SECOND
from simulator.contract import JobEvent, JobKind, JobStatus
from simulator.house import HouseFloor
from simulator.layout import Layout, demo, drawn
from simulator.physics.signals import GAUGES
from simulator.truth import Truth
from simulator.world import Sample, Tick, World

VERSION = "2"
EPOCH_US = 1_735_689_600 * SECOND  # 2025-01-01: where generated histories begin unless told
INTERVAL_S = 300
PART_TICKS = 2_016
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class HistorySpec:
    """What to simulate. `machines` None means the demo plant; `variant` is `plant`, `other` or `unseen`."""

    days: float
    seed: int
    machines: int | None = None
    variant: str = "plant"
    start_us: int = EPOCH_US
    interval_s: int = INTERVAL_S


def layout_of(spec: HistorySpec) -> Layout:
    """The demo layout, or one drawn from the seed."""
    if spec.machines is None and spec.variant == "plant":
        return demo()
    return drawn(spec.seed, spec.machines or 50, variant=spec.variant)


def write_parquet(spec: HistorySpec, out: Path, progress: Progress | None = None) -> dict[str, Any]:
    """Simulate and write; returns the contents of meta.json. `progress(done, total)` counts ticks."""
    layout = layout_of(spec)
    world = World(layout, spec.seed, spec.start_us, HouseFloor(layout, spec.seed))
    truth, log, readings = Truth(world), Log(layout), _Readings(layout, out / "readings")
    end_us = spec.start_us + int(spec.days * DAY)
    total = int(spec.days * 86_400 / spec.interval_s)
    for done, tick in enumerate(world.ticks(end_us, spec.interval_s * SECOND), 1):
        truth.look(tick.report.failures)
        log.note(tick)
        readings.add(tick.sample)
        if progress is not None and done % 500 == 0:
            progress(done, total)
    readings.close()
    log.write(out)
    truth.write(out / "truth")
    return _finish(spec, layout, world.now_us, out)


def _finish(spec: HistorySpec, layout: Layout, end_us: int, out: Path) -> dict[str, Any]:
    machines = [
        {
            "equipment_id": unit.equipment_id,
            "name": unit.name,
            "machine_type": unit.machine_type.value,
            "line_id": layout.lines[unit.line].equipment_id,
            "constraint_unit": unit.constraint_unit,
            "seed": spec.seed,
            "variant": layout.variant,
        }
        for unit in layout.units
    ]
    pq.write_table(pa.Table.from_pylist(machines), out / "machines.parquet")
    meta = {
        "version": VERSION,
        "days": spec.days,
        "seed": spec.seed,
        "machines": len(layout.units),
        "variant": layout.variant,
        "start_us": spec.start_us,
        "end_us": end_us,
        "interval_s": spec.interval_s,
    }
    (out / "meta.json").write_text(json.dumps(meta, indent=1))
    return meta


class _Readings:
    """Buffers samples and writes a part every PART_TICKS."""

    def __init__(self, layout: Layout, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("part-*.parquet"):
            old.unlink()
        self._folder, self._part = folder, 0
        self._names = pa.array([unit.equipment_id for unit in layout.units])
        self._samples: list[Sample] = []

    def add(self, sample: Sample) -> None:
        self._samples.append(sample)
        if len(self._samples) == PART_TICKS:
            self.close()

    def close(self) -> None:
        if not self._samples:
            return
        pq.write_table(
            self._table(),
            self._folder / f"part-{self._part:03d}.parquet",
            compression="snappy",
            use_dictionary=["equipment_id"],
        )
        self._part += 1
        self._samples.clear()

    def _table(self) -> pa.Table:
        samples, units = self._samples, len(self._names)
        codes = pa.array(np.tile(np.arange(units, dtype=np.int16), len(samples)))
        columns: dict[str, Any] = {
            "equipment_id": pa.DictionaryArray.from_arrays(codes, self._names),
            "source_us": np.repeat(np.array([sample.at_us for sample in samples], dtype=np.int64), units),
        }
        gauges = np.stack([sample.gauges for sample in samples]).astype(np.float32)
        for index, name in enumerate(GAUGES):
            columns[name] = pa.array(gauges[:, index, :].reshape(-1), from_pandas=True)
        for name, field, kind in (
            ("state", "state", np.int8),
            ("mode", "mode", np.int8),
            ("good_count", "good", np.int32),
            ("scrap_count", "scrap", np.int32),
            ("energy", "energy", np.float32),
        ):
            columns[name] = np.stack([getattr(sample, field) for sample in samples]).astype(kind).reshape(-1)
        return pa.table(columns)


class Log:
    """The maintenance log and the failures, as the plant sees them."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._jobs: list[dict[str, Any]] = []
        self._failures: list[dict[str, Any]] = []
        self._open: dict[int, dict[str, Any]] = {}

    def note(self, tick: Tick) -> None:
        """Take one tick's report down."""
        for failure in tick.report.failures:
            row = {
                "equipment_id": self._name(failure.unit),
                "at_us": failure.at_us,
                "cause": "",
                "maintenance_id": None,
            }
            self._failures.append(row)
            self._open[failure.unit] = row
        for event in tick.report.jobs:
            if event.status is JobStatus.DONE:
                self._done(event)

    def _done(self, event: JobEvent) -> None:
        if event.kind is JobKind.CORRECTIVE:
            row = self._open.pop(event.unit, None)
            if row is not None and event.log_us is not None:
                row["cause"], row["maintenance_id"] = event.found_cause, event.job_id
        if event.log_us is None:
            return
        self._jobs.append(
            {
                "maintenance_id": event.job_id,
                "equipment_id": self._name(event.unit),
                "kind": event.kind.value,
                "planned_us": event.planned_us,
                "start_us": event.start_us,
                "end_us": event.end_us,
                "cause": event.found_cause,
                "finding": event.finding.value if event.finding else "",
                "part_id": event.part_id,
                "logged_us": event.log_us,
            }
        )

    def write(self, out: Path) -> None:
        """maintenance.parquet and failures.parquet."""
        pq.write_table(pa.Table.from_pylist(self._jobs, schema=_JOBS), out / "maintenance.parquet")
        pq.write_table(pa.Table.from_pylist(self._failures, schema=_FAILURES), out / "failures.parquet")

    def _name(self, unit: int) -> str:
        return self._layout.units[unit].equipment_id


_JOBS = pa.schema(
    [
        ("maintenance_id", pa.string()),
        ("equipment_id", pa.string()),
        ("kind", pa.string()),
        ("planned_us", pa.int64()),
        ("start_us", pa.int64()),
        ("end_us", pa.int64()),
        ("cause", pa.string()),
        ("finding", pa.string()),
        ("part_id", pa.string()),
        ("logged_us", pa.int64()),
    ]
)
_FAILURES = pa.schema(
    [
        ("equipment_id", pa.string()),
        ("at_us", pa.int64()),
        ("cause", pa.string()),
        ("maintenance_id", pa.string()),
    ]
)
