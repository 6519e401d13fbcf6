"""The npm package sparkplug-client 3.2.4 as edge node, over real brokers, through ingest into the store.

Everything is counted against what the package was told to send: births, data with names (the package
repeats them), data by alias alone, packed data, a rebirth, a device death, a node death by the will.
"""

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from data.sources.mqtt import Broker
from data.store import tables as t
from data.store.database import Database
from domain.telemetry import Quality
from runtime.settings import Settings
from tests.contract.test_ingest_worker import detail, rows, running, wait
from tests.kits.npm_edge import NpmEdge

STEP_MS = 10
pytestmark = pytest.mark.services
EXPECTED = {
    "temperature": lambda n: 20 + n / 8,
    "good_count": float,
    "load": lambda n: n % 100,
    "offset": lambda n: -n,
    "total": lambda n: 3_000_000_000 + n,
    "door_open": lambda n: float(n % 2 == 0),
    "flow": lambda n: n / 4,
}


@pytest.fixture
def group() -> str:
    return "g" + uuid.uuid4().hex[:10]


@pytest.fixture
def settings(database: Database, broker: Broker, tmp_path: Path, group: str) -> Settings:
    return Settings(
        var_dir=tmp_path,
        database_url=database.url,
        broker_url=broker.url,
        broker_username=broker.username,
        broker_password=broker.password,
        host_id=f"host-{group}",
        instance=group,
    )


@pytest.fixture
def edge(peers: str, broker: Broker, group: str) -> Iterator[NpmEdge]:
    found = NpmEdge(
        peers,
        url=broker.url.replace("mqtt://", "tcp://"),
        username=broker.username,
        password=broker.password,
        group=group,
        node="npm",
        device="press",
        clientId=f"npm-{group}",
    )
    found.wait("connect")
    yield found
    found.kill()


def series(database: Database, group: str, device: str = "/press") -> dict[str, dict[int, float]]:
    """The stored readings of the peer's device: metric -> source time in ms -> value."""
    a, m, r = t.equipment_aliases.c, t.metrics.c, t.readings.c
    joined = t.readings.join(t.metrics, m.metric_id == r.metric_id).join(
        t.equipment_aliases, a.equipment_id == m.equipment_id
    )
    query = (
        select(m.name, r.source_us, r.value)
        .select_from(joined)
        .where(a.external_id == f"{group}/npm{device}")
    )
    found: dict[str, dict[int, float]] = {}
    with database.read() as tx:
        for name, at_us, value in tx.execute(query):
            found.setdefault(name, {})[at_us // 1000] = value
    return found


def sent(first: int, last: int, ms: int) -> dict[int, int]:
    """Source time -> step number of what the peer sends for one `data` act."""
    return {ms + (n - first) * STEP_MS: n for n in range(first, last)}


def held(database: Database, group: str, steps: dict[int, int]) -> bool:
    found = series(database, group).get("flow", {})
    return all(at in found for at in steps)


def everything_equals(database: Database, group: str, steps: dict[int, int]) -> None:
    found = series(database, group)
    for name, value in EXPECTED.items():
        assert {at: found[name][at] for at in steps} == {at: value(n) for at, n in steps.items()}, name


def test_the_peer_is_stored_message_by_message(
    settings: Settings, database: Database, edge: NpmEdge, group: str
) -> None:
    now = int(time.time() * 1000)
    steps: dict[int, int] = {}
    with running(settings):
        wait(lambda: detail(database).get("sparkplug") == "connected")
        edge.act("births", n=0, ms=now)
        wait(lambda: "flow" in series(database, group))
        steps[now] = 0
        for number, how in enumerate(("both", "name", "alias"), 1):
            edge.act("data", **{"from": 1, "to": 301}, ms=now + number * 10_000, step=STEP_MS, how=how)
            steps |= sent(1, 301, now + number * 10_000)
        edge.act("data", **{"from": 1, "to": 101}, ms=now + 40_000, step=STEP_MS, how="alias", compress=True)
        steps |= sent(1, 101, now + 40_000)
        wait(lambda: held(database, group, steps))
        everything_equals(database, group, steps)
        found = series(database, group)
        assert {name: len(values) for name, values in found.items() if name in EXPECTED} == dict.fromkeys(
            EXPECTED, 1 + 3 * 300 + 100
        )
        assert found["recipe/speed"] == {now: -7.0}
        assert found["recipe/width"] == {now: 2.5}
        assert found["shift/parts"] == {now: 12.0}
        assert series(database, group, "")["cabinet"] == {now: 31.5}
        assert not edge.count("rebirth")
        assert not rows(database, t.gaps)
        aside = [(row.reason, row.detail) for row in rows(database, t.quarantine)]
        assert aside == [("data_set_of_many_rows", "table")]
    _rebirth_and_deaths(settings, database, edge, group)


def _rebirth_and_deaths(settings: Settings, database: Database, edge: NpmEdge, group: str) -> None:
    """A host that starts anew knows no alias: it asks twice, the package answers, and data flow again."""
    now = int(time.time() * 1000) + 60_000
    with running(settings):
        wait(lambda: json.loads(json.dumps(detail(database))).get("sparkplug") == "connected")
        edge.act("data", **{"from": 5, "to": 6}, ms=now, step=STEP_MS, how="alias")
        edge.wait("ncmd")  # the first request carries no data type, and the package reads none
        edge.wait("rebirth")
        wait(lambda: [row.online for row in rows(database, t.edge_nodes)] == [True])
        steps = sent(1, 51, now + 1_000)
        edge.act("data", **{"from": 1, "to": 51}, ms=now + 1_000, step=STEP_MS, how="alias")
        wait(lambda: held(database, group, steps))
        everything_equals(database, group, steps)
        edge.act("ddeath", ms=now + 2_000)
        wait(lambda: _offline(database, group, "/press"))
        assert not _offline(database, group, "")
        edge.kill()
        wait(lambda: [row.online for row in rows(database, t.edge_nodes)] == [False], 60)
        assert {row.quality for row in rows(database, t.latest)} == {int(Quality.STALE)}
    causes = {row.cause for row in rows(database, t.gaps)}
    assert causes <= {"no_birth", "host_away"}
    assert causes


def _offline(database: Database, group: str, device: str) -> bool:
    found = [row for row in rows(database, t.edge_devices) if row.external_id == f"{group}/npm{device}"]
    return any(row.offline_us is not None for row in found)
