"""Looks at signals from what is stored: one machine after the other, on SQLite and PostgreSQL."""

from collections.abc import Iterator

import numpy as np
import pytest
from sqlalchemy import delete, insert, select, update

from data.store import signal_quality as store
from data.store import tables as t
from data.store.database import Database
from domain.clock import HOUR, MINUTE, SECOND
from domain.signal_quality import Look, Odd, odds
from domain.telemetry import MachineState, Quality
from services.signal_watch import AGAIN_US, SignalWatch, noise_of
from tests.services.score.plant import SITE, START_US, add_readings, add_site, add_state, unit_id

NOW = START_US + 6 * HOUR


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.services)])
def plant(request: pytest.FixtureRequest) -> Iterator[Database]:
    database = request.getfixturevalue("database" if request.param == "sqlite" else "postgres")
    add_site(database, [11, 12])
    for number in (11, 12):
        add_readings(database, number, START_US, NOW, every_us=MINUTE, gauges=("temperature", "current"))
    yield database


def look(database: Database, metric: str = "temperature", number: int = 11, now: int = NOW) -> Look:
    watch = SignalWatch(database)
    assert [watch.turn(SITE, now) for _ in range(3)] == [2, 2, 0]
    with database.read() as tx:
        found = store.load(tx, [unit_id(number)])[unit_id(number)]
    return next(one for one in found if one.metric == metric)


def change(database: Database, metric: str, since: int, **values) -> None:
    ids = select(t.metrics.c.metric_id).where(
        t.metrics.c.equipment_id == unit_id(11), t.metrics.c.name == metric
    )
    r = t.readings.c
    with database.write() as tx:
        tx.execute(update(t.readings).where(r.metric_id.in_(ids), r.source_us >= since).values(**values))


def test_a_usual_signal(plant):
    found = look(plant)
    assert odds(found) == ()
    assert (found.readings, found.running_us) == (239, 4 * HOUR)
    assert found.noise == pytest.approx(0.3, rel=0.25)
    assert found.usual_noise == 0.0


def test_the_next_look_knows_the_usual_noise_and_comes_after_its_time(plant):
    watch = SignalWatch(plant)
    assert watch.turn(SITE, NOW) == 2
    assert watch.turn(SITE, NOW) == 2
    assert watch.turn(SITE, NOW + AGAIN_US - 1) == 0
    first = store_of(plant)
    assert watch.turn(SITE, NOW + AGAIN_US) == 2
    assert store_of(plant).usual_noise == first.noise


def store_of(database: Database) -> Look:
    with database.read() as tx:
        return store.load(tx, [unit_id(11)])[unit_id(11)][1]


def test_a_value_that_stands_still_while_the_machine_runs(plant):
    change(plant, "temperature", NOW - 3 * HOUR, value=40.0)
    found = look(plant)
    assert found.flat_us == 3 * HOUR
    assert odds(found) == (Odd.FLAT,)


def test_standing_time_does_not_count(plant):
    change(plant, "temperature", NOW - 3 * HOUR, value=40.0)
    add_state(plant, 11, NOW - 2 * HOUR, MachineState.STOPPED)
    found = look(plant)
    assert found.flat_us == HOUR
    assert odds(found) == ()


def test_a_sensor_that_fell_silent(plant):
    found = look(plant, now=NOW + 40 * MINUTE)
    assert found.silent_us == 41 * MINUTE
    assert odds(found) == (Odd.SILENT,)


def test_values_out_of_range_and_a_clock_behind(plant):
    change(plant, "temperature", NOW - 10 * MINUTE, quality=int(Quality.UNCERTAIN))
    r = t.readings.c
    with plant.write() as tx:
        tx.execute(update(t.readings).values(receive_us=r.source_us + 90 * SECOND))
    found = look(plant)
    assert found.out_of_range == 10
    assert found.late_us == 90 * SECOND
    assert odds(found) == (Odd.OUT_OF_RANGE, Odd.CLOCK)


def test_what_was_kept_and_sent_again_says_nothing_about_the_clock(plant):
    r = t.readings.c
    with plant.write() as tx:
        tx.execute(update(t.readings).where(r.source_us < NOW - HOUR).values(receive_us=NOW - HOUR))
    assert odds(look(plant)) == ()


def test_a_machine_without_values_is_looked_at_too(plant):
    with plant.write() as tx:
        tx.execute(
            insert(t.metrics).values(equipment_id=unit_id(11), name="speed", unit="1/min", kind="gauge")
        )
    watch = SignalWatch(plant)
    assert watch.turn(SITE, NOW) == 3
    assert SignalWatch(plant).turn("elsewhere", NOW) == 0


def test_noise_is_not_moved_by_steps_and_slopes():
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 0.5, 4_000)
    assert noise_of(noise) == pytest.approx(0.5, rel=0.06)
    steps = np.repeat([0.0, 40.0, 7.0, 90.0], 1_000)
    assert noise_of(noise + steps) == pytest.approx(noise_of(noise), rel=0.02)
    assert noise_of(noise + np.linspace(0, 20, 4_000)) == pytest.approx(0.5, rel=0.06)
    assert noise_of(np.array([1.0, 2.0])) == 0.0


@pytest.mark.parametrize(("deadband", "odd"), [(0.5, ()), (0.0, (Odd.FLAT,)), (None, (Odd.SILENT,))])
def test_silence_of_a_metric_that_is_sent_by_exception_is_no_fault(plant, deadband, odd):
    ids = select(t.metrics.c.metric_id).where(
        t.metrics.c.equipment_id == unit_id(11), t.metrics.c.name == "temperature"
    )
    r = t.readings.c
    with plant.write() as tx:
        tx.execute(delete(t.readings).where(r.metric_id.in_(ids), r.source_us >= NOW - 3 * HOUR))
        mine = (t.metrics.c.equipment_id == unit_id(11)) & (t.metrics.c.name == "temperature")
        tx.execute(update(t.metrics).where(mine).values(deadband=deadband))
    assert odds(look(plant)) == odd
