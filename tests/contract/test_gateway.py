"""The edge gateway between real parts: OPC UA (asyncua's server, the npm package node-opcua) and Modbus TCP
here, a broker, the ingest process and its store there."""

import asyncio
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from data.edge import certificates, opcua
from data.edge.events import Event, Seen, end
from data.edge.gateway_file import GatewayFile, SourcePart
from data.store import tables as t
from data.store.database import Database
from domain.errors import Unavailable
from domain.telemetry import Quality
from runtime.settings import Settings
from runtime.workers.gateway import Gateway
from tests.contract.test_ingest_worker import detail, rows, running, wait
from tests.kits import broker as broker_kit
from tests.kits.broker import NatsBroker
from tests.kits.modbus_server import ModbusServer
from tests.kits.npm_edge import NpmOpcUa
from tests.kits.opcua_server import NAMESPACE, PASSWORD, USER, OpcUaServer
from tests.kits.ports import free_port

STEP_MS = 20


@pytest.fixture(autouse=True)
def passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_BROKER_PASSWORD", broker_kit.PASSWORD)
    monkeypatch.setenv("TEST_SERVER_PASSWORD", PASSWORD)
    monkeypatch.setenv("TEST_WRONG_PASSWORD", "wrong")


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


@pytest.fixture(scope="session")
def certs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    certificates.make(folder / "server", "127.0.0.1", 30, "urn:taktwise:test-server")
    certificates.make(folder / "ours", "127.0.0.1", 30)
    return folder


@pytest.fixture
def plc(certs: Path) -> Iterator[OpcUaServer]:
    found = OpcUaServer({"Temperature": 20.0, "Mode": "RUN", "Steady": 7.5}, certs / "server")
    found.start()
    yield found
    found.close()


@pytest.fixture
def modbus() -> Iterator[ModbusServer]:
    found = ModbusServer()
    found.start()
    yield found
    found.close()


@pytest.fixture
def npm(peers: str, tmp_path: Path) -> Iterator[tuple[NpmOpcUa, int]]:
    port = free_port()
    variables = [["Temperature", "Double", 20.0], ["Parts", "UInt32", 0], ["Door", "Boolean", False]]
    found = NpmOpcUa(
        peers, folder=str(tmp_path / "npm"), port=port, user=USER, password=PASSWORD, variables=variables
    )
    try:
        found.wait("started")
        yield found, port
    finally:
        found.kill()


def file_for(folder: Path, server: NatsBroker, sources: list[dict[str, Any]]) -> GatewayFile:
    given = {
        "group": "north", "node": "gw", "sources": sources,
        "broker": {"url": server.url, "username": "taktwise", "password_env": "TEST_BROKER_PASSWORD"},
        "store": {"file": str(folder / "gateway.db")},
        "alerts": {"file": str(folder / "alerts.jsonl")},
    }  # fmt: skip
    return GatewayFile.model_validate(given)


def secured(url: str, certs: Path, theirs: str, password_env: str = "TEST_SERVER_PASSWORD") -> dict[str, Any]:
    return {
        "url": url,
        "security": "Basic256Sha256/SignAndEncrypt",
        "certificate": str(certs / "ours/gateway.der"),
        "key": str(certs / "ours/gateway.pem"),
        "server_certificate": theirs,
        "username": USER,
        "password_env": password_env,
    }


@contextmanager
def at_work(file: GatewayFile) -> Iterator[Gateway]:
    stop, gateway = threading.Event(), Gateway(file)
    thread = threading.Thread(target=gateway.run, args=(stop,))
    thread.start()
    try:
        yield gateway
    finally:
        stop.set()
        thread.join(120)
    assert not thread.is_alive()


