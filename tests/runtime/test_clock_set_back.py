"""A wall clock that is set back stops no timer, and nothing that waits for a time."""

import threading
import time

import pytest
from sqlalchemy import insert, select

from data.store import notices, outbox, predictions
from data.store import tables as t
from data.store.database import Database
from domain.clock import HOUR, MINUTE, SECOND, wall_us
from runtime.workers import relay
from services.score.due import Due
from tests.contract.memory_sink import MemorySink

BACK_NS = 3_600 * 10**9


class Prepared(MemorySink):
    """Counts how often it was prepared; ends the worker with the second time."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__()
        self.times, self._stop = 0, stop

    def prepare(self, queues) -> None:
        super().prepare(queues)
        self.times += 1
        if self.times > 1:
            self._stop.set()


def test_the_relay_goes_on_with_its_turns(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, wall, steady = threading.Event(), time.time_ns, time.monotonic_ns
    sink = Prepared(stop)
    monkeypatch.setattr(time, "time_ns", lambda: wall() - BACK_NS * (sink.times > 0))
    passed = 61 * 10**9  # queues are prepared every minute
    monkeypatch.setattr(time, "monotonic_ns", lambda: steady() + passed * (sink.times > 0))
    thread = threading.Thread(target=relay.Worker(database, sink, "north").run, args=(stop,), daemon=True)
    thread.start()
    thread.join(60)
    stop.set()
    assert sink.times == 2


def test_clocks_of_sites_are_read_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    due, wall, steady = Due(database), time.time_ns, time.monotonic_ns
    assert due.sites() == []
    with database.write() as tx:
        site = {"site_id": "north", "name": "N", "time_zone": "UTC", "currency": "EUR", "shadow": False}
        tx.execute(insert(t.sites).values(**site))
        clock = {"site_id": "north", "origin_plant_us": 0, "origin_wall_us": 0, "speed": 1.0}
        tx.execute(insert(t.clocks).values(**clock))
    monkeypatch.setattr(time, "time_ns", lambda: wall() - BACK_NS)
    monkeypatch.setattr(time, "monotonic_ns", lambda: steady() + 2 * 10**9)
    assert [site for site, _ in due.sites()] == ["north"]


def test_an_order_of_a_time_to_come_is_sent(database: Database) -> None:
    now = wall_us()
    with database.write() as tx:
        outbox.add(tx, "one", "mes.line-1", "{}", now)
        assert not outbox.any_due(tx, now - SECOND)
        assert outbox.any_due(tx, now - HOUR)
        (leased,) = outbox.claim(tx, "mine", 5, now, 10 * SECOND)
        assert not outbox.any_due(tx, now)  # it is being sent
        assert outbox.claim(tx, "other", 5, now - HOUR, 10 * SECOND) == [leased]
        assert not outbox.any_due(tx, now - HOUR)
        assert outbox.retry(tx, "other", leased, now, "away")
        assert outbox.any_due(tx, now - HOUR)


def test_a_message_to_a_person_is_sent(database: Database) -> None:
    now = wall_us()
    row = {
        c.name: 0 if "us" in c.name.split("_") or c.name == "attempts" else ""
        for c in t.notices.c
        if not c.nullable
    }
    sent = row | {"notice_id": "n", "state": "pending", "next_try_wall_us": now, "created_wall_us": now}
    with database.write() as tx:
        notices.add(tx, [sent])
        assert not notices.any_due(tx, now - MINUTE)
        assert notices.any_due(tx, now - HOUR)
        (letter,) = notices.claim(tx, "mine", 5, now, 120 * SECOND)
        assert not notices.any_due(tx, now)
        assert notices.claim(tx, "other", 5, now - HOUR, 120 * SECOND) == [letter]


def test_a_prediction_that_waits_is_considered(database: Database) -> None:
    now = wall_us()
    row = {
        "prediction_id": "p",
        "at_us": 0,
        "next_try_wall_us": now + MINUTE,
        "attempts": 3,
        "last_error": "x",
    }
    with database.write() as tx:
        tx.execute(insert(t.to_consider).values(**row))
        assert predictions.due_to_consider(tx, now, 5) == []
        assert predictions.due_to_consider(tx, now - HOUR, 5) == [("p", 0, 3)]
        assert tx.execute(select(t.to_consider.c.attempts)).scalar() == 3
