"""Columns come out the same whether they are read as one text or as rows."""

import numpy as np
import pytest

from data.store import tables as t
from data.store.database import Database
from data.store.statements import Columns

COUNTS = Columns(
    "counts", "equipment_id = :unit", whole=("bucket_us",), count=("good", "scrap", "resets"),
    real=("energy_kwh",),
)  # fmt: skip


@pytest.mark.parametrize("energy", [0.2, 1 / 3 + 2**20 - 2**20, 0.1, 300.0, -1.0])
@pytest.mark.parametrize(
    "values",
    [
        [(5.0, 1.0, 0.0), (32_766.0, 32_767.0, 32_767.0), (0.0, 0.0, 3.0), (8_000_000.0, 0.0, 0.0)],
        [(5.5, 1.0, 0.0), (2.0, 0.5, 0.25)],
        [(5.0, -1.0, 0.0), (-3.0, 2.0, 1.0)],
        [(5.0, 40_000.0, 0.0), (1.0, 1.0, 1e9)],
        [],
    ],
    ids=["whole", "broken", "below zero", "large", "none"],
)
def test_long_stretches_are_read_exactly(database: Database, values, energy) -> None:
    rows = [
        {"equipment_id": "u", "bucket_us": 10**15 + 7 * k, "good": g, "scrap": s, "resets": r,
         "energy_kwh": energy * (k + 1)}
        for k, (g, s, r) in enumerate(values)
    ]  # fmt: skip
    with database.write() as tx:
        if rows:
            tx.execute(t.counts.insert(), rows)
    with database.read() as tx:
        short, long = (COUNTS.read(tx, {"unit": "u"}, long=flag) for flag in (False, True))
    for one, other in zip(short, long, strict=True):
        assert one.dtype == other.dtype and np.array_equal(one, other) and len(one) == len(rows)
    assert long[4].tolist() == [energy * (k + 1) for k in range(len(rows))]
    assert [*zip(*(c.tolist() for c in long[1:4]), strict=True)] == [tuple(v) for v in values]
