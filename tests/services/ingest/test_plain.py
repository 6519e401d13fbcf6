"""What is read the short way (plain messages of known devices) ends as what is read value by value."""

import json
import random
from pathlib import Path

import pytest
from sqlalchemy import select

from data.store import tables as t
from data.store.database import Database
from data.wire.json_topics import telemetry_topic
from domain.clock import HOUR
from services.ingest import Ingest, RawMessage
from services.ingest.judge import AHEAD_US, Judged
from services.rollups import bucket_of
from tests.kits.edge import T0_MS, raw
from tests.services.ingest.conftest import JSON_UNIT, place

VALUES = {
    "temperature": (21.5, 40, -300.0, 1e9, "warm", None, True),
    "load": (0, 99.5, 250),
    "good_count": (7, 8.5, -1),
    "state": (6, 5.0, 6.5, 99, -1),
    "running": (1, 0, 2),
    "mode": (1, 2, 7.5),
    "speed of the fan": (1, 2.5),
    "<b>": (1,),
}
TIMES_MS = (0, 1_000, 400_000, -9_000_000, AHEAD_US // 1_000, AHEAD_US // 1_000 + 1, -(10**13), 10**18)
ODD = (
    b"",
    b"{",
    b"[]",
    b'{"values":{"load":3},"seq":5}',
    b'{"values":{"load":3}}',
    b'{"ts":"x","values":{}}',
)


def messages(rng: random.Random, count: int) -> list[RawMessage]:
    """Of one device, a millisecond apart."""
    topic, found = telemetry_topic("north/hall/line-9/new-1"), []
    for number in range(count):
        names = rng.sample(sorted(VALUES), rng.randint(0, 4))
        body: dict[str, object] = {name: rng.choice(VALUES[name]) for name in names}
        ts = T0_MS + 10 * number + rng.choice(TIMES_MS)
        payload = json.dumps({"ts": ts, "values": body}).encode()
        found.append(raw(topic, rng.choice(ODD) if rng.random() < 0.1 else payload, T0_MS + number, "json"))
    return found


def outcome(file: Path, batches: list[list[RawMessage]]) -> dict[str, list[tuple[object, ...]]]:
    """All that was kept, under names instead of numbers."""
    database = Database(f"sqlite:///{file}")
    database.create_all()
    place(database)
    ingest = Ingest(database)
    for batch in batches:
        ingest.take(batch)
    m, r, q = t.metrics.c, t.readings.c, t.quarantine.c
    queries = {
        "readings": select(m.name, r.source_us, r.value, r.quality, r.receive_us).join(
            t.metrics, m.metric_id == r.metric_id
        ),
        "states": select(t.states.c.source_us, t.states.c.state, t.states.c.mode),
        "quarantine": select(q.payload, q.reason, q.detail, q.times),
        "counters": select(t.ingest_counters),
        "buckets": select(t.counts.c.bucket_us, t.counts.c.good),
    }
    with database.read() as tx:
        found = {name: sorted(map(tuple, tx.execute(query))) for name, query in queries.items()}
    database.close()
    return found


@pytest.mark.parametrize("seed", range(6))
def test_the_short_way_ends_as_the_long_one(tmp_path: Path, seed: int) -> None:
    every = dict.fromkeys(VALUES, 1)
    first = raw(
        telemetry_topic("north/hall/line-9/new-1"),
        json.dumps({"ts": T0_MS - 1, "values": every}).encode(),
        T0_MS,
        "json",
    )
    rest = messages(random.Random(seed), 80)
    known = outcome(tmp_path / "known.db", [[first], rest])
    assert known == outcome(tmp_path / "new.db", [[first, *rest]])  # while it is new: value by value
    assert known["readings"]
    assert known["quarantine"]
    assert known["states"]


def test_a_message_of_which_nothing_is_stored_marks_no_bucket(database: Database) -> None:
    place(database)
    topic = telemetry_topic(JSON_UNIT)
    ingest = Ingest(database)
    ingest.take([raw(topic, b'{"ts":%d,"values":{"load":1}}' % T0_MS, T0_MS, "json")])
    later = T0_MS + HOUR // 1_000
    ingest.take([raw(topic, b'{"ts":%d,"values":{}}' % later, later, "json")])
    ingest.take([raw(topic, b'{"ts":%d,"values":{"good_count":-1}}' % later, later, "json")])
    with database.read() as tx:
        assert tx.execute(select(t.counts.c.bucket_us)).scalars().all() == [bucket_of(T0_MS * 1_000)]


def test_every_bucket_in_which_a_value_came_is_marked() -> None:
    out, times = Judged(), [5 * HOUR, 1, 3 * HOUR, 2]
    out.touch_all("a", times)
    out.touch_all("b", [7, 8])
    out.touch_all("c", [])
    assert out.dirty == {("a", bucket_of(at)) for at in times} | {("b", 0)}
