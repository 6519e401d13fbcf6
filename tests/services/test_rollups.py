"""Counts per bucket equal a recomputation from the readings, in whatever order they arrive."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from data.store import tables as t
from data.store.database import Database
from data.store.upsert import insert_ignore
from services.rollups import BUCKET_US, bucket_of, refresh

UNIT = "north/machining/line-1/cnc-11"


def store(database: Database, arrivals: list[list[tuple[int, float]]]) -> None:
    with database.write() as tx:
        insert_ignore(
            tx,
            t.metrics,
            [{"metric_id": 1, "equipment_id": UNIT, "name": "good_count", "unit": "1", "kind": "counter"}],
        )
    for batch in arrivals:
        with database.write() as tx:
            insert_ignore(
                tx,
                t.readings,
                [
                    {"metric_id": 1, "source_us": us, "value": value, "quality": 192, "receive_us": 0}
                    for us, value in batch
                ],
            )
            refresh(tx, {(UNIT, bucket_of(us)) for us, _ in batch})


def good_by_bucket(database: Database) -> dict[int, float]:
    with database.read() as tx:
        return {
            row.bucket_us: row.good for row in tx.execute(select(t.counts).order_by(t.counts.c.bucket_us))
        }


def test_a_reset_starts_at_zero(database: Database) -> None:
    store(database, [[(0, 100.0), (60_000_000, 110.0), (120_000_000, 4.0), (180_000_000, 9.0)]])
    assert good_by_bucket(database) == {-BUCKET_US: 0.0, 0: 10 + 4 + 5}


def test_a_bucket_that_was_heard_has_a_row_without_parts(database: Database) -> None:
    store(database, [[(0, 5.0)]])
    assert good_by_bucket(database) == {-BUCKET_US: 0.0}


def test_a_reading_on_the_boundary_counts_what_was_made_before_it(database: Database) -> None:
    store(database, [[(1, 0.0), (BUCKET_US, 7.0), (BUCKET_US + 1, 9.0)]])
    assert good_by_bucket(database) == {0: 7.0, BUCKET_US: 2.0}


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 40), min_size=1, max_size=40), st.integers(0, 10**6))
def test_late_and_repeated_readings_end_in_the_same_figures(tmp_path_factory, steps, seed) -> None:
    readings, value = [], 0.0
    for index, step in enumerate(steps):
        value += step
        readings.append((index * BUCKET_US // 3, value))
    ordered = Database(f"sqlite:///{tmp_path_factory.mktemp('a') / 'x.db'}")
    shuffled = Database(f"sqlite:///{tmp_path_factory.mktemp('b') / 'x.db'}")
    for database in (ordered, shuffled):
        database.create_all()
    mixed = readings + readings[: len(readings) // 2]
    random.Random(seed).shuffle(mixed)
    store(ordered, [readings])
    store(shuffled, [mixed[i : i + 3] for i in range(0, len(mixed), 3)])
    assert good_by_bucket(shuffled) == good_by_bucket(ordered)
    assert sum(good_by_bucket(ordered).values()) == pytest.approx(value - readings[0][1])
    ordered.close()
    shuffled.close()
