"""The link of a gateway is cut, and the gateway is killed, while values flow: every value is counted.

Scaled in time: a value each 20 ms instead of each second, so that 5 s stand for some 4 minutes of a plant;
ten minutes are counted on a clock of the test's own in tests/services/gateway.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from data.store import tables as t
from data.store.database import Database
from domain.clock import wall_us
from runtime.settings import Settings
from services.alarms.edge_watch import EdgeAlarmWatch
from tests import factories as f
from tests.contract.test_gateway import at_work, file_for, stored
from tests.contract.test_ingest_worker import detail, rows, running, wait
from tests.kits import broker as broker_kit
from tests.kits.broker import NatsBroker
from tests.kits.cut import Cable
from tests.kits.opcua_server import NAMESPACE, OpcUaServer

STEP_S = 0.02
CUT_S = 5.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsBroker]:
    found = NatsBroker(tmp_path / "nats")
    found.start()
    yield found
    found.kill()


@pytest.fixture
def settings(database: Database, server: NatsBroker, tmp_path: Path) -> Settings:
    return Settings(
        var_dir=tmp_path,
        database_url=database.url,
        broker_url=server.url,
        broker_password=broker_kit.PASSWORD,
    )


@pytest.fixture
def plc() -> Iterator[OpcUaServer]:
    found = OpcUaServer({"Temperature": 20.0})
    found.start()
    yield found
    found.close()


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_BROKER_PASSWORD", broker_kit.PASSWORD)


def source(plc: OpcUaServer, **more: Any) -> dict:
    metric = {"node": f"nsu={NAMESPACE};s=Temperature", "metric": "temperature", "sampling_ms": 10}
    return {"name": "press", "opcua": {"url": plc.url, "security": "none"}, "metrics": [metric | more]}


class Writer(threading.Thread):
    """Writes a new value each 20 ms; `sent` holds source time -> value."""

    def __init__(self, plc: OpcUaServer) -> None:
        super().__init__()
        self.sent: dict[int, float] = {}
        self._plc, self._over = plc, threading.Event()

    def run(self) -> None:
        number = 0
        while not self._over.wait(STEP_S):
            number += 1
            at_ms = max(int(time.time() * 1000), max(self.sent, default=0) + 1)
            self._plc.write("Temperature", 100.0 + number, at_ms)
            self.sent[at_ms] = 100.0 + number

    def finish(self) -> dict[int, float]:
        self._over.set()
        self.join(10)
        return self.sent


def place(database: Database) -> None:
    """The press is a machine of the plant, whose clock is ours."""
    with database.write() as tx:
        f.site(tx, now_us=wall_us())
        f.machine(tx, name="Press")
        alias = {"source": "sparkplug", "external_id": "north/gw/press", "equipment_id": f.CNC}
        tx.execute(t.equipment_aliases.insert().values(**alias))


def journal(database: Database) -> list[tuple[str, bool, bool, float | None]]:
    """(what, asks, historical, value), in order of the events' own time."""
    found = sorted(rows(database, t.alarm_events), key=lambda row: (row.at_us, row.event_id))
    return [(row.event, bool(row.asks), bool(row.historical), row.value) for row in found]


