"""Bulk storing and upserts: idempotent, counted, the newest kept, on both databases."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from data.store import history
from data.store import tables as t
from data.store.database import Database
from data.store.upsert import add, insert_ignore, upsert
from domain.telemetry import Quality

GOOD, STALE = int(Quality.GOOD), int(Quality.STALE)


@pytest.fixture(params=["database", pytest.param("postgres", marks=pytest.mark.services)])
def store(request: pytest.FixtureRequest) -> Database:
    found: Database = request.getfixturevalue(request.param)
    return found


def test_a_reading_is_stored_once_and_the_first_stands(store: Database) -> None:
    rows = [(1, us, float(us), GOOD, 0) for us in range(50)]
    with store.write() as tx:
        assert history.store_readings(tx, [*rows, rows[3]]) == 50
    with store.write() as tx:
        assert history.store_readings(tx, [(1, 49, -1.0, GOOD, 0), (1, 50, 50.0, GOOD, 0)]) == 1
        assert history.store_readings(tx, []) == 0
    with store.read() as tx:
        assert history.series(tx, 1, 48) == [(48, 48.0), (49, 49.0), (50, 50.0)]


def test_the_newest_by_source_time_stands(store: Database) -> None:
    for row, stands in [
        ((1, 5, 5.0, GOOD, 0), 5.0),
        ((1, 4, 4.0, GOOD, 9), 5.0),
        ((1, 6, 6.0, GOOD, 1), 6.0),
    ]:
        with store.write() as tx:
            history.store_latest(tx, [row])
            assert tx.execute(select(t.latest.c.value)).scalar_one() == stands


def test_a_stale_value_comes_back_to_life_with_the_same_source_time(store: Database) -> None:
    metric = {"metric_id": 7, "equipment_id": "a", "name": "load", "unit": "%", "kind": "gauge"}
    with store.write() as tx:
        insert_ignore(tx, t.metrics, [metric])
        history.store_latest(tx, [(7, 5, 1.0, GOOD, 0)])
        history.mark_stale(tx, ["a", "b"])
        assert tx.execute(select(t.latest.c.quality)).scalar_one() == STALE
        history.store_latest(tx, [(7, 5, 1.0, GOOD, 0)])
        assert tx.execute(select(t.latest.c.quality)).scalar_one() == GOOD


def test_upserts_count_add_and_give_way_to_newer_rows_only(store: Database) -> None:
    def row(value: int, name: str = "x") -> dict[str, object]:
        return {"source": "s", "counter": name, "value": value}

    key = ["source", "counter"]
    with store.write() as tx:
        assert insert_ignore(tx, t.ingest_counters, [row(1), row(1, "y")]) == 2
        assert insert_ignore(tx, t.ingest_counters, [row(5), row(1, "z")]) == 1
        add(tx, t.ingest_counters, [row(10)], key)
        upsert(tx, t.ingest_counters, [row(3), row(7, "y")], key, newer_by="value")
        found = {r.counter: r.value for r in tx.execute(select(t.ingest_counters))}
    assert found == {"x": 11, "y": 7, "z": 1}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 20)), max_size=10), max_size=5))
def test_what_is_stored_is_the_set_of_what_came(tmp_path_factory, batches) -> None:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('history') / 'x.db'}")
    database.create_all()
    stored = 0
    for batch in batches:
        with database.write() as tx:
            stored += history.store_readings(tx, [(metric, us, 1.0, GOOD, 0) for metric, us in batch])
    with database.read() as tx:
        rows = [(row.metric_id, row.source_us) for row in tx.execute(select(t.readings))]
    database.close()
    assert sorted(rows) == sorted({key for batch in batches for key in batch})
    assert stored == len(rows)
