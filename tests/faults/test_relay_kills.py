"""kill -9 of the relay, five times under load: no decision lost, no posting doubled."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from auth.permissions import Role
from data.store import tables as t
from data.store.database import Database
from services import audit
from services.commands.acting import Changes
from services.recommend import Recommender
from tests.kits.dying_relay import POINTS
from tests.kits.nats import NatsServer, nats_server
from tests.kits.pen import SigningCommands
from tests.kits.policies import UNCROWDED, in_force
from tests.kits.receiver import Receiver
from tests.services.decide.plant import LINE, SITE, Plant

ROOT = Path(__file__).resolve().parents[2]
Incarnation = Callable[[Plant, NatsServer, Path], None]
QUEUES = ("mes.line-1", "erp.stock", "erp.procurement")


@contextmanager
def relay_process(url: str, server: NatsServer, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("TAKTWISE_")}
    env |= {
        "TAKTWISE_DATABASE_URL": url,
        "TAKTWISE_QUEUE_URL": server.url,
        "TAKTWISE_SITE": SITE,
        "TAKTWISE_VAR_DIR": str(folder),
    }
    with (folder / "relay.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "runtime", "relay"], cwd=ROOT, env=env, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(60)


PACE_S = 0.25  # between two decisions, so that a fast machine does not pile up more than it can judge


def machine(plant: Plant, n: int) -> str:
    unit = f"{LINE}/cnc-{100 + n}"
    row: dict[str, Any] = {
        "level": "unit",
        "parent_id": LINE,
        "name": f"CNC-{100 + n}",
        "machine_type": "cnc",
    }
    row |= {"assigned": True, "constraint_unit": False, "position": 0, "created_us": 0}
    with plant.database.write() as tx:
        tx.execute(insert(t.equipment).values(equipment_id=unit, **row))
        tx.execute(
            insert(t.equipment_aliases).values(source="mes:line-1", external_id=f"M-{n}", equipment_id=unit)
        )
    return unit


def decide_until(plant: Plant, stop: threading.Event) -> None:
    """Approve one case after the other, some with changes, until told to stop."""
    recommender, desk = Recommender(plant.database), SigningCommands(plant.database)
    manager = plant.person(Role.PLANT_MANAGER)
    n = 0
    while not stop.is_set():
        case_id = recommender.consider(plant.predict(0.85, unit=machine(plant, n))).case_id
        assert case_id
        desk.approve(manager, case_id, 1, f"act-{n:08}", Changes("inspect_first") if n % 5 == 4 else None)
        n += 1
        time.sleep(PACE_S)


def sent(plant: Plant) -> int:
    return sum(row["state"] == "sent" for row in plant.outbox())


def _more_than(plant: Plant, count: int) -> bool:
    return sent(plant) > count


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, what
        time.sleep(0.05)


def all_judged(plant: Plant) -> bool:
    """Every decided case. An inspection that found wear leaves a new one behind, which nobody decides."""
    decided = select(t.cases.c.state).where(t.cases.c.decided_by.is_not(None))
    return {row["state"] for row in plant.rows(decided)} == {"judged"}


def all_answered(plant: Plant) -> bool:
    """Both receipts of every order; one that a dead relay held comes again later."""
    orders = sum(row["state"] != "proposed" for row in plant.rows(select(t.commands.c.state)))
    return len(plant.rows(select(t.receipts))) >= 2 * orders


def check_books(plant: Plant, receiver: Receiver) -> None:
    every = plant.rows(select(t.commands))
    undecided = {c["case_id"] for c in plant.rows(select(t.cases).where(t.cases.c.decided_by.is_(None)))}
    assert len(undecided) == sum(c["kind"] == "inspection_order" for c in every)
    commands = [c for c in every if c["case_id"] not in undecided]
    ledger = Counter(receiver.ledger())
    assert ledger == Counter((c["business_key"], c["kind"]) for c in commands)
    assert set(ledger.values()) == {1}
    assert {c["state"] for c in commands} == {"done"}
    assert {o["state"] for o in plant.outbox()} == {"sent"}
    assert len(plant.rows(select(t.receipts))) == 2 * len(commands)
    decided = plant.rows(select(t.audit).where(t.audit.c.action == "approved"))
    assert len(decided) == len(plant.rows(select(t.signatures)))
    assert len(decided) == len(plant.rows(select(t.cases))) - len(undecided)
    audit.verify(plant.database)


def run(database: Database, folder: Path, incarnations: Sequence[Incarnation]) -> None:
    """Decide without a pause while each incarnation of the relay lives and dies; then count."""
    plant, stop = Plant(database).build(on_hand=10_000), threading.Event()
    in_force(database, UNCROWDED)
    with nats_server(folder / "nats") as server:
        receiver = Receiver(server.plant_url, QUEUES, folder / "ledger.db")
        load = threading.Thread(target=decide_until, args=(plant, stop), daemon=True)
        load.start()
        with relay_process(database.url, server, folder):
            wait_for(partial(_more_than, plant, 3), 240, "the first relay sends nothing")
        receiver.start()
        for incarnation in incarnations:
            incarnation(plant, server, folder)
            assert load.is_alive()
        with relay_process(database.url, server, folder):
            stop.set()
            load.join(120)
            wait_for(lambda: all_judged(plant) and all_answered(plant), 240, "not every case came to its end")
        receiver.stop()
        check_books(plant, receiver)


def killed_at_random(plant: Plant, server: NatsServer, folder: Path) -> None:
    """The relay as it is started in a plant, killed from outside while it sends."""
    before = sent(plant)
    with relay_process(plant.database.url, server, folder) as process:
        wait_for(partial(_more_than, plant, before + 1), 240, (folder / "relay.log").read_text())
        time.sleep(random.uniform(0.0, 0.3))
        assert process.poll() is None


def killed_at(point: str, plant: Plant, server: NatsServer, folder: Path) -> None:
    """A relay that dies at this point of its work, on its third passing."""
    command = [
        sys.executable,
        "-m",
        "tests.kits.dying_relay",
        plant.database.url,
        server.url,
        SITE,
        point,
        "3",
    ]
    with (folder / "dying.log").open("ab") as log:
        died = subprocess.run(command, cwd=ROOT, stdout=log, stderr=log, timeout=300, check=False)
    assert died.returncode == -signal.SIGKILL, (folder / "dying.log").read_text()


@pytest.mark.slow
def test_five_kills_under_load_lose_and_double_nothing(database: Database, tmp_path: Path) -> None:
    run(database, tmp_path, [killed_at_random] * 5)


@pytest.mark.slow
def test_dying_at_every_point_loses_and_doubles_nothing(database: Database, tmp_path: Path) -> None:
    run(database, tmp_path, [partial(killed_at, point) for point in POINTS])


@pytest.mark.slow
@pytest.mark.services
def test_dying_at_every_point_on_postgresql(postgres: Database, tmp_path: Path) -> None:
    run(postgres, tmp_path, [partial(killed_at, point) for point in POINTS])
