"""A disk that is full: ingest takes nothing and says why; when there is room again, nothing is missing."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import select

from data.store import tables as t
from data.store.database import Database
from services.queries import health
from tests.faults.test_kill_ingest import IngestProcess, times
from tests.kits.broker import PASSWORD, NatsBroker
from tests.kits.live_edge import publish_json
from tests.services.ingest.conftest import JSON_UNIT, place

SIZE_MIB = 48


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 48 MiB of the test's own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m", "tmpfs", str(folder)]
    if os.getuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("a file system of the test's own cannot be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=False)


def fill(folder: Path) -> Path:
    """Leave no byte."""
    ballast = folder / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 65_536)
    with suppress(OSError), ballast.open("ab", buffering=0) as file:
        while True:
            file.write(b"\0" * 512)
    return ballast


def wait(happened, process: IngestProcess, seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, process._log.read_text()[-3_000:]
        time.sleep(0.1)


@pytest.mark.slow
def test_a_full_disk_stops_ingest_with_a_reason_and_loses_nothing(small_disk: Path, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{small_disk / 'taktwise.db'}")
    database.create_all()
    place(database)
    broker = NatsBroker(tmp_path / "nats")
    broker.start()
    stop, sent = threading.Event(), list[int]()
    start_ms = int(time.time() * 1000) - 3_600_000

    def speak() -> None:
        sent.extend(publish_json(broker.url, PASSWORD, JSON_UNIT, start_ms, stop))

    def count() -> int:
        return len(times(database, JSON_UNIT, "good_count"))

    device = threading.Thread(target=speak)
    try:
        with IngestProcess(database.url, broker.url, tmp_path) as process:
            wait(lambda: any(_beats(database)), process)
            device.start()
            wait(lambda: count() > 500, process)
            ballast = fill(small_disk)
            wait(lambda: "full" in process._log.read_text(), process)
            before = count()
            time.sleep(3)
            assert count() == before, "it must take nothing"
            assert "the disk with the database is full" in _trouble(database)
            ballast.unlink()
            wait(lambda: count() > before + 500, process)
            stop.set()
            device.join(240)
            wait(lambda: set(sent) <= set(times(database, JSON_UNIT, "good_count")), process)
            assert "the disk" not in _trouble(database)
            process.end(signal.SIGTERM)
    finally:
        stop.set()
        broker.kill()
        database.close()
    assert sent
    assert sorted(times(Database(database.url), JSON_UNIT, "good_count")) == sent


def _beats(database: Database) -> list[int]:
    with database.read() as tx:
        return list(tx.execute(select(t.workers.c.heartbeat_wall_us)).scalars())


def _trouble(database: Database) -> str:
    return "; ".join(health.trouble((), (), (), (), 0, (), database.room_bytes()))
