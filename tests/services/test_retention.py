"""How long raw readings are kept, on both databases."""

import pytest
from sqlalchemy import func, insert, select

from data.store import roll_marks, rolled
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR, MINUTE, Clock, wall_us
from services import clocks
from services.retention import MARGIN_US, Retention

DAYS = 10
EVERY = 10 * MINUTE


@pytest.fixture(params=["database", pytest.param("postgres", marks=pytest.mark.services)])
def store(request: pytest.FixtureRequest) -> Database:
    """Two sites; each with one metric that has said something every ten minutes for twenty days."""
    found: Database = request.getfixturevalue(request.param)
    now = wall_us()
    with found.write() as tx:
        for number, (site, shadow) in enumerate((("north", False), ("replay", True)), 1):
            row = {"site_id": site, "name": site, "time_zone": "UTC", "currency": "EUR", "shadow": shadow}
            tx.execute(insert(t.sites).values(row))
            clocks.write(tx, site, Clock(now, now, 1.0))
            metric = {"metric_id": number, "equipment_id": f"{site}/a/b/c", "name": "load"}
            tx.execute(insert(t.metrics).values(**metric, unit="%", kind="gauge"))
            times = range(now - 20 * DAY, now, EVERY)
            rows = [
                {"metric_id": number, "source_us": us, "value": 1.0, "quality": 192, "receive_us": us}
                for us in times
            ]
            tx.execute(insert(t.readings), rows)
        counted = {"good": 5.0, "scrap": 0.0, "energy_kwh": 0.0, "resets": 0.0}
        tx.execute(insert(t.counts).values(equipment_id="north/a/b/c", bucket_us=now - 20 * DAY, **counted))
    return found


def times(store: Database, metric_id: int) -> list[int]:
    r = t.readings.c
    with store.read() as tx:
        return list(
            tx.execute(select(r.source_us).where(r.metric_id == metric_id).order_by(r.source_us)).scalars()
        )


def test_old_readings_go_in_small_batches_and_everything_else_stays(store: Database) -> None:
    now, before, replayed = wall_us(), times(store, 1), times(store, 2)
    retention = Retention(store, DAYS, batch=100)
    retention.begin(now)
    steps = 1
    while retention.step():
        assert retention.deleted <= 100 * steps
        assert times(store, 1) == before[retention.deleted :], "the oldest go first"
        steps += 1
    kept = [us for us in before if us >= now - DAYS * DAY - MARGIN_US]
    assert times(store, 1) == kept
    assert retention.deleted == len(before) - len(kept) > 1_000
    assert steps >= retention.deleted / 100
    assert times(store, 2) == replayed
    with store.read() as tx:
        assert tx.execute(select(func.count()).select_from(t.counts)).scalar_one() == 1


def test_a_pass_that_was_broken_off_is_made_again_from_where_it_stood(store: Database) -> None:
    first = Retention(store, DAYS, batch=100)
    first.begin(wall_us())
    first.step()
    second = Retention(store, DAYS)
    second.begin(wall_us())
    while second.step():
        pass
    assert first.deleted == 100
    assert second.deleted > 1_000
    third = Retention(store, DAYS)
    third.begin(wall_us() - HOUR)
    assert not third.step()
    assert third.deleted == 0


def test_plant_time_decides(store: Database) -> None:
    now = wall_us()
    with store.write() as tx:
        clocks.write(tx, "north", Clock(now + 30 * DAY, now, 1.0))
    retention = Retention(store, DAYS)
    retention.begin(now)
    while retention.step():
        pass
    assert times(store, 1) == []


def test_each_level_of_the_roll_ups_is_kept_for_its_own_time(store: Database) -> None:
    now = wall_us()
    ages = (1, 20, 200, 2_000)
    with store.write() as tx:
        for level in ("minute", "hour", "shift"):
            rows = [(1, now - age * DAY, 1, 0, 60, 1.0, 1.0, 1.0, 1.0) for age in ages]
            rolled.insert(tx, level, rows)
    retention = Retention(store, DAYS, levels={"minute": 10, "hour": 100, "shift": 1_000})
    retention.begin(now)
    while retention.step():
        pass
    with store.read() as tx:
        kept = {
            level: [round((now - at) / DAY) for at in tx.execute(select(table.c.at_us)).scalars()]
            for level, table in roll_marks.TABLES.items()
        }
    assert {level: sorted(found) for level, found in kept.items()} == {
        "minute": [1],
        "hour": [1, 20],
        "shift": [1, 20, 200],
    }


def test_what_waits_to_be_rolled_up_stays(store: Database) -> None:
    now, before = wall_us(), times(store, 1)
    waits = before[300]
    with store.write() as tx:
        roll_marks.mark(tx, [roll_marks.Mark(1, waits - waits % MINUTE, waits)])
    retention = Retention(store, DAYS)
    retention.begin(now)
    while retention.step():
        pass
    kept = times(store, 1)
    assert waits in kept and before[0] not in kept and kept[0] >= waits - 2 * HOUR
    with store.write() as tx:
        tx.execute(t.rolled_dirty.delete())
    retention.begin(now)
    while retention.step():
        pass
    assert times(store, 1)[0] >= now - DAYS * DAY - MARGIN_US
