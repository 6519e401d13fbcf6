"""Topic mappings over real brokers: watched, proposed, put to use, stored and counted."""

import json
import os
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from data.sources.mqtt import Broker
from data.store import tables as t
from data.store.database import Database
from runtime.settings import Settings
from tests.contract.test_ingest_worker import detail, rows, running, wait
from tests.contract.test_mqtt import publish

ROOT = Path(__file__).resolve().parents[2]
COUNT = 40


@pytest.fixture
def root() -> str:
    return "p" + uuid.uuid4().hex[:8]


def settings_of(database: Database, broker: Broker, folder: Path, topics: Path | str, root: str) -> Settings:
    return Settings(
        var_dir=folder,
        database_url=database.url,
        broker_url=broker.url,
        broker_username=broker.username,
        broker_password=broker.password,
        host_id=f"host-{root}",
        instance=root,
        topics=str(topics),
    )


def stored(database: Database, device: str) -> dict[str, list[tuple[int, float]]]:
    """The readings of a device by metric: (source time in ms, value), in order."""
    a, m, r = t.equipment_aliases.c, t.metrics.c, t.readings.c
    joined = t.readings.join(t.metrics, m.metric_id == r.metric_id).join(
        t.equipment_aliases, a.equipment_id == m.equipment_id
    )
    query = select(m.name, r.source_us, r.value).select_from(joined).where(a.external_id == device)
    found: dict[str, list[tuple[int, float]]] = {}
    with database.read() as tx:
        for name, at_us, value in tx.execute(query.order_by(r.source_us)):
            found.setdefault(name, []).append((at_us // 1000, value))
    return found


def mapping(root: str) -> dict[str, Any]:
    """The three kinds of payload below a root of this test's own."""
    return {
        "topics": [
            {
                "name": "values", "pattern": f"{root}/uns/{{site}}/{{area}}/{{line}}/{{unit}}/{{metric*}}",
                "payload": "value", "device": "{site}/{area}/{line}/{unit}", "metric": "{metric}",
                "unit": "unit", "time": {"field": "timestamp"},
            },
            {
                "name": "objects", "pattern": f"{root}/plant/{{unit}}", "payload": "object",
                "time": {"field": "ts"}, "metrics": {
                    "parts": "good_count",
                    "status": {"metric": "state", "states": {"RUN": 6, "STOP": 2}},
                },
            },
            {
                "name": "numbers", "pattern": f"{root}/raw/{{unit}}/{{metric}}", "payload": "number",
                "metric": "{metric}",
            },
        ]
    }  # fmt: skip


def messages(root: str, now: int) -> list[tuple[str, bytes]]:
    found = []
    for n in range(COUNT):
        value = {"timestamp": now + n * 10, "value": n, "unit": "bar"}
        found.append((f"{root}/uns/n/hall/l1/{root}/pressure", json.dumps(value).encode()))
        status = {"ts": now + n * 10, "parts": n, "status": "RUN" if n % 20 < 10 else "STOP"}
        found.append((f"{root}/plant/{root}-mill", json.dumps(status).encode()))
    return found


@pytest.mark.services
def test_what_is_mapped_is_stored_value_by_value(
    database: Database,
    broker: Broker,
    tmp_path: Path,
    root: str,
) -> None:
    path = tmp_path / "topics.yaml"
    path.write_text(json.dumps(mapping(root)))  # JSON is YAML
    now = int(time.time() * 1000) - 10_000
    with running(settings_of(database, broker, tmp_path, path, root)):
        wait(lambda: detail(database).get("json") == "connected")
        sent = messages(root, now)
        publish(broker, *sent, *sent[:30], (f"{root}/plant/{root}-mill", b'{"ts": 1, "status": "DANCING"}'))
        for n in range(5):
            publish(broker, (f"{root}/raw/{root}-pi/humidity", str(40 + n).encode()))
            time.sleep(0.15)
        publish(broker, (f"{root}/else/where", b"1"))  # no filter takes it
        wait(lambda: len(stored(database, f"{root}-pi").get("humidity", [])) == 5)
        wait(lambda: len(stored(database, f"{root}-mill").get("state", [])) == COUNT)
    times = [now + n * 10 for n in range(COUNT)]
    assert stored(database, f"n/hall/l1/{root}") == {
        "pressure": [(at, n * 100.0) for n, at in enumerate(times)]
    }
    mill = stored(database, f"{root}-mill")
    assert mill["good_count"] == [(at, float(n)) for n, at in enumerate(times)]
    assert [value for _, value in mill["state"]] == [6.0 if n % 20 < 10 else 2.0 for n in range(COUNT)]
    assert [(row.reason, row.times) for row in rows(database, t.quarantine)] == [("state", 1)]
    counted = {row.counter: row.value for row in rows(database, t.ingest_counters) if row.source == "json"}
    assert counted["at_least_once"] == 5
    assert counted["received"] == 2 * COUNT + 30 + 1 + 5
    assert counted["stored"] == 3 * COUNT + 5


@pytest.mark.services
def test_topics_that_were_taken_out_while_nobody_was_there_do_not_come(
    database: Database, broker: Broker, tmp_path: Path, root: str
) -> None:
    """Also when another process goes on with the session."""
    path, both = tmp_path / "topics.yaml", mapping(root)
    path.write_text(json.dumps(both))
    given = settings_of(database, broker, tmp_path, path, root)
    with running(given):
        wait(lambda: detail(database).get("json") == "connected")
    path.write_text(json.dumps({"topics": [entry for entry in both["topics"] if entry["name"] != "numbers"]}))
    with running(given):
        wait(lambda: not [row for row in rows(database, t.session_filters) if "/raw/" in row.filter])
        publish(broker, (f"{root}/raw/{root}-pi/humidity", b"40"), *messages(root, int(time.time() * 1000)))
        wait(lambda: len(stored(database, f"{root}-mill").get("state", [])) == COUNT)
        assert rows(database, t.quarantine) == []
    path.write_text(json.dumps(both))
    with database.write() as tx:
        tx.execute(t.workers.delete())
    with running(given):  # and what comes in again is heard
        wait(lambda: detail(database).get("json") == "connected")
        publish(broker, (f"{root}/raw/{root}-pi/humidity", b"41"))
        wait(lambda: [value for _, value in stored(database, f"{root}-pi").get("humidity", [])] == [41.0])


@pytest.mark.services
def test_topics_are_watched_and_a_mapping_proposed_that_then_works(
    database: Database,
    broker: Broker,
    tmp_path: Path,
    root: str,
) -> None:
    proposed = tmp_path / "proposed.yaml"
    stop = threading.Event()

    def talk() -> None:
        n = 0
        while not stop.wait(0.2):
            n += 1
            body = {"ts": int(time.time() * 1000), "load": n, "GoodCount": n}
            publish(broker, *((f"{root}/mill/{unit}", json.dumps(body).encode()) for unit in ("a", "b")))

    talker = threading.Thread(target=talk)
    talker.start()
    try:
        told = _watch(broker, root, proposed)
        states = {row["topic"]: row["state"] for row in told["topics"]}
        assert states == {f"{root}/mill/a": "not mapped", f"{root}/mill/b": "not mapped"}
        assert told["proposal"]["topics"][0]["metrics"] == {"GoodCount": "good_count"}
        with running(settings_of(database, broker, tmp_path, proposed, root)):
            wait(
                lambda: all(len(stored(database, f"mill/{unit}").get("load", [])) > 3 for unit in ("a", "b"))
            )
    finally:
        stop.set()
        talker.join(20)
    assert set(stored(database, "mill/a")) == {"load", "good_count"}
    again = _watch(broker, root, tmp_path / "more.yaml", mapping=str(proposed), silent=True)
    assert again["proposal"] == {}


def _watch(broker: Broker, root: str, out: Path, *, mapping: str = "", silent: bool = False) -> dict:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAKTWISE_")}
    env = {
        "TAKTWISE_BROKER_URL": broker.url,
        "TAKTWISE_BROKER_USERNAME": broker.username,
        "TAKTWISE_BROKER_PASSWORD": broker.password,
        "TAKTWISE_VAR_DIR": str(out.parent),
    }
    words = ["topics", "--watch", "--seconds", "1" if silent else "3", "--only", f"{root}/#", "--json"]
    words += ["--propose", str(out), *(["--mapping", mapping] if mapping else [])]
    done = subprocess.run(
        [sys.executable, "-m", "runtime", *words],
        check=False, cwd=ROOT, env={**kept, **env}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert out.exists() is not silent
    found: dict = json.loads(done.stdout)
    return found
