import threading

import pytest
from sqlalchemy import delete, insert, select, update

from data.store import tables as t
from data.store.database import Database
from domain.errors import Tampered
from services import audit


def entry(database: Database, n: int) -> None:
    with database.write() as tx:
        audit.append(
            tx,
            actor="a",
            action=f"does {n}",
            subject_kind="case",
            subject_id="c",
            plant_us=n,
            detail={"n": n},
        )


def filled(database: Database, count: int = 5) -> Database:
    for n in range(count):
        entry(database, n)
    return database


def test_a_whole_chain_verifies(database: Database) -> None:
    assert audit.verify(database).entries == 0
    verified = audit.verify(filled(database))
    assert verified.entries == 5 and len(verified.head) == 64


@pytest.mark.parametrize("column", ["actor", "action", "detail", "subject_id", "hash", "previous_hash"])
def test_a_changed_entry_is_found(database: Database, column: str) -> None:
    filled(database)
    with database.write() as tx:
        tx.execute(update(t.audit).where(t.audit.c.entry == 3).values({column: "x"}))
    with pytest.raises(Tampered, match="entry 3"):
        audit.verify(database)


def test_a_removed_entry_is_found(database: Database) -> None:
    filled(database)
    with database.write() as tx:
        tx.execute(delete(t.audit).where(t.audit.c.entry == 2))
    with pytest.raises(Tampered, match="entry 3"):
        audit.verify(database)


def test_an_inserted_entry_is_found(database: Database) -> None:
    filled(database, 2)
    with database.write() as tx:
        row = dict(tx.execute(select(t.audit).where(t.audit.c.entry == 2)).mappings().one())
        tx.execute(insert(t.audit).values({**row, "entry": 3, "previous_hash": "x"}))
    with pytest.raises(Tampered):
        audit.verify(database)


def test_what_is_rolled_back_leaves_no_hole(database: Database) -> None:
    filled(database, 2)
    with pytest.raises(RuntimeError), database.write() as tx:
        audit.append(tx, actor="a", action="x", subject_kind="k", subject_id="s", plant_us=0)
        raise RuntimeError
    entry(database, 9)
    assert audit.verify(database).entries == 3


def _together(database: Database, writers: int = 12, each: int = 10) -> None:
    failures: list[BaseException] = []

    def write(writer: int) -> None:
        try:
            for n in range(each):
                entry(database, 100 * writer + n)
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert audit.verify(database).entries == writers * each


def test_concurrent_writers_keep_one_chain_on_sqlite(database: Database) -> None:
    _together(database)


@pytest.mark.services
def test_concurrent_writers_keep_one_chain_on_postgresql(postgres: Database) -> None:
    _together(postgres)
