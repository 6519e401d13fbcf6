"""kill -9 of ingest under load: JSON at QoS 1 is neither lost nor doubled; of Sparkplug, what was sent
is stored or lies in a reported gap."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select

from data.store import tables as t
from data.store.database import Database
from domain.errors import Unavailable
from runtime.settings import ROOT
from tests.kits.broker import PASSWORD, NatsBroker
from tests.kits.faults import strikes
from tests.kits.live_edge import LiveEdge, publish_json
from tests.kits.postgres import Cluster
from tests.services.ingest.conftest import JSON_UNIT, UNIT, place

KILLS = strikes(5, 20)
RESTARTS = strikes(2, 5)
BETWEEN = 600  # values of each kind stored between two kills


class IngestProcess:
    def __init__(self, url: str, broker: str, directory: Path) -> None:
        self._log = directory / "ingest.log"
        self._env = {
            **os.environ,
            "TAKTWISE_DATABASE_URL": url,
            "TAKTWISE_BROKER_URL": broker,
            "TAKTWISE_BROKER_PASSWORD": PASSWORD,
            "TAKTWISE_VAR_DIR": str(directory),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "runtime", "ingest"], cwd=ROOT, env=self._env, stdout=log, stderr=log
            )

    def end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(60)
            self._process = None

    def __enter__(self) -> "IngestProcess":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end(signal.SIGKILL)


def times(database: Database, unit: str, metric: str) -> list[int]:
    query = (
        select(t.readings.c.source_us)
        .join(t.metrics, t.metrics.c.metric_id == t.readings.c.metric_id)
        .where(t.metrics.c.equipment_id == unit, t.metrics.c.name == metric)
    )
    with database.read() as tx:
        return [us // 1000 for us in tx.execute(query).scalars()]


@pytest.fixture(params=["database", pytest.param("postgres", marks=pytest.mark.services)])
def store(request: pytest.FixtureRequest) -> Database:
    found: Database = request.getfixturevalue(request.param)
    place(found)
    return found


@pytest.mark.slow
def test_kill_nine_loses_and_doubles_nothing_unreported(store: Database, tmp_path: Path) -> None:
    def kill(ingest: IngestProcess) -> None:
        ingest.end(signal.SIGKILL)
        ingest.start()

    under_load(store, tmp_path, KILLS, kill)


@pytest.mark.slow
@pytest.mark.services
def test_a_database_that_crashes_loses_and_doubles_nothing_unreported(tmp_path: Path) -> None:
    cluster = Cluster()
    cluster.start()
    store = Database(cluster.url)
    try:
        store.create_all()
        place(store)
        under_load(store, tmp_path, RESTARTS, lambda _ingest: cluster.restart())
    finally:
        store.close()
        cluster.end()


def under_load(store: Database, tmp_path: Path, times_: int, strike: Callable[[IngestProcess], None]) -> None:
    """A Sparkplug edge node and a JSON device speak; `strike` so often, then count."""
    broker = NatsBroker(tmp_path / "nats")
    broker.start()
    start_ms = int(time.time() * 1000) - 3_600_000
    stop, sent = threading.Event(), list[int]()
    try:
        with IngestProcess(store.url, broker.url, tmp_path) as ingest:
            _wait_for_beat(store)
            edge = LiveEdge(broker.url, PASSWORD, "taktwise", start_ms)
            devices = [
                threading.Thread(target=edge.run, args=(stop,)),
                threading.Thread(
                    target=lambda: sent.extend(publish_json(broker.url, PASSWORD, JSON_UNIT, start_ms, stop))
                ),
            ]
            for device in devices:
                device.start()
            for _ in range(times_):
                _wait_for_values(store)
                strike(ingest)
            _wait_for_values(store)
            stop.set()
            for device in devices:
                device.join(240)
            edge.settle(12)
            edge.close()
            _wait(lambda: max(edge.log) in times(store, UNIT, "good_count"))
            _wait(lambda: set(sent) <= set(times(store, JSON_UNIT, "good_count")))
            ingest.end(signal.SIGTERM)
    finally:
        stop.set()
        broker.kill()
    assert sent
    assert sorted(times(store, JSON_UNIT, "good_count")) == sent
    _check_sparkplug(store, edge, times_)


def _wait_for_beat(store: Database) -> None:
    _wait(lambda: any(row.heartbeat_wall_us for row in _rows(store, t.workers)))


def _wait_for_values(store: Database) -> None:
    """Until that many more values of both kinds are stored."""
    before = [len(times(store, unit, "good_count")) for unit in (UNIT, JSON_UNIT)]

    def enough() -> bool:
        try:
            now = [len(times(store, unit, "good_count")) for unit in (UNIT, JSON_UNIT)]
        except Unavailable:  # a pooled connection to the server that crashed
            return False
        return all(later - earlier >= BETWEEN for earlier, later in zip(before, now, strict=True))

    _wait(enough)


def _wait(happened: Callable[[], bool], seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def _rows(store: Database, table: Table) -> list[Any]:
    with store.read() as tx:
        return list(tx.execute(select(table)))


def _check_sparkplug(store: Database, edge: LiveEdge, times_: int) -> None:
    gaps = [
        (row.from_us // 1000, row.to_us // 1000)
        for row in _rows(store, t.gaps)
        if row.external_id.startswith("north/line-1")
    ]
    stored = set(times(store, UNIT, "good_count"))
    lost = [ms for ms in edge.log if ms not in stored]
    assert [ms for ms in lost if not any(first <= ms <= last for first, last in gaps)] == []
    assert len(stored & set(edge.log)) >= times_ * BETWEEN
    within = [ms for ms in stored & set(edge.log) if any(first < ms < last for first, last in gaps)]
    assert len(within) <= times_, "a gap must not cover what was stored"
