"""A PostgreSQL database that calls is read at once; one whose table changed says so, and reading resumes."""

import threading
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, insert, select, text

from data.store import tables as t
from data.store.upsert import insert_ignore
from runtime.settings import Settings
from runtime.workers import mes_polls
from tests.data.sources import tryton
from tests.data.sources.test_mes_tryton import AT, order
from tests.services.score.plant import add_site

pytestmark = pytest.mark.services
NEVER_S = 3_600.0  # only a call brings a poll
PATIENCE_S = 60.0


@pytest.fixture
def polls(database, postgres_url) -> Iterator[tuple]:
    engine = create_engine(postgres_url)
    tryton.metadata.create_all(engine)
    tryton.call_at_each_change(engine)
    add_site(database, [11])
    alias = {"source": "mes:tryton", "external_id": "31", "equipment_id": "north"}
    with database.write() as tx:
        insert_ignore(tx, t.equipment_aliases, [alias])
    settings = Settings(
        database_url=str(database.engine.url),
        mes_urls={"tryton": postgres_url},
        mes_mappings={"tryton": "tryton"},
    )
    stop = threading.Event()
    thread = threading.Thread(
        target=mes_polls.run, args=(settings, mes_polls.open_all(settings), stop, NEVER_S)
    )
    thread.start()
    yield database, engine
    stop.set()
    thread.join(PATIENCE_S)
    engine.dispose()
    assert not thread.is_alive()


def state(database, entity: str = "orders") -> str:
    with database.read() as tx:
        return tx.execute(select(t.watermarks.c.state).where(t.watermarks.c.entity == entity)).scalar() or ""


def orders(database) -> set[str]:
    with database.read() as tx:
        return set(tx.execute(select(t.orders.c.order_id)).scalars())


def soon(what) -> None:
    until = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.02)


def add(engine, number: int) -> None:
    with engine.begin() as tx:
        tx.execute(insert(tryton.production), [order(number)])


def test_a_call_brings_the_poll(polls) -> None:
    database, engine = polls
    soon(lambda: state(database) == "ok")
    add(engine, 1)
    soon(lambda: orders(database) == {"PR-1"})
    add(engine, 2)
    soon(lambda: orders(database) == {"PR-1", "PR-2"})


def test_a_lost_connection_is_made_again_and_what_was_missed_is_read(polls, monkeypatch) -> None:
    database, engine = polls
    soon(lambda: state(database) == "ok")
    add(engine, 1)
    soon(lambda: orders(database) == {"PR-1"})
    with engine.begin() as tx:
        tx.execute(text("ALTER TABLE production DISABLE TRIGGER taktwise"))
    add(engine, 2)  # nobody calls
    with engine.begin() as tx:
        tx.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
            )
        )
    soon(lambda: orders(database) == {"PR-1", "PR-2"})


def test_a_table_that_changes_is_said_and_reading_resumes(polls) -> None:
    database, engine = polls
    soon(lambda: state(database) == "ok")
    with engine.begin() as tx:
        tx.execute(text("ALTER TABLE production RENAME COLUMN quantity TO amount"))
        tx.execute(text("NOTIFY taktwise"))
    soon(lambda: "not as the mapping says" in state(database) and "quantity" in state(database))
    assert state(database, "products") == "ok"
    with engine.begin() as tx:
        tx.execute(text("ALTER TABLE production RENAME COLUMN amount TO quantity"))
        tx.execute(insert(tryton.production), [order(6, create_date=AT)])
    soon(lambda: state(database) == "ok" and orders(database) == {"PR-6"})
