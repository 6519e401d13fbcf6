"""The queues for real: a NATS server of our own, and RabbitMQ where it runs."""

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from domain.clock import HOUR, MINUTE
from domain.messages import Command, Receipt, ReceiptStatus
from simulator.floor import PlantFloor, serve
from simulator.layout import Layout
from simulator.world import World
from tests.simulator.floor.conftest import (
    NOW,
    NatsServer,
    cancel,
    environment,
    order,
    requisition,
    reservation,
    wait_for,
)
from tests.simulator.floor.queues import NatsSide, RabbitSide, Side, messages

LINE = "north/machining/line-1"
PATIENCE_S = 300  # a busy machine starts a killed plant five times
QUEUES = ["mes.line-1", "mes.line-2", "erp.procurement", "erp.stock", "erp.finance"]
KINDS = [
    pytest.param("nats", marks=pytest.mark.loopback),
    pytest.param("rabbit", marks=pytest.mark.services),
]


@pytest.fixture
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    if request.param == "nats":
        yield NatsSide(request.getfixturevalue("nats_server").url)
        return
    rabbit = RabbitSide(request.getfixturevalue("rabbitmq_url"), QUEUES)
    yield rabbit
    rabbit.close()


class Serving:
    """`serve` in a thread."""

    def __init__(self, floor: PlantFloor, url: str) -> None:
        self.stop = threading.Event()
        self._thread = threading.Thread(target=serve, args=(floor, url, self.stop))
        self._thread.start()

    def __enter__(self) -> "Serving":
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop.set()
        self._thread.join(120)
        assert not self._thread.is_alive()


def answers(side: Side, commands: list[Command]) -> Callable[[], list[Receipt]]:
    """The receipts for these commands, once each has one."""
    wanted = {command.command_id for command in commands}

    def look() -> list[Receipt]:
        found = [receipt for receipt in side.receipts() if receipt.command_id in wanted]
        return found if {receipt.command_id for receipt in found} == wanted else []

    return look


def at_least(side: Side, count: int) -> list[Receipt]:
    found = side.receipts()
    return found if len(found) >= count else []


def taken(floor: PlantFloor, command: Command) -> bool:
    post = next(post for post in floor.posts if command.queue in post.queues)
    with post.records.read() as tx:
        found = text("SELECT count(*) FROM inbox WHERE message_id = :id")
        return bool(tx.execute(found, {"id": command.command_id}).scalar())


@pytest.mark.parametrize("side", KINDS, indirect=True)
def test_messages_are_taken_once_and_answered(floor: PlantFloor, side: Side) -> None:
    commands = [order(), reservation(), requisition(), requisition(queue="erp.finance")]
    poison = [("mes.line-1", "x", b"\xff\x00 garbage"), ("erp.stock", "y", b'{"a": 1}')]
    side.publish([*poison, *messages(commands * 3)])
    with Serving(floor, side.url):
        found = wait_for(answers(side, commands))
        time.sleep(1)
    assert Counter(receipt.command_id for receipt in found) == {command.command_id: 1 for command in commands}
    assert {receipt.sender for receipt in found} == {command.queue for command in commands}
    assert all(receipt.status is ReceiptStatus.ACCEPTED for receipt in found)
    for post in floor.posts[:1]:
        with post.records.read() as tx:
            assert tx.execute(text("SELECT count(*) FROM parked")).scalar() == 1


@pytest.mark.parametrize("side", KINDS, indirect=True)
def test_an_order_is_done_in_the_plant(floor: PlantFloor, layout: Layout, side: Side) -> None:
    """Order, reservation and a cancel, through the queue, with the real physics."""
    first, kept = order(start_us=NOW + HOUR), reservation()
    second = order(start_us=NOW + 9 * HOUR, cause="leak", part_id=None)
    side.publish(messages([first, kept, second]))
    world = World(layout, 3, NOW, floor)
    with Serving(floor, side.url):
        wait_for(answers(side, [first, kept, second]))
        for _ in world.ticks(NOW + 2 * HOUR, MINUTE):
            pass
        take_back = cancel(second)
        side.publish(messages([take_back]))
        wait_for(lambda: taken(floor, take_back))
        states = set()
        for tick in world.ticks(NOW + 16 * HOUR, MINUTE):
            states.add(int(tick.sample.mode[0]))
        floor.flush()
        found = wait_for(lambda: at_least(side, 7))
    by_command = {
        name: [receipt.status.value for receipt in found if receipt.command_id == command.command_id]
        for name, command in {"first": first, "kept": kept, "second": second, "back": take_back}.items()
    }
    assert by_command == {
        "first": ["accepted", "done"],
        "kept": ["accepted", "done"],
        "second": ["accepted", "cancelled"],
        "back": ["accepted"],
    }
    done = next(r for r in found if r.command_id == first.command_id and r.status is ReceiptStatus.DONE)
    assert done.finding is not None
    assert 2 in states  # the machine was in maintenance mode


