"""Parts and energy added up by the database equal those read bucket by bucket, on both databases."""

import random

import numpy as np
import pytest

from data.store import kpi_counts
from data.store import tables as t
from data.store.database import Database
from data.store.kpi_counts import BUCKET_US
from domain.clock import HOUR
from domain.setups import Made

FIRST = 1_735_686_000_000_000 // BUCKET_US * BUCKET_US
NEAR = {"unit": "u", "from_us": FIRST, "to_us": FIRST + 10**15}


def fill(database: Database, seed: int, keep: float) -> random.Random:
    rng = random.Random(seed)
    rows = [
        {"equipment_id": unit, "bucket_us": FIRST + k * BUCKET_US, "good": float(rng.randrange(4)),
         "scrap": float(rng.randrange(2)), "energy_kwh": rng.random(), "resets": float(rng.random() < 0.01),
         "refused": float(rng.random() < 0.01)}
        for unit in ("u", "v") for k in range(900) if rng.random() < keep
    ]  # fmt: skip
    with database.write() as tx:
        tx.execute(t.counts.insert(), rows)
    return rng


def check(database: Database, seed: int, keep: float) -> None:
    rng = fill(database, seed, keep)
    with database.read() as tx:
        every, found = kpi_counts.by_bucket(tx, NEAR), kpi_counts.buckets(tx, NEAR)
        assert np.array_equal(every.bucket_us, found) and kpi_counts.aligned(found)
        begins = np.array([rng.random() < 0.05 for _ in found])
        begins[0] = True
        added = kpi_counts.added(tx, "u", found, lambda _at: begins.copy())
        places = np.flatnonzero(begins)
        assert np.array_equal(added.bucket_us, found[places])
        assert np.array_equal(added.good, np.add.reduceat(every.good, places))
        assert np.array_equal(added.scrap, np.add.reduceat(every.scrap, places))
        assert added.energy_kwh == pytest.approx(np.add.reduceat(every.energy_kwh, places), rel=1e-12)
        some = every.good > 0
        made = Made(every.bucket_us[some].tolist(), every.good[some].tolist(), BUCKET_US)
        stored = kpi_counts.Stored(tx, "u")
        for _ in range(60):
            at, cycle = FIRST + rng.randrange(-HOUR, 80 * HOUR), rng.choice([None, 30.0, 120.0, 1000.0])
            assert stored.first_at_rate(at, at + HOUR, cycle) == made.first_at_rate(at, at + HOUR, cycle)
            before = made.last_before(at)
            if before is None or before >= at - 4 * HOUR:
                assert stored.last_before(at) == before
            assert stored.runs_through(at) == made.runs_through(at)
            stretch = (at - 4 * HOUR, at, at - HOUR)
            assert stored.longest_gap(*stretch) == made.longest_gap(*stretch)


@pytest.mark.parametrize("keep", [1.0, 0.9, 0.2])
@pytest.mark.parametrize("seed", [1, 2])
def test_sums_of_stretches_are_those_of_their_buckets(database: Database, seed, keep) -> None:
    check(database, seed, keep)


@pytest.mark.services
@pytest.mark.parametrize("keep", [1.0, 0.9])
def test_the_same_on_postgresql(postgres: Database, keep) -> None:
    check(postgres, 3, keep)


def test_a_hole_is_never_counted_as_a_bucket(database: Database) -> None:
    rows = [
        {"equipment_id": "u", "bucket_us": FIRST + k, "good": 1.0, "scrap": 0.0, "energy_kwh": 0.0}
        for k in (0, BUCKET_US, 1 + BUCKET_US, 3 * BUCKET_US)
    ]
    with database.write() as tx:
        tx.execute(t.counts.insert(), rows)
        found = kpi_counts.buckets(tx, NEAR)
    assert found.tolist() == [row["bucket_us"] for row in rows] and not kpi_counts.aligned(found)


def test_nothing_recorded_is_nothing(database: Database) -> None:
    with database.read() as tx:
        found = kpi_counts.buckets(tx, NEAR)
        assert len(found) == 0 and kpi_counts.heard(found) == []
        assert len(kpi_counts.added(tx, "u", found, lambda at: at > 0).bucket_us) == 0
        assert kpi_counts.odd(tx, NEAR) == ([], [], [])
