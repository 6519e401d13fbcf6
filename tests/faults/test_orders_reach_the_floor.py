"""Approved orders, the relay, a real queue, and the plant's own MES and ERP: counted in their ledgers."""

import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from auth.permissions import Role
from data.sinks.nats import NatsSink
from data.store import tables as t
from data.store.database import Database
from domain.clock import HOUR, wall_us
from runtime.workers.relay import Worker
from services import audit
from services.commands.acting import Changes
from services.recommend import Recommender
from tests.kits.nats import nats_server
from tests.kits.pen import SigningCommands
from tests.services.decide.plant import CNC_11, CNC_12, LINE, SITE, Plant
from tests.simulator.floor.conftest import NOW

ROOT = Path(__file__).resolve().parents[2]
UNITS = (CNC_11, CNC_12, *(f"{LINE}/cnc-{n}" for n in range(13, 18)))
WORK = ("maintenance_order", "inspection_order")


@contextmanager
def floor(folder: Path, url: str, *options: str) -> Iterator[None]:
    """The plant's MES and ERP in a process of their own."""
    with (folder.parent / "floor.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.simulator.floor.served", str(folder), url, *options],
            cwd=ROOT, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            yield
            assert process.poll() is None, (folder.parent / "floor.log").read_text()
        finally:
            process.kill()
            process.wait(60)


@contextmanager
def relay(database: Database, url: str) -> Iterator[None]:
    stop, sink = threading.Event(), NatsSink(url)
    thread = threading.Thread(target=Worker(database, sink, SITE).run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(120)
        sink.close()


@pytest.fixture
def plant(database: Database) -> Plant:
    """Our plant beside theirs: the same machines, the same clock."""
    made = Plant(database).build()
    with database.write() as tx:
        tx.execute(update(t.clocks).values(origin_plant_us=NOW, origin_wall_us=wall_us()))
        for unit in UNITS[2:]:
            row = {"level": "unit", "parent_id": LINE, "name": unit[-6:].upper(), "machine_type": "cnc"}
            more = {"assigned": True, "constraint_unit": False, "position": 0, "created_us": 0}
            tx.execute(insert(t.equipment).values(equipment_id=unit, **row, **more))
            alias = {"source": "mes:line-1", "external_id": unit}
            tx.execute(insert(t.equipment_aliases).values(**alias, equipment_id=unit))
    return made


def approve_all(plant: Plant) -> None:
    """One order every four hours: there is one mechanic, and fewer parts than machines."""
    recommender, desk = Recommender(plant.database), SigningCommands(plant.database)
    manager = plant.person(Role.PLANT_MANAGER)
    for n, unit in enumerate(UNITS):
        case_id = recommender.consider(plant.predict(0.9, unit=unit, at_us=NOW)).case_id
        assert case_id
        start = NOW + (1 + 4 * n) * HOUR
        desk.approve(manager, case_id, 1, f"act-{n:08}", Changes("at_time", start))


def wait_for(condition: Callable[[], bool], seconds: float, log: Path) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, log.read_text()[-2_000:]
        time.sleep(0.1)


def states(plant: Plant, *kinds: str) -> Counter[str]:
    rows = plant.rows(select(t.commands.c.kind, t.commands.c.state))
    return Counter(r["state"] for r in rows if r["kind"] in kinds)


def booked(file: Path, table: str) -> Counter[str]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as book:
        keys = book.execute(f"SELECT business_key FROM {table} WHERE business_key LIKE 'CASE-%'").fetchall()
    return Counter(key for (key,) in keys)


@pytest.mark.slow
def test_decisions_arrive_once_and_come_back_as_findings(plant: Plant, tmp_path: Path) -> None:
    log, folder = tmp_path / "floor.log", tmp_path / "plant"
    folder.mkdir()
    with nats_server(tmp_path / "nats") as server, relay(plant.database, server.url):
        with floor(folder, server.plant_url):
            approve_all(plant)
            wait_for(lambda: not set(states(plant, *WORK, "reservation")) & {"queued", "sent"}, 240, log)
        commands = plant.rows(select(t.commands).where(t.commands.c.kind != "cancel"))
        taken = {c["business_key"] for c in commands if c["state"] == "accepted"}
        assert len(taken) >= len(UNITS)
        mes, erp = booked(folder / "mes-line-1.db", "ledger"), booked(folder / "erp.db", "reservations")
        assert mes + erp == Counter(taken)
        for case in plant.rows(select(t.cases)):
            kinds = {c["state"] for c in commands if c["case_id"] == case["case_id"]}
            assert case["attention"] == ("refused" in kinds)
        with floor(folder, server.plant_url, "run"):
            wait_for(lambda: "accepted" not in states(plant, *WORK), 240, log)
        done = [c["case_id"] for c in commands if c["kind"] in WORK and c["state"] == "accepted"]
        wait_for(lambda: plant_judged(plant) >= set(done), 240, log)
    found = {row["case_id"] for row in plant.rows(select(t.outcomes))}
    assert found >= set(done)
    assert booked(folder / "mes-line-1.db", "ledger") == mes
    audit.verify(plant.database)


def plant_judged(plant: Plant) -> set[str]:
    rows = plant.rows(select(t.cases.c.case_id, t.cases.c.state))
    return {row["case_id"] for row in rows if row["state"] == "judged"}
