"""kill -9 of the relay, five times while people decide: no decision lost and no posting doubled, counted by
business key in the ledgers that the plant's own MES instances and ERP keep."""

import itertools
import random
import threading
import time
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from auth.permissions import Role
from data.store import tables as t
from data.store.database import Database
from domain.clock import HOUR, wall_us
from domain.ids import new_id
from services import audit
from services.commands.acting import Changes
from services.recommend import Recommender
from simulator.layout import demo
from tests.faults.test_orders_reach_the_floor import booked, floor
from tests.faults.test_relay_kills import relay_process, sent, wait_for
from tests.kits.nats import nats_server
from tests.kits.pen import SigningCommands
from tests.kits.policies import UNCROWDED, in_force
from tests.services.decide.plant import Plant
from tests.simulator.floor.conftest import NOW

KILLS = 5
PACE_S = 0.2
A_LIFE = 3  # cases decided while one relay lives, so that each has work
LINES = demo().lines[:2]
UNITS = [demo().units[index] for line in LINES for index in line.units]


@pytest.fixture
def plant(database: Database) -> Plant:
    """Our rows for the two lines that the served floor has, on its clock."""
    made = Plant(database).build(on_hand=20)
    in_force(database, UNCROWDED)
    known = {row["equipment_id"] for row in made.rows(select(t.equipment))}
    with database.write() as tx:
        tx.execute(update(t.clocks).values(origin_plant_us=NOW, origin_wall_us=wall_us()))
        for unit in [u for u in UNITS if u.equipment_id not in known]:
            line = LINES[unit.line]
            row = {"level": "unit", "parent_id": line.equipment_id, "machine_type": unit.machine_type.value}
            more = {"assigned": True, "constraint_unit": False, "position": 0, "created_us": 0}
            tx.execute(
                insert(t.equipment).values(equipment_id=unit.equipment_id, name=unit.name, **row, **more)
            )
            alias = {"source": f"mes:{line.instance}", "external_id": unit.equipment_id}
            tx.execute(insert(t.equipment_aliases).values(**alias, equipment_id=unit.equipment_id))
        _press_parts(tx)
    return made


def _press_parts(tx) -> None:
    part = demo().part(LINES[1].machine_type, "bearing")
    work = {
        "task": part.task,
        "skill": part.skill,
        "duration_s": part.duration_s,
        "inspect_s": part.inspect_s,
    }
    row = {"machine_type": part.machine_type.value, "cause": part.cause, "part_id": part.part_id}
    tx.execute(insert(t.parts_of_machines).values(**row, **work))
    held = {"on_hand": 20, "reserved": 0, "lead_time_s": part.lead_time_s, "price_cents": part.price_cents}
    tx.execute(
        insert(t.stock).values(
            module="stock", part_id=part.part_id, name=part.name, updated_us=wall_us(), **held
        )
    )


def decide_all(plant: Plant, allowed: threading.Semaphore, done: threading.Event) -> None:
    """One order every four hours on each line: each has one mechanic. As many cases as are allowed."""
    recommender, desk = Recommender(plant.database), SigningCommands(plant.database)
    manager = plant.person(Role.PLANT_MANAGER)
    turns = Counter[int]()
    for unit in itertools.chain(*zip(UNITS[:10], UNITS[10:], strict=True)):
        allowed.acquire()
        prediction = plant.predict(0.9, unit=unit.equipment_id, at_us=NOW)
        case_id = recommender.consider(prediction).case_id
        assert case_id
        start = NOW + (1 + 4 * turns[unit.line]) * HOUR
        turns[unit.line] += 1
        desk.approve(manager, case_id, 1, new_id(), Changes("at_time", start))
        time.sleep(PACE_S)
    done.set()


@pytest.mark.slow
def test_five_kills_double_nothing_in_the_plants_own_ledgers(plant: Plant, tmp_path: Path) -> None:
    folder, log, done = tmp_path / "plant", tmp_path / "relay.log", threading.Event()
    folder.mkdir()
    with nats_server(tmp_path / "nats") as server, floor(folder, server.plant_url):
        allowed = threading.Semaphore(0)
        load = threading.Thread(target=decide_all, args=(plant, allowed, done), daemon=True)
        load.start()
        for _ in range(KILLS):
            before = sent(plant)
            allowed.release(A_LIFE)
            with relay_process(plant.database.url, server, tmp_path) as process:
                wait_for(lambda n=before + 2: sent(plant) >= n, 240, "the relay sends nothing")
                time.sleep(random.uniform(0.0, 0.3))
                assert process.poll() is None
        with relay_process(plant.database.url, server, tmp_path):
            allowed.release(len(UNITS))
            load.join(240)
            assert done.is_set(), "somebody could not decide"
            wait_for(partial(_all_answered, plant), 240, log.read_text()[-2_000:])
    _check(plant, folder)


def _all_answered(plant: Plant) -> bool:
    return not {c["state"] for c in _orders(plant)} & {"proposed", "queued", "sent"}


def _orders(plant: Plant) -> list[dict]:
    return plant.rows(select(t.commands).where(t.commands.c.kind != "cancel"))


def _check(plant: Plant, folder: Path) -> None:
    orders, cases = _orders(plant), plant.rows(select(t.cases).where(t.cases.c.decided_by.is_not(None)))
    assert len(cases) == len(UNITS)
    assert {case["case_id"] for case in cases} == {order["case_id"] for order in orders}
    taken = Counter(order["business_key"] for order in orders if order["state"] == "accepted")
    assert set(taken.values()) == {1}
    books = [booked(folder / f"mes-{line.instance}.db", "ledger") for line in LINES]
    erp = booked(folder / "erp.db", "reservations") + booked(folder / "erp.db", "purchase_orders")
    assert books[0] + books[1] + erp == taken
    assert sum(sum(book.values()) for book in books) >= len(UNITS) * 0.8, "the MES took hardly any order"
    assert len(plant.rows(select(t.signatures))) == len(cases)
    audit.verify(plant.database)
