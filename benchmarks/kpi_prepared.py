"""The plant of the KPI bench, prepared once and used again: a quarter of its history, and all of it.

What is kept lies in a folder named after the size, the tables and the code that makes the data: another
version of any of them prepares its own. The timed part never writes there.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from benchmarks import kpi_plant, kpi_records, kpi_server, kpi_work
from benchmarks.kpi_plant import START, Size
from data.store import tables as t
from data.store.database import Database
from data.store.tables import metadata
from data.store.upsert import upsert
from domain.clock import DAY
from services.alarms import rollup
from services.energy import blocks
from services.kpi.recompute import recompute

ROOT = Path(__file__).resolve().parents[1]
# Changing one of these changes what is stored for the same facts.
MAKES = (
    *(f"benchmarks/kpi_{name}.py" for name in ("plant", "records", "work", "prepared")),
    *(f"services/kpi/{name}.py" for name in
      ("charges", "check_flags", "engine", "flags", "grid", "inspecting", "measuring", "planned", "pri",
       "recharge", "recompute", "standing")),
    "services/alarms/rollup.py", "services/energy/blocks.py", "services/energy/buckets.py",
    "domain/measures.py", "domain/time_model.py", "data/store/spc_days.py",
)  # fmt: skip
Report = Callable[[str], None]
Servers = dict[str, Database]


@dataclass(frozen=True, slots=True)
class Plant:
    """Databases by name ("SQLite", "PostgreSQL") with a quarter (`early`) and all (`late`) of the history;
    how long each was recomputed with writing, and whether it was there before this run."""

    early: Servers
    late: Servers
    file: Path
    short_s: float
    whole_s: float
    there: bool
    folder: Path


@contextmanager
def plant(size: Size, folder: Path, report: Report) -> Iterator[Plant]:
    """The prepared plant of a size; what is missing is made first, which takes minutes."""
    key = f"{size.machines}x{size.days}x{size.changes}-{fingerprint()}"
    place, there = folder / key, (folder / key / "done.json").exists()
    if not there:
        _tidy(folder, size, report)
        _make(size, place, report)
    done = json.loads((place / "done.json").read_text())
    found = {name: {"SQLite": Database(f"sqlite:///{place / name}.db")} for name in ("quarter", "year")}
    if os.environ.get(kpi_server.VARIABLE):
        for name, servers in found.items():
            servers["PostgreSQL"] = kpi_server.kept(f"{_named(key)}_{name}", servers["SQLite"], report)
    try:
        times = done["short_s"], done["whole_s"]
        yield Plant(found["quarter"], found["year"], place / "year.db", *times, there, place)
    finally:
        for servers in found.values():
            for one in servers.values():
                one.close()


def fingerprint() -> str:
    """Of the tables and of the code that makes the data."""
    told = hashlib.sha256()
    for table in metadata.sorted_tables:
        told.update(str(CreateTable(table).compile(dialect=sqlite.dialect())).encode())
        for index in sorted(table.indexes, key=lambda one: str(one.name)):
            told.update(str(CreateIndex(index).compile(dialect=sqlite.dialect())).encode())
    for path in MAKES:
        told.update((ROOT / path).read_bytes())
    return told.hexdigest()[:10]


def _named(key: str) -> str:
    return "taktwise_bench_kpis_" + key.replace("-", "_")


def _tidy(folder: Path, size: Size, report: Report) -> None:
    """Remove what other versions have prepared for this size."""
    for old in folder.glob(f"{size.machines}x{size.days}x{size.changes}-*"):
        report(f"removes {old}")
        shutil.rmtree(old)
        if os.environ.get(kpi_server.VARIABLE):
            for part in ("quarter", "year"):
                kpi_server.drop(f"{_named(old.name)}_{part}")


def _make(size: Size, place: Path, report: Report) -> None:
    place.mkdir(parents=True, exist_ok=True)
    path, quarter = place / "year.db", size.days // 4
    path.unlink(missing_ok=True)
    database = Database(f"sqlite:///{path}")
    database.create_all()
    times = []
    for days in (range(quarter), range(quarter, size.days)):
        kpi_plant.fill(database, size, days, report)
        kpi_records.fill(database, size, days)
        kpi_work.fill(database, size, days)
        times.append(_recompute(database, size, START + days.stop * DAY))
        report(f"figures of {days.stop} days recomputed and written in {times[-1]:.0f} s")
        _settle(database, size, START + days.stop * DAY)
        if days.start == 0:
            shutil.copyfile(path, place / "quarter.db")
    database.close()
    done = {"short_s": times[0], "whole_s": times[1], "made": time.time()}
    (place / "done.json").write_text(json.dumps(done))


def _recompute(database: Database, size: Size, until_us: int) -> float:
    began = time.perf_counter()
    for line in dict.fromkeys(line for line, _ in size.units):
        with database.write() as tx:
            recompute(tx, line, START, until_us)
    return time.perf_counter() - began


def _settle(database: Database, size: Size, until_us: int) -> None:
    """What the workers keep beside the figures: how far they are, energy by day, the roll-up of alarms."""
    with database.write() as tx:
        done = [{"equipment_id": unit, "from_us": START, "upto_us": until_us} for _, unit in size.units]
        upsert(tx, t.kpi_progress, done, ["equipment_id"])
    while blocks.pack(database, {"north": until_us}):
        pass
    while rollup.pack(database):
        pass
    kpi_work.close(database, size)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
