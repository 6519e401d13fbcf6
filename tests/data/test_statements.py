"""Columns come out the same whether they are read as one text or as rows."""

import numpy as np
import pytest
from sqlalchemy.exc import IntegrityError

from data.store import tables as t
from data.store.columns import Columns
from data.store.database import Database
from data.store.statements import Statement
from domain.errors import Unavailable

STATES = Columns("states", "equipment_id = :unit", "source_us", (("state", 6), ("mode", 3)))
MOMENT = 1_735_686_000_000_000


@pytest.mark.parametrize("first", [MOMENT, 0, 2**54 - 10, 2**54 + 5, -3])
@pytest.mark.parametrize(
    "values",
    [[(6, 1), (63, 7), (0, 0)], [(64, 1), (6, 1)], [(6, 8), (5, 1)], [(-1, 1), (6, -1), (11, 1)], []],
    ids=["small", "large state", "large mode", "below zero", "none"],
)
def test_long_stretches_are_read_exactly(database: Database, first, values) -> None:
    rows = [
        {"equipment_id": "u", "source_us": first + 7 * k, "state": state, "mode": mode, "receive_us": 0}
        for k, (state, mode) in enumerate(values)
    ]
    with database.write() as tx:
        if rows:
            tx.execute(t.states.insert(), rows)
    with database.read() as tx:
        short, long = (STATES.read(tx, {"unit": "u"}, long=flag) for flag in (False, True))
    for one, other in zip(short, long, strict=True):
        assert one.dtype == other.dtype and np.array_equal(one, other) and len(one) == len(rows)
    assert [tuple(row) for row in zip(*(c.tolist() for c in long[1:]), strict=True)] == values


MADE = Statement("INSERT INTO counts (equipment_id, bucket_us, good, scrap, energy_kwh, resets)"
                 " VALUES (:unit, :at, 1, 0, 0, 0)")  # fmt: skip
READ = Statement("SELECT bucket_us FROM counts WHERE equipment_id = :unit ORDER BY bucket_us")


def test_what_only_the_driver_was_told_is_committed_with_its_block(database: Database) -> None:
    with database.write() as tx:
        assert MADE.run(tx, {"unit": "u", "at": 1}) == 1
        MADE.run_many(tx, [{"unit": "u", "at": 2}, {"unit": "u", "at": 3}])
    with pytest.raises(ZeroDivisionError), database.write() as tx:
        MADE.run(tx, {"unit": "u", "at": 4})
        raise ZeroDivisionError
    with database.read() as tx:
        assert READ.rows(tx, {"unit": "u"}) == [(1,), (2,), (3,)]


def test_errors_of_the_driver_are_those_of_sqlalchemy(database: Database) -> None:
    with database.write() as tx:
        MADE.run(tx, {"unit": "u", "at": 1})
    with pytest.raises(IntegrityError), database.write() as tx:
        MADE.run(tx, {"unit": "u", "at": 1})
    with database.read() as tx:
        assert READ.rows(tx, {"unit": "u"}) == [(1,)], "the connection serves the next block"


def test_a_statement_that_the_database_cannot_answer_is_unavailable(tmp_path) -> None:
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(Unavailable), empty.read() as tx:
        READ.rows(tx, {"unit": "u"})
    empty.close()
