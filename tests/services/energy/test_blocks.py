"""Stored quarter hours against those made from the facts, whatever came late and in which order."""

import random

import numpy as np
import pytest
from sqlalchemy import func, select

from data.store import tables as t
from data.store.upsert import upsert
from domain.clock import DAY, HOUR, MINUTE, Clock, wall_us
from domain.energy import QUARTER_US
from domain.time_model import Span
from services import clocks
from services.energy import blocks, buckets
from services.energy.load import load
from services.kpi import dirty
from services.kpi.keeping import Keeper
from services.rollups import BUCKET_US
from tests import factories as f

LINE = "north/machining/line-1"
UNITS = [f"{LINE}/cnc-{k}" for k in (11, 12, 13)]
START = f.NOW - f.NOW % DAY - 6 * DAY
END = START + 4 * DAY


def bucket(tx, unit, at, kwh):
    row = {"equipment_id": unit, "bucket_us": at, "good": 3.0, "scrap": 0.0, "energy_kwh": kwh}
    upsert(tx, t.counts, [row], ["equipment_id", "bucket_us"])
    return Span(at, at + BUCKET_US)


def state(tx, unit, at, code):
    row = {"equipment_id": unit, "source_us": at, "state": code, "mode": 1, "receive_us": at}
    upsert(tx, t.states, [row], ["equipment_id", "source_us"])
    later = select(func.min(t.states.c.source_us)).where(
        t.states.c.equipment_id == unit, t.states.c.source_us > at
    )
    return Span(at, tx.execute(later).scalar() or END + DAY)


def history(rng):
    """(time, unit, kind, value) of four days with gaps of minutes to hours, one machine a day late."""
    facts = []
    for unit in UNITS:
        at = START + (DAY if unit == UNITS[2] else 0)
        while at < END:
            facts.append((at, unit, "bucket", rng.choice((0.0, 0.25, 2.0, 3.5))))
            at += BUCKET_US * (1 if rng.random() < 0.97 else rng.randrange(2, 300))
        facts += [
            (START + rng.randrange(4 * DAY), unit, "state", rng.choice((2, 6, 6, 11))) for _ in range(60)
        ]
    return facts


def arrive(database, facts):
    """Store facts and mark what they change, as ingest does; the keeper brings all up to date."""
    for low in range(0, len(facts), 400):
        with database.write() as tx:
            for at, unit, kind, value in facts[low : low + 400]:
                span = (bucket if kind == "bucket" else state)(tx, unit, at, value)
                dirty.mark(tx, [(unit, span.from_us, span.to_us)])
        Keeper(database).turn()


def check(database, rng):
    """Any stretch read through blocks equals the same made from the facts alone."""
    for _ in range(12):
        low = START - DAY + rng.randrange(5 * 96) * QUARTER_US
        high = low + rng.randrange(1, 3 * 96) * QUARTER_US
        with database.read() as tx:
            stored = load(tx, UNITS, low, high).columns
            plain = buckets.read(tx, UNITS, low, high).quarters()
        for name in buckets.QUARTER.names:
            np.testing.assert_allclose(stored[name], plain[name], rtol=1e-5, atol=1e-5, err_msg=name)


def placed(database):
    with database.write() as tx:
        f.site(tx)
        for unit in UNITS:
            f.machine(tx, unit)
        clocks.write(tx, "north", Clock(END + 3 * HOUR, wall_us(), 1e-6))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_late_facts_in_any_order_change_the_blocks_that_they_touch(database, seed):
    rng = random.Random(seed)
    placed(database)
    facts = history(rng)
    late = [facts.pop(rng.randrange(len(facts))) for _ in range(120)]
    arrive(database, sorted(facts))
    with database.read() as tx:
        assert tx.execute(select(func.count()).select_from(t.energy_blocks)).scalar_one() >= 14
    check(database, rng)
    for part in (late[:40], late[40:]):
        arrive(database, part)
        check(database, rng)
    with database.read() as tx:
        assert tx.execute(select(func.count()).select_from(t.energy_stale)).scalar_one() == 0


def test_a_day_that_is_marked_twice_is_marked_once(database):
    placed(database)
    arrive(database, sorted(history(random.Random(6))))
    for _ in range(2):
        with database.write() as tx:
            blocks.touch(tx, {UNITS[0]: [Span(START + HOUR, START + 2 * HOUR)]})
    with database.read() as tx:
        marked = tx.execute(select(t.energy_stale.c.equipment_id, t.energy_stale.c.block_us)).all()
    assert marked == [(UNITS[0], blocks.floor(START))]


def test_marks_of_days_on_postgresql(postgres):
    test_a_day_that_is_marked_twice_is_marked_once(postgres)


def test_the_same_on_postgresql(postgres):
    test_late_facts_in_any_order_change_the_blocks_that_they_touch(postgres, 4)


def test_a_history_that_reaches_further_back_than_the_first_block_is_packed_backwards(database):
    rng = random.Random(5)
    placed(database)
    facts = sorted(history(rng))
    half = START + 2 * DAY
    arrive(database, [fact for fact in facts if fact[0] >= half])
    arrive(database, [fact for fact in facts if fact[0] < half])
    check(database, rng)
    with database.read() as tx:
        first = tx.execute(select(func.min(t.energy_blocks.c.block_us))).scalar_one()
    assert first == blocks.floor(START)


def test_a_day_grows_by_quarter_hours_and_the_rest_is_read_from_the_facts(database):
    placed(database)
    with database.write() as tx:
        for at in range(START, START + 6 * HOUR, BUCKET_US):
            bucket(tx, UNITS[0], at, 1.0)
    for minutes, packed in ((5, 0), (26, 1), (6 * 60 + 12, 24)):
        with database.write() as tx:
            clocks.write(tx, "north", Clock(START + minutes * MINUTE, wall_us(), 1e-6))
        Keeper(database).turn()
        with database.read() as tx:
            upto = tx.execute(select(t.energy_blocks.c.upto_us)).scalar()
            assert (0 if upto is None else (upto - START) // QUARTER_US) == packed
            assert load(tx, UNITS, START, START + 6 * HOUR).demand().kwh.sum() == 72
