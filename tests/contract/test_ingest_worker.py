"""The ingest process as it runs, against a real broker: databases and brokers may come and go."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from sqlalchemy import Table, create_engine, select, text

from data.sources.mqtt import Broker
from data.store import intake_records
from data.store import tables as t
from data.store.database import Database
from data.wire.json_topics import telemetry_topic
from data.wire.sparkplug_topics import decode_state, state_topic
from domain.errors import SettingsError
from runtime.settings import Settings
from runtime.workers import ingest
from simulator.erp import schema as erp
from tests.contract.test_mqtt import listen, publish
from tests.kits.broker import PASSWORD, NatsBroker
from tests.kits.edge import T0_MS, EdgeNode
from tests.services.ingest.conftest import JSON_UNIT, place


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsBroker]:
    found = NatsBroker(tmp_path / "nats")
    found.start()
    yield found
    found.kill()


@pytest.fixture
def settings(database: Database, server: NatsBroker, tmp_path: Path) -> Settings:
    place(database)
    url = f"sqlite:///{tmp_path / 'erp.db'}"
    engine = create_engine(url)
    erp.metadata.create_all(engine)
    part = {
        "part_no": "B-6204", "name": "Bearing", "on_hand": 3, "reserved": 1, "reorder_at": 1,
        "lead_time_s": 5, "price_cents": 900, "updated_at": 1,
    }  # fmt: skip
    with engine.begin() as tx:
        tx.execute(erp.stock.insert(), [part])
    return Settings(
        var_dir=tmp_path,
        database_url=database.url,
        broker_url=server.url,
        broker_password=PASSWORD,
        erp_urls={"erp": url},
        raw_days=3_660,  # the devices here speak of a fixed day
    )


@contextmanager
def running(settings: Settings) -> Iterator[None]:
    stop, failed = threading.Event(), list[BaseException]()

    def work() -> None:
        try:
            ingest.main(settings, stop)
        except BaseException as error:
            failed.append(error)
            raise

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(120)
    assert not thread.is_alive()
    assert not failed


def rows(database: Database, table: Table) -> list[Any]:
    with database.read() as tx:
        return list(tx.execute(select(table)))


def wait(happened: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def messages(first: int, last: int) -> list[tuple[str, bytes]]:
    return [
        (
            telemetry_topic(JSON_UNIT),
            json.dumps({"ts": T0_MS + n * 1000, "seq": n, "values": {"load": n}}).encode(),
        )
        for n in range(first, last)
    ]


def detail(database: Database) -> dict[str, Any]:
    found = [row.detail for row in rows(database, t.workers) if row.name == "ingest"]
    return dict(json.loads(found[0])) if found else {}


def test_a_database_that_goes_away_loses_nothing(
    settings: Settings, database: Database, server: NatsBroker
) -> None:
    broker = Broker(server.url, "taktwise", PASSWORD)
    heard: list[paho.MQTTMessage] = []
    listener = listen(broker, state_topic("taktwise"), heard)
    with running(settings):
        wait(lambda: detail(database).get("json") == "connected")
        publish(broker, *messages(0, 10))
        wait(lambda: len(rows(database, t.readings)) == 10)
        with database.write() as tx:
            tx.execute(text("ALTER TABLE ingest_counters RENAME TO gone"))
        publish(broker, *messages(10, 30))
        wait(lambda: not decode_state(bytes(heard[-1].payload)).online)
        assert len(rows(database, t.readings)) == 10
        with database.write() as tx:
            tx.execute(text("ALTER TABLE gone RENAME TO ingest_counters"))
        wait(lambda: len(rows(database, t.readings)) == 30)
        wait(lambda: decode_state(bytes(heard[-1].payload)).online)
    wait(lambda: not decode_state(bytes(heard[-1].payload)).online)
    listener.disconnect()
    listener.loop_stop()


def test_a_broker_that_goes_away_is_found_again(
    settings: Settings, database: Database, server: NatsBroker
) -> None:
    broker = Broker(server.url, "taktwise", PASSWORD)
    with running(settings):
        wait(lambda: detail(database).get("json") == "connected")
        server.kill()
        wait(lambda: "broke" in detail(database)["json"] or "answer" in detail(database)["json"])
        server.start()
        publish(broker, *messages(0, 10))
        wait(lambda: len(rows(database, t.readings)) == 10)
        wait(lambda: detail(database)["messages_per_minute"] >= 10)


def test_a_wall_clock_that_is_set_back_stops_nothing(
    settings: Settings, database: Database, server: NatsBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As time synchronisation does after a start: an hour back. The broker goes away once, too."""
    broker, real = Broker(server.url, "taktwise", PASSWORD), time.time_ns
    with running(settings):
        wait(lambda: detail(database).get("json") == "connected")
        publish(broker, *messages(0, 10))
        wait(lambda: len(rows(database, t.readings)) == 10)
        monkeypatch.setattr(time, "time_ns", lambda: real() - 3_600 * 10**9)
        publish(broker, *messages(10, 20))
        wait(lambda: len(rows(database, t.readings)) == 20, 60)
        server.kill()
        wait(lambda: detail(database)["json"] != "connected", 60)
        server.start()
        publish(broker, *messages(20, 30))
        wait(lambda: len(rows(database, t.readings)) == 30, 90)


