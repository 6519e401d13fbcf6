import numpy as np
from sqlalchemy import insert, select

from data.store import half_hours, window_data
from data.store import tables as t
from domain.clock import DAY, HOUR, MINUTE
from domain.telemetry import MachineMode, MachineState
from models.features import plant as features
from models.features.plant import BIN_US, NotKnown, States
from services.score.inputs import Unit
from services.score.plant import ALL_IGNORED, PlantInputs
from tests.services.score.plant import (
    GAUGES,
    START_US,
    add_maintenance,
    add_readings,
    add_site,
    add_state,
    unit_id,
)

UNIT = Unit(unit_id(11), "cnc")


def inputs() -> PlantInputs:
    return PlantInputs(features.TYPES)


def directly(database, at_us: int):
    """What the features say, built from the rows alone."""
    with database.read() as tx:
        readings = window_data.readings(
            tx, UNIT.equipment_id, GAUGES, at_us - features.LOOKBACK_US - features.HOLD_US, at_us
        )
        log = States(*window_data.states(tx, UNIT.equipment_id, at_us - features.STATES_BACK_US, at_us))
        ends = window_data.maintenance_ends(tx, UNIT.equipment_id, at_us).tolist()
    return features.build("cnc", readings, log, ends, at_us)


def build(database, source: PlantInputs, times):
    with database.read() as tx:
        return source.build(tx, UNIT, times)


def same(found, wanted) -> None:
    if isinstance(wanted, NotKnown):
        assert found.window is None
        assert found.reason == wanted.reason
    else:
        assert found.window is not None, found.reason
        assert np.array_equal(found.window, wanted.data)
        assert (found.from_us, found.at_us) == (wanted.from_us, wanted.to_us)


def eventful(database) -> int:
    """Ten days with a failure, a maintenance, a gap, a drop-out; returns the last time on the grid."""
    add_site(database, [11])
    add_readings(database, 11, START_US, START_US + 6 * DAY, seed=1)
    add_readings(database, 11, START_US + 6 * DAY + 5 * HOUR, START_US + 8 * DAY, seed=2, running=False)
    add_readings(
        database, 11, START_US + 8 * DAY, START_US + 10 * DAY, seed=3, gauges=GAUGES[:6], running=False
    )
    for at, state, mode in (
        (2 * DAY, MachineState.ABORTED, MachineMode.PRODUCTION),
        (2 * DAY + 2 * HOUR, MachineState.STOPPED, MachineMode.MAINTENANCE),
        (2 * DAY + 5 * HOUR, MachineState.EXECUTE, MachineMode.PRODUCTION),
        (7 * DAY + 10 * MINUTE, MachineState.IDLE, MachineMode.PRODUCTION),
        (7 * DAY + 50 * MINUTE, MachineState.EXECUTE, MachineMode.PRODUCTION),
    ):
        add_state(database, 11, START_US + at, state, mode)
    add_maintenance(database, 11, START_US + 4 * DAY, START_US + 4 * DAY + 70 * MINUTE)
    return START_US + 10 * DAY


def test_history_in_one_go_is_what_each_moment_would_have_seen(database):
    end = eventful(database)
    times = list(range(START_US + BIN_US, end + 1, BIN_US))
    found = build(database, inputs(), times)
    assert [one.at_us for one in found] == times
    kinds = {one.reason for one in found}
    assert {"", "stopped", "not enough history since the last stop", "data too old"} <= kinds
    for one in found[::5]:
        same(one, directly(database, one.at_us))


def test_remembered_bins_give_the_same_windows(database):
    end = eventful(database)
    source = inputs()
    for at in range(START_US + 7 * DAY, end + 1, 5 * BIN_US):
        same(build(database, source, [at])[0], directly(database, at))


def test_an_older_time_after_a_newer_one(database):
    end = eventful(database)
    source = inputs()
    for at in (end, START_US + 6 * DAY, end - 3 * BIN_US, START_US + 3 * DAY, end):
        same(build(database, source, [at])[0], directly(database, at))


def test_a_value_that_comes_an_hour_late_still_counts(database):
    add_site(database, [11])
    add_readings(database, 11, START_US, START_US + 2 * DAY)
    source, at = inputs(), START_US + 2 * DAY
    before = build(database, source, [at])[0].window
    add_readings(database, 11, at - HOUR + 1, at - 30 * MINUTE, every_us=MINUTE, lift=3, running=False)
    after = build(database, source, [at])[0]
    assert not np.array_equal(before, after.window)
    same(after, directly(database, at))


