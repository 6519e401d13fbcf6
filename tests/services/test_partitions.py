"""PostgreSQL's tables of days: made ahead, filled from the default one, dropped when they are due."""

import pytest
from sqlalchemy import insert, select, text

from data.store import history, partitions, roll_marks
from data.store import tables as t
from data.store.database import Database
from data.store.migrate import downgrade, upgrade
from domain.clock import DAY, HOUR, SECOND, wall_us
from services.partitions import AHEAD_DAYS, Partitions
from services.retention import Retention
from tests import factories as f

KEEP = 10 * DAY
EVERY = 600 * SECOND
TODAY = f.NOW - f.NOW % DAY


def place(database: Database) -> None:
    with database.write() as tx:
        f.site(tx)
        row = {"metric_id": 1, "equipment_id": f.CNC, "name": "load", "unit": "%", "kind": "gauge"}
        tx.execute(insert(t.metrics).values(**row))


def store(database: Database, *times: int) -> None:
    with database.write() as tx:
        history.store_readings(tx, [(1, us, 1.0, 192, us) for us in times])


def times(database: Database, table: str = "readings") -> list[int]:
    with database.read() as tx:
        return list(tx.execute(text(f"SELECT source_us FROM {table} ORDER BY source_us")).scalars())


def tables(database: Database) -> dict[int, str]:
    with database.read() as tx:
        return partitions.days(tx)


@pytest.mark.services
def test_days_are_made_ahead_filled_and_dropped(postgres: Database) -> None:
    place(postgres)
    old = [TODAY - 12 * DAY + HOUR, TODAY - 12 * DAY + 2 * HOUR]
    kept = [TODAY - 3 * DAY, TODAY + HOUR]
    future = [TODAY + 400 * DAY]
    store(postgres, *old, *kept, *future)
    work = Partitions(postgres, KEEP, EVERY)
    first = work.work(wall_us())
    assert first.strays == 3 and first.dropped == 0
    have = tables(postgres)
    assert {TODAY + n * DAY for n in range(-1, AHEAD_DAYS + 1)} | {TODAY - 3 * DAY} <= set(have)
    assert times(postgres, "readings_default") == [*old, *future]
    assert times(postgres) == [*old, *kept, *future], "nothing went on the way"
    store(postgres, *kept, TODAY + 2 * HOUR)
    assert times(postgres, partitions.name_of(TODAY)) == [TODAY + HOUR, TODAY + 2 * HOUR]
    assert work.work(wall_us()).dropped == 0
    later = wall_us() + 9 * DAY
    with postgres.write() as tx:
        roll_marks.mark(tx, [roll_marks.Mark(1, TODAY - 3 * DAY, TODAY - 3 * DAY)])
    assert work.work(later).dropped == 0, "it is not rolled up yet"
    with postgres.write() as tx:
        tx.execute(t.rolled_dirty.delete())
    assert work.work(later).dropped >= 1
    assert TODAY - 3 * DAY not in tables(postgres) and TODAY in tables(postgres)
    retention = Retention(postgres, 10)
    retention.begin(later)
    while retention.step():
        pass
    assert times(postgres) == [TODAY + HOUR, TODAY + 2 * HOUR, *future]


@pytest.mark.services
def test_a_day_of_a_replay_stays_and_the_rest_of_it_goes(postgres: Database) -> None:
    place(postgres)
    with postgres.write() as tx:
        f.site(tx, "replay")
        tx.execute(t.sites.update().where(t.sites.c.site_id == "replay").values(shadow=True))
        row = {"metric_id": 2, "equipment_id": "replay/a/b/c", "name": "load", "unit": "%", "kind": "gauge"}
        tx.execute(insert(t.metrics).values(**row))
        history.store_readings(tx, [(1, TODAY, 1.0, 192, 0), (2, TODAY, 1.0, 192, 0)])
    work, later = Partitions(postgres, KEEP, EVERY), wall_us() + 20 * DAY
    work.work(wall_us())
    work.work(later)
    assert TODAY in tables(postgres)
    retention = Retention(postgres, 10)
    retention.begin(later)
    while retention.step():
        pass
    with postgres.read() as tx:
        assert tx.execute(select(t.readings.c.metric_id)).scalars().all() == [2]


@pytest.mark.services
def test_two_processes_do_not_hinder_each_other_and_a_lock_is_not_waited_for(postgres: Database) -> None:
    place(postgres)
    store(postgres, TODAY)
    work = Partitions(postgres, KEEP, EVERY)
    with postgres.write() as tx:
        tx.execute(text("LOCK TABLE readings_default IN ROW EXCLUSIVE MODE"))  # as ingest holds it
        assert work.work(wall_us()).days == 0
    with postgres.write() as tx:
        assert partitions.mine_alone(tx)
        assert work.work(wall_us()).days == 0
    assert work.work(wall_us()).days > AHEAD_DAYS


@pytest.mark.services
def test_what_another_process_did_since_we_looked_is_not_done_again(postgres: Database) -> None:
    place(postgres)
    old = TODAY - 12 * DAY
    store(postgres, old, TODAY + HOUR)
    other = Partitions(postgres, KEEP, EVERY)

    class Late(Partitions):
        """The other process works between its look and its own work."""

        def _wanted(self, *seen):
            other.work(now)
            return super()._wanted(*seen)

    now, late = wall_us(), Late(postgres, KEEP, EVERY)
    assert late.work(now).days == other.work(now).days > AHEAD_DAYS
    with postgres.write() as tx:
        partitions.add(tx, old)
        tx.execute(t.rolled_dirty.delete())
    assert late.work(now).dropped == 0  # the other one dropped it
    assert old not in tables(postgres)
    assert times(postgres) == [TODAY + HOUR]


@pytest.mark.services
def test_what_is_stored_is_converted_and_back(postgres_url: str) -> None:
    upgrade(postgres_url, "0032")
    database = Database(postgres_url)
    every = [TODAY - DAY - 1, TODAY - DAY, TODAY - 1, TODAY, TODAY + 40 * DAY]
    store(database, *every)
    upgrade(postgres_url)
    assert times(database) == every and times(database, "readings_default") == []
    assert sorted(tables(database)) == [TODAY - 2 * DAY, TODAY - DAY, TODAY, TODAY + 40 * DAY]
    assert times(database, partitions.name_of(TODAY - DAY)) == [TODAY - DAY, TODAY - 1]
    store(database, *every)
    assert times(database) == every
    downgrade(postgres_url, "0032")
    assert times(database) == every
    database.close()


def test_sqlite_has_none(database: Database) -> None:
    place(database)
    store(database, TODAY)
    found = Partitions(database, KEEP, EVERY).work(wall_us())
    assert (found.days, found.dropped, found.strays) == (0, 0, 0)
    assert tables(database) == {}