def test_a_mapping_that_is_mended_is_used_at_once_and_what_was_set_aside_is_read_again(
    settings: Settings, database: Database, server: NatsBroker, tmp_path: Path
) -> None:
    path, broker = tmp_path / "topics.yaml", Broker(server.url, "taktwise", PASSWORD)

    def write(written: str, *patterns: str) -> None:
        entries = [
            {"name": p, "pattern": p, "payload": "object", "time": {"field": "at", "as": written}}
            for p in patterns
        ]
        path.write_text(json.dumps({"topics": entries}))

    def sources() -> list[str]:
        return [row.external_id for row in rows(database, t.equipment_aliases) if row.source == "json"]

    write("milliseconds", "mill/{unit}", "saw/{unit}")
    body = json.dumps({"at": "2026-11-20T10:00:00Z", "load": 5}).encode()
    with running(settings.model_copy(update={"topics": str(path)})):
        wait(lambda: detail(database).get("json") == "connected")
        publish(broker, ("mill/one", body))
        wait(lambda: [row.reason for row in rows(database, t.quarantine)] == ["time"])
        path.write_text("topics: [")
        wait(lambda: "no YAML" in detail(database)["trouble"], 60)
        write("iso", "mill/{unit}", "lathe/{unit}")
        wait(lambda: not detail(database)["trouble"], 60)
        with database.write() as tx:
            assert intake_records.ask_again(tx, "json", "time", 1) == 1
        wait(lambda: len(rows(database, t.readings)) == 1 and not rows(database, t.quarantine), 60)
        publish(broker, ("lathe/two", body), ("saw/three", body), ("mill/four", body))
        wait(lambda: {"two", "four"} <= set(sources()), 60)
        assert "three" not in sources()
    assert rows(database, t.quarantine) == [], "what is no longer asked for is not sent any more"


def test_an_edge_node_without_births_is_asked_and_the_stock_is_read(
    settings: Settings, database: Database, server: NatsBroker
) -> None:
    broker = Broker(server.url, "taktwise", PASSWORD)
    heard: list[paho.MQTTMessage] = []
    listener = listen(broker, "spBv1.0/north/NCMD/line-1", heard)
    edge = EdgeNode(devices=("cnc-11",))
    edge.births(T0_MS)
    with running(settings):
        wait(lambda: detail(database).get("sparkplug") == "connected")
        sent = edge.data("cnc-11", T0_MS)
        publish(broker, (sent.topic, sent.payload), qos=0)
        wait(lambda: len(heard) == 1)
        publish(broker, *((m.topic, m.payload) for m in edge.births(T0_MS + 1000)), qos=0)
        wait(lambda: len(rows(database, t.readings)) == 4)
        assert [row.cause for row in rows(database, t.gaps)] == ["no_birth"]
        wait(lambda: [(row.part_id, row.on_hand) for row in rows(database, t.stock)] == [("B-6204", 3.0)])
    listener.disconnect()
    listener.loop_stop()


def test_a_wrong_mes_url_ends_with_a_settings_error(settings: Settings) -> None:
    wrong = settings.model_copy(update={"mes_urls": {"line-1": "nonesuch://x"}})
    with pytest.raises(SettingsError, match=r"line-1: .*nonesuch"):
        ingest.main(wrong, threading.Event())