@pytest.mark.loopback
def test_it_outlives_a_restart_of_the_queue_server(floor: PlantFloor, nats_server: NatsServer) -> None:
    side = NatsSide(nats_server.url)
    before, after = [requisition()], [requisition() for _ in range(3)]
    with Serving(floor, side.url):
        side.publish(messages(before))
        wait_for(answers(side, before))
        for command in after:
            nats_server.kill()
            time.sleep(0.5)
            nats_server.start()
            side.publish(messages([command]))
            wait_for(answers(side, [command]))
    assert Counter(r.command_id for r in side.receipts()) == {c.command_id: 1 for c in before + after}


@pytest.mark.loopback
def test_it_waits_for_a_queue_server_that_is_not_there_yet(
    floor: PlantFloor, nats_server: NatsServer
) -> None:
    nats_server.kill()
    with Serving(floor, nats_server.url):
        time.sleep(1)
        nats_server.start()
        side = NatsSide(nats_server.url)
        command = requisition()
        side.publish(messages([command]))
        wait_for(answers(side, [command]))


class Process:
    """The floor in a process of its own."""

    def __init__(self, folder: Path, url: str, *more: str) -> None:
        arguments = ["-m", "tests.simulator.floor.served", str(folder), url, *more]
        self._process = subprocess.Popen([sys.executable, *arguments], env=environment())

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.mark.slow
@pytest.mark.parametrize("side", KINDS, indirect=True)
def test_nothing_is_lost_or_doubled_when_it_is_killed(side: Side, tmp_path: Path) -> None:
    """kill -9 five times while 400 commands, each sent twice, are taken; count the books."""
    folder = tmp_path / "plant"
    commands = [
        requisition() if number % 2 else requisition(queue="erp.finance") for number in range(360)
    ] + [order(start_us=NOW + (2 + 2 * number) * HOUR) for number in range(40)]
    process = Process(folder, side.url)
    try:
        for round_number in range(5):
            part = commands[round_number * 80 : (round_number + 1) * 80]
            side.publish(messages(part))
            time.sleep(1.2 + 0.37 * round_number)
            process.kill()
            side.publish(messages(part))
            process = Process(folder, side.url)
        found = wait_for(answers(side, commands), PATIENCE_S)
    finally:
        process.kill()
    by_id = {(receipt.command_id, receipt.status, receipt.detail) for receipt in found}
    assert len({command_id for command_id, _, _ in by_id}) == len(by_id) == 400
    assert {status for _, status, _ in by_id} == {ReceiptStatus.ACCEPTED}
    doubled = "SELECT count(*), count(DISTINCT business_key) FROM {}"
    assert counts(folder / "erp.db", doubled.format("postings WHERE message_id IS NOT NULL")) == (360, 360)
    assert counts(folder / "mes-line-1.db", doubled.format("ledger")) == (40, 40)


@pytest.mark.slow
@pytest.mark.loopback
def test_work_is_done_once_when_the_plant_is_killed(nats_server: NatsServer, tmp_path: Path) -> None:
    """kill -9 four times while maintenance orders come due; each ends once, each part is used once."""
    side, folder = NatsSide(nats_server.url), tmp_path / "plant"
    commands = [
        order(
            start_us=NOW + (3 + 3 * number) * HOUR, equipment_id=f"{LINE}/cnc-{11 + number}", duration_s=3_600
        )
        for number in range(10)
    ]
    side.publish(messages(commands))
    process = Process(folder, side.url, "run")
    try:
        for pause in (3.0, 2.2, 2.6, 3.4):
            time.sleep(pause)
            process.kill()
            process = Process(folder, side.url, "run")
        found = wait_for(lambda: ended(side, commands), PATIENCE_S)
    finally:
        process.kill()
    answered = Counter((receipt.command_id, receipt.status.value) for receipt in found)
    assert set(answered.values()) == {1}
    assert {status for _, status in answered} <= {"accepted", "done"}
    issued = "SELECT count(*), count(DISTINCT external_id) FROM issues WHERE external_id IS NOT NULL"
    total, distinct = counts(folder / "erp.db", issued)
    assert total == distinct > 0


def ended(side: Side, commands: list[Command]) -> list[Receipt]:
    found = side.receipts()
    over = {receipt.command_id for receipt in found if receipt.status is not ReceiptStatus.ACCEPTED}
    return found if len(over) == len(commands) else []


def counts(path: Path, statement: str) -> tuple[int, int]:
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as tx:
        total, distinct = tx.execute(text(statement)).one()
    engine.dispose()
    return total, distinct
