"""Columns come out the same whether they are read as one text or as rows."""

import numpy as np
import pytest

from data.store import tables as t
from data.store.database import Database
from data.store.statements import Columns

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
