"""The plant's own records: chance that repeats itself, and databases that are older than their columns."""

import sqlite3

import numpy as np
import pytest
from sqlalchemy import select

from simulator.mes import schema
from simulator.records.chance import drawn
from simulator.records.engine import Records


@pytest.mark.parametrize("mean", [0.0, 0.4, 7.0, 60.0])
def test_poisson_numbers_repeat_and_have_the_mean_and_variance_of_their_kind(mean) -> None:
    found = np.array([drawn(mean, "x", k) for k in range(4000)])
    assert drawn(mean, "x", 7) == found[7]
    assert found.mean() == pytest.approx(mean, abs=0.01 + 4 * np.sqrt(mean / 4000))
    assert found.var() == pytest.approx(mean, abs=0.01 + 0.15 * mean)


def test_a_database_from_before_a_column_gets_it_and_keeps_its_rows(tmp_path) -> None:
    url = f"sqlite:///{tmp_path / 'mes.db'}"
    Records(url, schema.metadata).close()
    with sqlite3.connect(tmp_path / "mes.db") as old:
        old.execute("ALTER TABLE quality_results DROP COLUMN defects")
        old.execute("INSERT INTO quality_results VALUES ('Q-1', 'm', NULL, 1, 9, 1, 0, 1)")
    old.close()
    records = Records(url, schema.metadata)
    with records.read() as tx:
        rows = tx.execute(select(schema.quality_results)).mappings().all()
    records.close()
    assert [(row["good"], row["defects"]) for row in rows] == [(9.0, None)]
