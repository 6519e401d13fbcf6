"""Everything bad at once, through a real broker into the ingest process: it is counted, set aside, shown on
the connections screen as text, and the good messages around it are stored."""

import json
import math
from pathlib import Path

import pytest
from sqlalchemy import select

from components import connections
from components.set_aside import why
from components.words import safe
from data.sources.mqtt import Broker
from data.store import tables as t
from data.store.database import Database
from data.wire.json_topics import telemetry_topic
from data.wire.sparkplug import DataType, Metric, Payload, encode
from domain.clock import Clock, wall_us
from runtime.settings import Settings
from services.context import Context
from services.queries.admin import AdminQueries
from services.rows.site import SiteRow
from tests import factories as f
from tests.contract.test_ingest_worker import detail, rows, running, wait
from tests.contract.test_mqtt import publish
from tests.kits.broker import PASSWORD, NatsBroker
from tests.kits.edge import EdgeNode
from tests.services.ingest.conftest import JSON_UNIT, UNIT, place

EVIL = '<img src=x onerror="alert(1)">'
HOUR_MS = 3_600_000


def say(ms: int, seq: int, **values: object) -> tuple[str, bytes]:
    return telemetry_topic(JSON_UNIT), json.dumps({"ts": ms, "seq": seq, "values": values}).encode()


def bad_json(ms: int) -> dict[str, tuple[str, bytes]]:
    """Reason in quarantine -> what is sent."""
    topic = telemetry_topic(JSON_UNIT)
    return {
        "garbage": (topic, b"\x00\xffgarbage"),
        "wrong type": (topic, say(ms, 101, temperature="hot")[1]),
        "a list": (topic, b"[1, 2, 3]"),
        "clock ahead": say(ms + HOUR_MS, 102, temperature=5),
        "clock behind": say(ms - 400 * 24 * HOUR_MS, 103, temperature=5),
        "NaN": say(ms, 104, temperature=math.nan),
        "a text of 1 MB": say(ms, 105, note="y" * 1_000_000),
        "HTML in a name": say(ms, 106, **{EVIL: 1}),
        "HTML in a text": say(ms, 107, temperature=EVIL),
    }


def bad_sparkplug(edge: EdgeNode, ms: int) -> list[tuple[str, bytes]]:
    """A birth cut in the middle, bytes that are no protobuf, NaN, and HTML as a metric's name."""
    birth = edge.births(ms)[1]
    nan = edge.data("cnc-11", ms + 1, temperature=math.nan)
    named = Metric(EVIL, None, ms + 2, DataType.DOUBLE, 1.0)
    topic = nan.topic
    html = encode(Payload(ms + 2, edge.seq, (named,)))
    edge.seq += 1
    return [
        (birth.topic, birth.payload[: len(birth.payload) // 2]),
        (topic, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
        (nan.topic, nan.payload),
        (topic, html),
    ]


@pytest.fixture
def server(tmp_path: Path):
    found = NatsBroker(tmp_path / "nats")
    found.start()
    yield found
    found.kill()


def stored(database: Database, unit: str, metric: str) -> int:
    m = t.metrics.c
    both = t.readings.join(t.metrics, m.metric_id == t.readings.c.metric_id)
    query = select(t.readings.c.source_us).select_from(both).where(m.equipment_id == unit, m.name == metric)
    with database.read() as tx:
        return len(tx.execute(query).all())


def test_bad_input_is_counted_shown_and_stops_nothing(
    database: Database, server: NatsBroker, tmp_path: Path
) -> None:
    place(database)
    ms, edge = wall_us() // 1_000, EdgeNode(devices=("cnc-11",))
    bad, broker = bad_json(ms), Broker(server.url, "taktwise", PASSWORD)
    settings = Settings(
        var_dir=tmp_path, database_url=database.url, broker_url=server.url, broker_password=PASSWORD
    )
    with running(settings):
        wait(lambda: detail(database).get("sparkplug") == detail(database).get("json") == "connected")
        publish(broker, *[(m.topic, m.payload) for m in edge.births(ms)], qos=0)
        for number, message in enumerate(bad.values()):
            publish(broker, say(ms + number, number, load=number), message)
        publish(broker, *bad_sparkplug(edge, ms + 1_000), qos=0)
        good = [edge.data("cnc-11", ms + 2_000 + n) for n in range(5)]
        publish(broker, *[(m.topic, m.payload) for m in good], qos=0)
        publish(broker, say(ms + 100, 200, load=1))
        wait(lambda: stored(database, JSON_UNIT, "load") == len(bad) + 1)
        wait(lambda: stored(database, UNIT, "good_count") >= 1 + len(good))
        wait(lambda: sum(row.times for row in rows(database, t.quarantine)) >= len(bad) + 4)
    found = rows(database, t.quarantine)
    assert len(found) == len(bad) + 4, sorted((row.source, row.reason) for row in found)
    assert all(len(row.payload) <= 64 * 1024 for row in found)
    assert max(row.size for row in found) > 1_000_000
    counted = {(r.source, r.counter): r.value for r in rows(database, t.ingest_counters)}
    assert counted["json", "quarantined"] == len(bad)
    assert counted["sparkplug", "quarantined"] == 4
    _shown_as_text(database, len(found))


def _shown_as_text(database: Database, count: int) -> None:
    with database.write() as tx:
        supervisor = f.account(tx)
    now = wall_us()
    site = SiteRow("north", "N", "UTC", "EUR")
    health = AdminQueries(Context(database, supervisor, site, Clock(now, now))).health()
    assert health.quarantine_count == count == len(health.quarantine)
    html = connections.quarantine_panel(health.quarantine, health.quarantine_count, site, now)
    html += connections.sources_panel(health.sources)
    assert "<img" not in html
    assert "&lt;img" in html
    for reason in {row.reason for row in health.quarantine}:
        assert any(safe(why(source, reason).what) in html for source in ("json", "sparkplug"))