def test_a_maintenance_that_is_logged_late_empties_the_window(database):
    add_site(database, [11])
    add_readings(database, 11, START_US, START_US + 2 * DAY)
    source, at = inputs(), START_US + 2 * DAY
    assert build(database, source, [at])[0].window is not None
    add_maintenance(database, 11, at - 10 * HOUR, at - 8 * HOUR)
    assert build(database, source, [at])[0].reason == "not enough history since the last stop"


def test_a_machine_that_never_spoke(database):
    add_site(database, [11])
    found = build(database, inputs(), [START_US + DAY])[0]
    assert (found.window, found.reason) == (None, "data too old")


def ignore(database, metric: str, from_us: int, until_us: int) -> None:
    with database.write() as tx:
        row = {
            "equipment_id": unit_id(11), "metric": metric, "from_us": from_us, "until_us": until_us,
            "owner_id": "a", "reason": "drifts",
        }  # fmt: skip
        tx.execute(insert(t.ignored_inputs).values(**row))


def test_an_ignored_sensor_is_as_if_it_were_not_there(database):
    add_site(database, [11])
    add_readings(database, 11, START_US, START_US + 3 * DAY)
    at = START_US + 2 * DAY
    ignore(database, "pressure", at, at + 5 * HOUR)
    before, while_, after = build(database, inputs(), [at - BIN_US, at, at + 5 * HOUR])
    mine = [place for place, name in enumerate(features.CHANNELS) if name == "pressure"]
    assert len(mine) == 3
    assert before.window[:, mine].any()
    assert not while_.window[:, mine].any()
    assert after.window[:, mine].any()
    others = [place for place in range(len(features.CHANNELS)) if place not in mine]
    same(build(database, inputs(), [at - BIN_US])[0], directly(database, at - BIN_US))
    assert np.array_equal(while_.window[:, others], directly(database, at).data[:, others])


def test_when_every_sensor_is_ignored_the_risk_is_not_known(database):
    add_site(database, [11])
    add_readings(database, 11, START_US, START_US + 2 * DAY)
    for name in GAUGES:
        ignore(database, name, START_US, START_US + 3 * DAY)
    assert build(database, inputs(), [START_US + 2 * DAY])[0].reason == ALL_IGNORED


def test_times_are_ends_of_half_hours(database):
    with database.read() as tx:
        times = inputs().due(tx, UNIT, START_US, START_US + 95 * MINUTE)
    assert times == [START_US + BIN_US, START_US + 2 * BIN_US, START_US + 3 * BIN_US]


def remembered(database, times) -> None:
    first = inputs()
    build(database, first, times)
    with database.write() as tx:
        first.remember(tx)


def drop_raw(database, before_us: int) -> None:
    with database.write() as tx:
        tx.execute(t.readings.delete().where(t.readings.c.source_us < before_us))


def test_a_new_process_sees_the_same_without_reading_old_values_again(database):
    end = eventful(database)
    times = list(range(end - DAY, end + 1, BIN_US))
    wanted = [directly(database, at) for at in times]
    remembered(database, times[: len(times) // 2])
    drop_raw(database, times[len(times) // 2] - 3 * HOUR)
    later = times[len(times) // 2 :]
    for found, want in zip(build(database, inputs(), later), wanted[len(times) // 2 :], strict=True):
        same(found, want)


def test_half_hours_that_are_not_there_are_read_from_raw_values(database):
    end = eventful(database)
    wanted = directly(database, end)
    remembered(database, [end])
    with database.write() as tx:
        half_hours.forget(tx, [(UNIT.equipment_id, end - 2 * DAY)])
        kept = len(
            half_hours.load(tx, UNIT.equipment_id, (end - features.LOOKBACK_US) // BIN_US, end // BIN_US)
        )
    assert 0 < kept < features.LOOKBACK_BINS - 60
    same(build(database, inputs(), [end])[0], wanted)


def test_remembering_twice_stores_nothing_twice_and_the_grid_is_the_same(database):
    end = eventful(database)
    source = inputs()
    for at in (end - BIN_US, end, end):
        build(database, source, [at])
        with database.write() as tx:
            source.remember(tx)
    with database.read() as tx:
        bins = list(tx.execute(select(t.half_hours.c.bin).order_by(t.half_hours.c.bin)).scalars())
    assert bins == list(range(bins[0], end // BIN_US - 3))
    assert half_hours.HALF_US == BIN_US