def test_alerts_during_a_cut_reach_the_desk_in_their_own_time_and_old_ones_ask_nobody(
    settings: Settings, database: Database, server: NatsBroker, plc: OpcUaServer, tmp_path: Path
) -> None:
    place(database)
    watch = EdgeAlarmWatch(database, look_us=-1, late_us=1)  # whatever comes behind its own time is history
    file = file_for(tmp_path, server, [source(plc, limits={"high": 80})])
    with Cable(server.mqtt_port) as cable, running(settings):
        wait(lambda: detail(database).get("sparkplug") == "connected")
        broker = file.broker.model_copy(update={"url": f"mqtt://127.0.0.1:{cable.port}"})
        with at_work(file.model_copy(update={"broker": broker})) as gateway:
            wait(lambda: stored(database, "temperature/alert/high"))
            cable.cut()
            wait(lambda: not gateway.forwarder.node.connected)
            for value in (90.0, 50.0, 95.0, 50.0, 99.0):
                plc.write("Temperature", value)
                wait(lambda now=value: gateway.shelf.said()["press", "temperature"].value == now)
            watch.turn("north", wall_us())
            assert watch.turn("north", wall_us()) == 0
            assert journal(database) == []
            cable.join()
            wait(lambda: watch.turn("north", wall_us()) == 0 and len(journal(database)) == 5)
    assert journal(database) == [
        ("activated", False, True, 90.0),
        ("cleared", False, True, 50.0),
        ("activated", False, True, 95.0),
        ("cleared", False, True, 50.0),
        ("activated", True, True, 99.0),
    ]


def test_a_cut_link_loses_and_doubles_nothing(
    settings: Settings, database: Database, server: NatsBroker, plc: OpcUaServer, tmp_path: Path
) -> None:
    with Cable(server.mqtt_port) as cable, running(settings):
        wait(lambda: detail(database).get("sparkplug") == "connected")
        file = file_for(tmp_path, server, [source(plc)])
        broker = file.broker.model_copy(update={"url": f"mqtt://127.0.0.1:{cable.port}"})
        with at_work(file.model_copy(update={"broker": broker})) as gateway:
            wait(lambda: stored(database, "temperature"))
            writer = Writer(plc)
            writer.start()
            time.sleep(1)
            cable.cut()
            time.sleep(CUT_S)
            wait(lambda: gateway.shelf.waiting()[0] > 100)  # a busy machine writes fewer a second
            cable.join()
            wait(lambda: gateway.forwarder.node.online)
            time.sleep(1)
            sent = writer.finish()
            wait(lambda: sent.keys() <= stored(database, "temperature").keys())
            wait(lambda: not rows(database, t.gaps))
        found = stored(database, "temperature")
        assert {at: found[at][0] for at in sent} == sent
        between = [at for at in found if min(sent) <= at <= max(sent)]
        assert len(between) == len(sent)
        assert gateway.inbox.overflowed == 0


def test_a_killed_gateway_loses_only_what_lies_within_gaps_that_are_told(
    settings: Settings, database: Database, server: NatsBroker, plc: OpcUaServer, tmp_path: Path
) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(
        yaml.safe_dump(
            {
                "group": "north",
                "node": "gw",
                "broker": {
                    "url": server.url,
                    "username": "taktwise",
                    "password_env": "TEST_BROKER_PASSWORD",
                },
                "sources": [source(plc)],
            }
        )
    )
    with running(settings):
        wait(lambda: detail(database).get("sparkplug") == "connected")
        writer = Writer(plc)
        writer.start()
        for _ in range(3):
            before = max(stored(database, "temperature"), default=0)
            process = start(file, tmp_path)
            wait(lambda at=before: max(stored(database, "temperature"), default=0) > at + 1_000)
            process.kill()
            process.wait(60)
        last = start(file, tmp_path)
        before = max(stored(database, "temperature"))
        wait(lambda: max(stored(database, "temperature")) > before + 1_000)
        sent = writer.finish()
        wait(lambda: max(sent) in stored(database, "temperature"))
        last.terminate()
        assert last.wait(60) == 0
    found = stored(database, "temperature")
    first = min(found)
    missing = {at for at in sent if at > first and at not in found}
    gaps = [(row.from_us // 1000, row.to_us // 1000) for row in rows(database, t.gaps)]
    untold = {at for at in missing if not any(begin <= at <= end for begin, end in gaps)}
    assert untold == set()
    assert missing
    assert len(gaps) >= 3
    assert all(found[at][0] == sent[at] for at in sent if at in found)


def start(file: Path, folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "gateway.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "runtime", "gateway", "run", str(file)],
            stdout=log,
            stderr=log,
            env=dict(os.environ),
        )
