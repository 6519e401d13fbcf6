"""Clocks that jump, packets that come out of order and again: nothing is lost, nothing counts twice."""

import json
import random

import pytest
from sqlalchemy import select

from data.sources.messages import RawMessage
from data.store import tables as t
from data.store.database import Database
from data.wire.json_topics import telemetry_topic
from domain.clock import DAY, HOUR, wall_us
from services.ingest import JSON, Ingest
from services.ingest.replaying import replay
from tests.kits.edge import T0_MS, EdgeNode
from tests.services.ingest.conftest import JSON_UNIT, UNIT

TOPIC = telemetry_topic(JSON_UNIT)
JUMPS = (HOUR, DAY, -HOUR, -DAY)


def message(number: int, *, source_off_us: int = 0, plant_off_us: int = 0) -> RawMessage:
    at_ms = T0_MS + 1_000 * number
    values = {"good_count": number, "state": 6 if number % 40 < 30 else 5, "load": number % 100}
    body = json.dumps({"ts": at_ms + source_off_us // 1_000, "seq": number, "values": values})
    return RawMessage(JSON, TOPIC, body.encode(), at_ms * 1_000 + plant_off_us, wall_us())


def rows(store: Database, table, *columns: str) -> list[tuple]:
    with store.read() as tx:
        return sorted(tuple(row) for row in tx.execute(select(*(table.c[name] for name in columns))))


def facts(store: Database) -> list[list[tuple]]:
    """What the order of arrival must not change."""
    return [
        rows(store, t.readings, "metric_id", "source_us", "value", "quality"),
        rows(store, t.latest, "metric_id", "source_us", "value"),
        rows(store, t.states, "equipment_id", "source_us", "state", "mode"),
        rows(store, t.counts, "equipment_id", "bucket_us", "good", "scrap", "energy_kwh", "resets"),
    ]


def test_json_out_of_order_and_again_ends_as_in_order(store: Database, tmp_path) -> None:
    from tests.services.ingest.conftest import place

    ordered = [message(number) for number in range(400)]
    chance = random.Random(3)
    mixed = ordered + chance.sample(ordered, 200)
    chance.shuffle(mixed)
    other = Database(f"sqlite:///{tmp_path / 'other.db'}")
    other.create_all()
    place(other)
    Ingest(other).take(ordered)
    ingest = Ingest(store)
    results = [ingest.take(mixed[at : at + 37]) for at in range(0, len(mixed), 37)]
    assert facts(store) == facts(other)
    assert sum(result.stored for result in results) == 3 * 400
    assert sum(result.repeated for result in results) == 3 * 200
    other.close()


def test_sparkplug_out_of_order_within_the_window_and_again_is_stored_once(store: Database) -> None:
    edge, chance = EdgeNode(devices=("cnc-11",)), random.Random(4)
    ingest = Ingest(store)
    ingest.take(edge.births(T0_MS))
    wanted = {T0_MS}
    for block in range(20):
        sent = []
        for number in range(6):
            ms = T0_MS + 1_000 * (1 + 6 * block + number)
            wanted.add(ms)
            sent.append(edge.data("cnc-11", ms))
        again = chance.sample(sent, 2)
        chance.shuffle(sent)
        ingest.take(sent)
        ingest.take(again)
    ingest.take([], (T0_MS + 10**7) * 1_000)
    with store.read() as tx:
        m, r = t.metrics.c, t.readings.c
        query = select(r.source_us).join(t.metrics, m.metric_id == r.metric_id)
        found = list(tx.execute(query.where(m.equipment_id == UNIT, m.name == "good_count")).scalars())
    assert sorted(found) == sorted(ms * 1_000 for ms in wanted)


@pytest.mark.parametrize("jump_us", JUMPS)
@pytest.mark.parametrize("which", ["source", "plant"])
def test_a_clock_that_jumps_loses_nothing(store: Database, which: str, jump_us: int) -> None:
    """Every value is stored once, or set aside with its reason until the clock is right again."""
    ingest = Ingest(store)
    sent: set[int] = set()
    for number in range(90):
        off = jump_us if 30 <= number < 60 else 0
        source, plant = (off, 0) if which == "source" else (0, off)
        found = message(number, source_off_us=source, plant_off_us=plant)
        sent.add(json.loads(found.payload)["ts"] * 1_000)
        ingest.take([found])
    stored = {row[0] for row in rows(store, t.readings, "source_us")}
    aside = {json.loads(payload)["ts"] * 1_000 for (payload,) in rows(store, t.quarantine, "payload")}
    assert stored | aside == sent
    assert not stored & aside
    assert len(rows(store, t.readings, "metric_id", "source_us")) == 3 * len(stored)
    ahead = (which, jump_us > 0) in (("source", True), ("plant", False))
    assert len(aside) == (30 if ahead else 0)
    assert {reason for (reason,) in rows(store, t.quarantine, "reason")} == (
        {"clock_skew"} if ahead else set()
    )


def test_what_a_jump_of_the_plant_clock_set_aside_is_read_again(store: Database) -> None:
    ingest = Ingest(store)
    for number in range(60):
        ingest.take([message(number, plant_off_us=-DAY if number >= 30 else 0)])
    with store.write() as tx:
        tx.execute(t.quarantine.update().values(receive_us=(T0_MS + 60_000) * 1_000, asked_wall_us=wall_us()))
    assert replay(store, ingest) == 30
    assert len(rows(store, t.readings, "metric_id", "source_us")) == 3 * 60
    assert rows(store, t.quarantine, "topic") == []
