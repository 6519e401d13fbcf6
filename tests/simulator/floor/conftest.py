"""A small plant with its MES and ERP, and queue servers of its own."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data.wire.orders import encode_command
from domain.clock import DAY, HOUR
from domain.ids import new_id
from domain.messages import Cancel, Command, CommandKind, MaintenanceOrder, Requisition, Reservation
from simulator.floor import PlantFloor, open_floor
from simulator.layout import Layout, demo
from tests.kits.ports import free_port

NOW = 1_795_255_200_000_000  # 2026-11-21 10:00 UTC
CNC = "north/machining/line-1/cnc-11"
CNC_12 = "north/machining/line-1/cnc-12"
BEARING = "PRT-CNC-BEARING"
PASSWORD = "a%2Fb%3Ac"  # as it stands in a URL
NATS = Path(sys.executable).parent / "nats-server"


@pytest.fixture(scope="session")
def layout() -> Layout:
    """The first two lines of the demo plant."""
    whole = demo()
    return replace(whole, lines=whole.lines[:2], units=whole.units[:20])


@pytest.fixture
def open_plant(tmp_path: Path, layout: Layout) -> Iterator[Callable[..., PlantFloor]]:
    """Opens the floor on one folder, as often as a test wants; clock at NOW."""
    opened = []

    def make(**options: Any) -> PlantFloor:
        floor = open_floor(layout, 5, tmp_path / "plant", absence=0.0, **options)
        set_clock(floor, NOW)
        opened.append(floor)
        return floor

    yield make
    for floor in opened:
        for records in [*(system.records for system in floor.systems), floor.erp.records]:
            records.close()


@pytest.fixture
def floor(open_plant: Callable[..., PlantFloor]) -> PlantFloor:
    return open_plant()


def set_clock(floor: PlantFloor, now_us: int) -> None:
    floor.now_us = floor.erp.now_us = now_us
    for system in floor.systems:
        system.office.now_us = now_us


def order(start_us: int = NOW + 2 * HOUR, **changes: Any) -> Command:
    job = MaintenanceOrder(CNC, start_us, 5_400, "Replace bearings", "mechanic", BEARING, "bearing")
    job = replace(job, **changes)
    kind = CommandKind.INSPECTION_ORDER if job.inspect_only else CommandKind.MAINTENANCE_ORDER
    key = f"{job.equipment_id}|{job.cause}|{start_us}"
    return Command(new_id(), "mes.line-1", key, kind, job, created_us=NOW)


def reservation(part_id: str = BEARING, quantity: int = 1, queue: str = "erp.stock") -> Command:
    work = Reservation(part_id, quantity, NOW + DAY, CNC)
    return Command(new_id(), queue, f"reserve|{new_id()}", CommandKind.RESERVATION, work, created_us=NOW)


def requisition(part_id: str = BEARING, quantity: int = 1, queue: str = "erp.procurement") -> Command:
    work = Requisition(part_id, quantity, NOW + 9 * DAY, CNC)
    return Command(new_id(), queue, f"buy|{new_id()}", CommandKind.REQUISITION, work, created_us=NOW)


def cancel(of: Command) -> Command:
    work = Cancel(of.command_id, "changed our mind")
    key = f"cancel|{of.command_id}"
    return Command(new_id(), of.queue, key, CommandKind.CANCEL, work, created_us=NOW)


def body(command: Command) -> bytes:
    return encode_command(command).encode()


class NatsServer:
    """A nats-server with JetStream that can be killed and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"nats://taktwise:{PASSWORD}@127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        arguments = ["-js", "-a", "127.0.0.1", "-p", str(self.port), "-sd", str(self.folder)]
        arguments += ["--user", "taktwise", "--pass", "a/b:c"]
        self._process = subprocess.Popen(
            [str(NATS), *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for(self._answers)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[NatsServer]:
    server = NatsServer(tmp_path / "nats")
    server.start()
    yield server
    server.kill()
    shutil.rmtree(server.folder, ignore_errors=True)


def wait_for(done: Callable[[], Any], seconds: float = 60.0) -> Any:
    """The first true answer; fails after `seconds`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        answer = done()
        if answer:
            return answer
        time.sleep(0.05)
    pytest.fail(f"nothing came in {seconds} s")


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])}
