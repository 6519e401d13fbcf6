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


M = 60_000_000


def test_a_late_reading_leaves_the_other_counters_of_later_buckets_alone(database: Database) -> None:
    """Report by exception: the counters are not read in the same buckets."""
    names = ((1, "good_count"), (2, "scrap_count"))
    with database.write() as tx:
        rows = [
            {"metric_id": k, "equipment_id": UNIT, "name": n, "unit": "1", "kind": "counter"}
            for k, n in names
        ]
        insert_ignore(tx, t.metrics, rows)
    in_time = [(1, M, 0.0), (2, M, 0.0), (1, 6 * M, 5.0), (1, 11 * M, 9.0), (2, 11 * M, 1.0)]
    changed = [read_more(database, batch) for batch in (in_time, [(1, 2 * M, 1.0)])]
    with database.read() as tx:
        found = {row.bucket_us: (row.good, row.scrap) for row in tx.execute(select(t.counts))}
    assert found == {0: (1.0, 0.0), BUCKET_US: (4.0, 0.0), 2 * BUCKET_US: (4.0, 1.0)}
    assert changed == [set(), {(UNIT, BUCKET_US), (UNIT, 2 * BUCKET_US)}]


def read_more(database: Database, readings: list[tuple[int, int, float]]) -> set[tuple[str, int]]:
    with database.write() as tx:
        rows = [
            {"metric_id": k, "source_us": us, "value": value, "quality": 192, "receive_us": 0}
            for k, us, value in readings
        ]
        insert_ignore(tx, t.readings, rows)
        return refresh(tx, {(UNIT, bucket_of(us)) for _, us, _ in readings})


def test_a_counter_that_falls_a_little_was_not_reset(database: Database) -> None:
    """A meter that jitters would otherwise count all that it ever counted once more."""
    store(database, [[(0, 120_002.0), (M, 120_001.9), (2 * M, 120_003.0)]])
    with database.read() as tx:
        row = tx.execute(select(t.counts).where(t.counts.c.bucket_us == 0)).one()
    assert (row.good, row.resets, row.fell) == (pytest.approx(1.1), 0, 1)


def since(database: Database) -> dict[int, int | None]:
    with database.read() as tx:
        rows = tx.execute(select(t.counts.c.bucket_us, t.counts.c.parts_since_us)).all()
    return {row[0] // BUCKET_US: row[1] for row in rows if row[1] is not None}


def test_what_comes_at_once_after_a_gap_says_since_when_until_the_gap_is_filled(database: Database) -> None:
    def at(minutes: int) -> int:
        return minutes * 60_000_000

    store(database, [[(at(1), 0.0), (at(4), 5.0), (at(64), 45.0), (at(94), 46.0), (at(97), 60.0)]])
    # A part after half an hour is what a counter says that speaks when it changes: it was made just then.
    assert since(database) == {12: at(4)}
    store(database, [[(at(31), 20.0)]])
    assert since(database) == {6: at(4), 12: at(31)}
    store(database, [[(at(k), 20.0 + k) for k in (14, 24)], [(at(k), 20.0) for k in (40, 52)]])
    assert since(database) == {}
