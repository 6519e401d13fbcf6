"""The packed values of control charts are always those of the stored samples."""

import json

import numpy as np
import pytest

from data.store import charts as store
from data.store import spc_days
from data.store.database import Database
from data.store.migrate import upgrade
from domain.clock import DAY, HOUR
from domain.spc.model import Sample


def same_as_samples(database: Database, seed: int) -> None:
    """Samples come in any order, are replaced, are dropped by stretches; counted ones come between them."""
    rng = np.random.default_rng(seed)
    with database.write() as tx:
        for _ in range(40):
            if rng.random() < 0.3:
                begin = int(rng.integers(0, 150)) * HOUR // 2
                store.drop_samples(tx, "c", begin, begin + int(rng.integers(0, 60)) * HOUR)
            else:
                ends = rng.choice(np.arange(1, 240), int(rng.integers(1, 50)), replace=False)
                store.store_samples(tx, "c", [sample(rng, int(at) * HOUR // 2) for at in ends])
            store.store_samples(tx, "other", [sample(rng, int(rng.integers(1, 99)))])
            for _ in range(3):
                begin = int(rng.integers(-10, 240)) * HOUR // 2
                check(tx, begin, begin + int(rng.integers(0, 5 * DAY)))
        check(tx, -DAY, 99 * DAY)
        store.forget_samples(tx, "c")
        check(tx, -DAY, 99 * DAY)


def sample(rng: np.random.Generator, at_us: int) -> Sample:
    if rng.random() < 0.1:
        return Sample(at_us, (), 3.0, 50.0)
    return Sample(at_us, tuple(rng.normal(100, 2, int(rng.integers(1, 5))).tolist()))


def check(tx, from_us: int, to_us: int) -> None:
    found = spc_days.read(tx, ["c", "other"], from_us, to_us)
    for chart in ("c", "other"):
        known = [one for one in store.samples(tx, chart, from_us, to_us) if one.values]
        its = found.get(chart, spc_days.NONE)
        assert its.at_us.tolist() == [one.at_us for one in known]
        assert its.sizes.tolist() == [len(one.values) for one in known]
        assert its.values.tolist() == [value for one in known for value in one.values]
    assert all(len(its.at_us) for its in found.values())


@pytest.mark.parametrize("seed", range(5))
def test_packed_values_are_those_of_the_samples(database, seed):
    same_as_samples(database, seed)


def test_a_day_without_values_has_no_row(database):
    with database.write() as tx:
        store.store_samples(tx, "c", [Sample(HOUR, (1.0,)), Sample(DAY + HOUR, (2.0, 3.0))])
        store.drop_samples(tx, "c", 0, DAY - 1)
        store.store_samples(tx, "p", [Sample(HOUR, (), 1.0, 20.0)])
        rows = tx.exec_driver_sql("SELECT chart_id, day_us FROM spc_days").all()
    assert rows == [("c", DAY)]


def test_what_was_sampled_before_is_packed_by_the_migration(tmp_path):
    url = f"sqlite:///{tmp_path / 'old.db'}"
    upgrade(url, "0065")
    database = Database(url)
    rows = [("c", 1, [1.5]), ("c", DAY, [2.0, 0.1]), ("c", DAY + 1, [3.0]), ("p", 5, [])]
    with database.write() as tx:
        for chart, at, values in rows:
            tx.exec_driver_sql(
                "INSERT INTO spc_samples VALUES (?, ?, ?, 0, 0)", (chart, at, json.dumps(values))
            )
    upgrade(url)
    with database.read() as tx:
        check(tx, 0, 3 * DAY)
        found = spc_days.read(tx, ["c", "p"], 0, 3 * DAY)
    assert found.keys() == {"c"} and found["c"].values.tolist() == [1.5, 2.0, 0.1, 3.0]
    database.close()