def stored(database: Database, metric: str, device: str = "north/gw/press") -> dict[int, tuple[float, int]]:
    a, m, r = t.equipment_aliases.c, t.metrics.c, t.readings.c
    query = (
        select(r.source_us, r.value, r.quality)
        .join_from(t.readings, t.metrics, m.metric_id == r.metric_id)
        .join(t.equipment_aliases, a.equipment_id == m.equipment_id)
        .where(a.external_id == device, m.name == metric)
    )
    with database.read() as tx:
        return {row[0] // 1000: (row[1], row[2]) for row in tx.execute(query)}


def _newest(gateway: Gateway) -> int:
    return gateway.shelf.said()["press", "temperature"].at_ms


def metric_row(database: Database, name: str) -> Any:
    return next(row for row in rows(database, t.metrics) if row.name == name)


def write_many(write: Callable[[list], None], count: int) -> dict[int, float]:
    """Values with source times 20 ms apart, ten at a time; source time -> value."""
    sent: dict[int, float] = {}
    ms = int(time.time() * 1000)
    for first in range(0, count, 10):
        some = {ms + n * STEP_MS: 100.0 + n for n in range(first, first + 10)}
        for at, value in some.items():
            write([("Temperature", value, at)])
            time.sleep(STEP_MS / 1000)
        sent |= some
    return sent


def test_a_secured_server_is_read_by_exception_watched_and_stored(
    settings: Settings, database: Database, server: NatsBroker, certs: Path, tmp_path: Path, plc: OpcUaServer
) -> None:
    theirs = str(certs / "server/gateway.der")
    node = f"nsu={NAMESPACE};s="
    metrics = [
        {"node": f"{node}Temperature", "metric": "temperature", "sampling_ms": 10, "unit": "K",
         "deadband": {"absolute": 0.5}, "limits": {"high": 500}},
        {"node": f"{node}Mode", "metric": "state", "states": {"RUN": 6, "STOP": 2}},
        {"node": f"{node}Steady", "metric": "steady", "unit": "bar"},
    ]  # fmt: skip
    source = {"name": "press", "opcua": secured(plc.url, certs, theirs), "metrics": metrics}
    with running(settings), at_work(file_for(tmp_path, server, [source])) as gateway:
        wait(lambda: detail(database).get("sparkplug") == "connected")
        wait(lambda: stored(database, "steady"))
        sent = write_many(plc.write_all, 50)
        plc.write("Temperature", 149.2)  # within the deadband of 149
        plc.write("Temperature", 900.0)
        plc.write("Mode", "STOP")
        plc.write("Mode", "ODD")
        wait(lambda: sent.keys() <= stored(database, "temperature").keys())
        wait(lambda: 2.0 in [value for value, _ in stored(database, "state").values()])
        found = stored(database, "temperature")
        assert {at: found[at][0] for at in sent} == pytest.approx({at: v - 273.15 for at, v in sent.items()})
        assert pytest.approx(149.2 - 273.15) not in [value for value, _ in found.values()]
        wait(lambda: gateway.intake.counts["unreadable"] == 1)
        row = metric_row(database, "temperature")
        assert (row.deadband, row.sampling_ms, row.aggregate_s) == (0.5, 10.0, 0.0)
        assert metric_row(database, "steady").unit == "bar"
        alerts = tmp_path / "alerts.jsonl"
        wait(lambda: alerts.exists() and "above its high limit of 500" in alerts.read_text())
        plc.write("Temperature", 450.0, bad=True)
        wait(lambda: int(Quality.BAD) in [quality for _, quality in stored(database, "temperature").values()])
        before = len(stored(database, "steady"))
        plc.stop()
        wait(lambda: any(row.offline_us for row in rows(database, t.edge_devices)))
        plc.start()
        wait(lambda: len(stored(database, "steady")) > before)
        wait(lambda: "device_offline" in [row.cause for row in rows(database, t.gaps)])


def test_a_wrong_password_a_wrong_server_and_browsing(certs: Path, plc: OpcUaServer) -> None:
    from data.edge.gateway_parts import OpcUaPart

    good = secured(plc.url, certs, str(certs / "server/gateway.der"))
    found = asyncio.run(opcua.browse(OpcUaPart.model_validate(good)))
    assert [(one.path, one.kind, one.value) for one in found] == [
        ("Press/Temperature", "Double", 20.0),
        ("Press/Mode", "String", "RUN"),
        ("Press/Steady", "Double", 7.5),
    ]
    for wrong in (
        good | {"password_env": "TEST_WRONG_PASSWORD"},
        good | {"server_certificate": str(certs / "ours/gateway.der")},
        {"url": plc.url, "security": "none"},
    ):
        with pytest.raises(Unavailable):
            asyncio.run(opcua.browse(OpcUaPart.model_validate(wrong)))


@pytest.mark.services
def test_the_npm_server_is_stored_value_by_value(
    settings: Settings,
    database: Database,
    server: NatsBroker,
    certs: Path,
    tmp_path: Path,
    npm: tuple[NpmOpcUa, int],
) -> None:
    peer, port = npm
    (started,) = [found for found in peer.heard if found["event"] == "started"]
    node = "nsu=urn:taktwise:peer;s="
    metrics = [
        {"node": f"{node}Temperature", "metric": "temperature", "sampling_ms": 10},
        {"node": f"{node}Parts", "metric": "good_count", "sampling_ms": 50},
        {"node": f"{node}Door", "metric": "door_open", "sampling_ms": 50},
    ]
    part = secured(f"opc.tcp://127.0.0.1:{port}", certs, started["certificate"])
    source = {"name": "press", "opcua": part, "metrics": metrics}
    with running(settings), at_work(file_for(tmp_path, server, [source])) as gateway:
        wait(lambda: stored(database, "door_open"))
        ms, sent = int(time.time() * 1000), dict[int, float]()
        for number in range(12):  # it samples: each value waits until it was seen
            sent[ms + number] = 100.0 + number
            peer.act("write", values=[["Temperature", "Double", 100.0 + number, ms + number]])
            wait(lambda at=ms + number: _newest(gateway) == at)
        ms += 1_000
        peer.act("write", values=[["Parts", "UInt32", 12, ms], ["Door", "Boolean", True, ms]])
        wait(lambda: sent.keys() <= stored(database, "temperature").keys())
        wait(lambda: stored(database, "good_count").get(ms) == (12.0, int(Quality.GOOD)))
        wait(lambda: stored(database, "door_open").get(ms) == (1.0, int(Quality.GOOD)))
        found = stored(database, "temperature")
        assert {at: found[at][0] for at in sent} == sent
        peer.act("write", values=[["Temperature", "Double", None, ms]])
        wait(lambda: stored(database, "temperature").get(ms, (0, 0))[1] == int(Quality.BAD))


def test_a_node_that_the_server_lacks_is_told_and_the_others_are_read(
    certs: Path, plc: OpcUaServer, caplog: pytest.LogCaptureFixture
) -> None:
    part = secured(plc.url, certs, str(certs / "server/gateway.der"))
    metrics = [
        {"node": f"nsu={NAMESPACE};s={name}", "metric": name.lower()}
        for name in ("Temprature", "Temperature")
    ]
    given = {"name": "press", "opcua": part, "metrics": metrics}
    seen: list[str] = []

    async def look() -> None:
        over = asyncio.Event()

        def emit(event: Event) -> None:
            if isinstance(event, Seen):
                seen.append(event.part.metric)
                over.set()

        reading = asyncio.create_task(opcua.OpcUaReader(SourcePart.model_validate(given)).read(emit))
        await asyncio.wait_for(over.wait(), 60)
        await end([reading])

    asyncio.run(look())
    assert set(seen) == {"temperature"}
    (told,) = [record.getMessage() for record in caplog.records if record.name == "taktwise.gateway"]
    assert told.startswith(f"press: left out, cannot be read: nsu={NAMESPACE};s=Temprature")


def unread(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was told of values that cannot be read."""
    told = [record.getMessage() for record in list(caplog.records)]
    return [words for words in told if "cannot be read" in words]


def test_modbus_registers_are_read_by_exception_and_stored(
    settings: Settings,
    database: Database,
    server: NatsBroker,
    tmp_path: Path,
    modbus: ModbusServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    metrics = [
        {"register": {"address": 0, "type": "float32"}, "metric": "temperature", "deadband": {"absolute": 1}},
        {"register": {"address": 2, "type": "uint32", "words": "little"}, "metric": "good_count"},
        {"register": {"address": 4, "type": "int16"}, "metric": "offset", "scale": 0.1},
        {"register": {"address": 3, "table": "coil", "type": "bit"}, "metric": "door_open"},
        {"register": {"address": 500}, "metric": "missing"},
    ]  # fmt: skip
    source = {
        "name": "press",
        "modbus": {"host": "127.0.0.1", "port": modbus.port, "every_ms": 50},
        "metrics": metrics,
    }
    high, low = struct.unpack(">HH", struct.pack(">f", 41.5))
    modbus.registers(0, [high, low, 4464, 1, 65_516])  # 70,000 with the low word first; -20
    modbus.coils(3, [True])
    with running(settings), at_work(file_for(tmp_path, server, [source])) as gateway:
        wait(lambda: stored(database, "door_open"))
        for metric, value in (
            ("temperature", 41.5),
            ("good_count", 70_000.0),
            ("offset", -2.0),
            ("door_open", 1.0),
        ):
            assert [found for found, _ in stored(database, metric).values()] == [value], metric
        assert stored(database, "missing") == {}
        wait(lambda: bool(unread(caplog)))  # it asks for this one last
        assert [words[:55] for words in unread(caplog)] == [
            "press: bad values, cannot be read: holding 500 and 0 mo"
        ]
        modbus.registers(0, list(struct.unpack(">HH", struct.pack(">f", 42.0))))
        time.sleep(0.3)
        modbus.registers(0, list(struct.unpack(">HH", struct.pack(">f", 43.0))))
        wait(lambda: 43.0 in [value for value, _ in stored(database, "temperature").values()])
        assert 42.0 not in [value for value, _ in stored(database, "temperature").values()]
        modbus.stop()
        wait(lambda: not gateway.intake.present)
        modbus.start()
        wait(lambda: bool(gateway.intake.present))
        wait(lambda: "device_offline" in [row.cause for row in rows(database, t.gaps)])
