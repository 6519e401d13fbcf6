"""Windows of plant machines: the same bytes in serving and training, and the rules about stops and gaps."""

import numpy as np
import pytest

from domain.clock import HOUR, MINUTE
from models.features import plant as f
from models.features.plant import BIN_US, Bins, NotKnown, States, Window

RUN, ABORTED, STOPPED = 6, 9, 2
PRODUCTION, MAINTENANCE = 1, 2
START = 1_000_000 * BIN_US


def machine(days=9.0, step_us=5 * MINUTE, seed=3):
    """Readings every `step_us` and a state log of a machine that runs all the time."""
    draw = np.random.default_rng(seed)
    us = START + np.arange(1, int(days * 24 * HOUR / step_us) + 1, dtype=np.int64) * step_us
    base = {name: 20.0 + 3 * place for place, name in enumerate(f.GAUGES)}
    base["temperature"] = 60.0
    readings = {name: (us, level * np.exp(draw.normal(0, 0.03, len(us)))) for name, level in base.items()}
    return readings, states((0, RUN, PRODUCTION)), int(us[-1])


def states(*rows):
    """A state log from (bins since START, state, mode)."""
    table = np.array([(START + int(at * BIN_US), state, mode) for at, state, mode in rows], dtype=np.int64)
    return States(table[:, 0], table[:, 1], table[:, 2])


def built(readings, log, at_us, ends=()):
    """The window at `at_us`, which must be known."""
    window = f.build("cnc", readings, log, ends, at_us)
    assert isinstance(window, Window), window
    return window


def column(name, statistic):
    return next(
        place
        for place, pair in enumerate(zip(f.CHANNELS, f.STATISTICS, strict=True))
        if pair == (name, statistic)
    )


def test_channels_and_statistics_name_every_column():
    assert len(f.CHANNELS) == len(f.STATISTICS) == f.VALUES + len(f.GAUGES) + 1 + len(f.TYPES)
    assert f.STATISTICS[f.VALUES :].count("mask") == len(f.GAUGES) + 1
    assert max(f.MASK_OF) == len(f.GAUGES)
    assert [f.CHANNELS[place] for place in range(f.VALUES)][: len(f.GAUGES)] == list(f.GAUGES)


@pytest.mark.parametrize("step_us", [5 * MINUTE, 7 * MINUTE + 13])
def test_single_and_batch_windows_are_the_same_bytes(step_us):
    readings, log, end = machine(step_us=step_us)
    log = states((0, RUN, 1), (40, STOPPED, MAINTENANCE), (41.3, RUN, 1), (150.2, STOPPED, 1), (160, RUN, 1))
    first, count = START // BIN_US, end // BIN_US - START // BIN_US
    bins = f.bin_readings(readings, log, (), first, count)
    places = np.flatnonzero(f.usable(bins))
    batch = f.windows("cnc", bins, places)
    assert len(places) > 300
    for number in range(0, len(places), 29):
        at_us = (first + places[number] + 1) * BIN_US + 17 * MINUTE
        back = at_us - f.LOOKBACK_US - f.HOLD_US - BIN_US
        recent = {name: (us[us >= back], value[us >= back]) for name, (us, value) in readings.items()}
        cut = {name: (us[us <= at_us], value[us <= at_us]) for name, (us, value) in recent.items()}
        single = built(cut, log, int(at_us))
        assert single.data.tobytes() == batch[number].tobytes()
        assert single.to_us == (first + places[number] + 1) * BIN_US


def test_bins_may_be_kept_and_joined():
    readings, log, _ = machine()
    first = START // BIN_US
    whole = f.bin_readings(readings, log, (), first, 300)
    early = f.bin_readings(readings, log, (), first, 180)
    late = f.bin_readings(readings, log, (), first + 180, 120)
    joined = early.join(late)
    for name in ("mean", "run_us", "seen", "stop"):
        np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name))
    with pytest.raises(ValueError, match="do not follow"):
        late.join(early)


def test_readings_after_the_moment_change_nothing():
    readings, log, end = machine()
    at_us = end - 30 * HOUR
    before = built(readings, log, at_us)
    later = {name: (us, np.where(us > at_us, value * 5, value)) for name, (us, value) in readings.items()}
    assert built(later, log, at_us).hash == before.hash


def test_features_begin_anew_at_the_end_of_a_maintenance():
    readings, _, _ = machine()
    log = states((0, RUN, 1), (200.2, STOPPED, MAINTENANCE), (203.5, RUN, 1))
    stopped = f.build("cnc", readings, log, (), START + 202 * BIN_US)
    assert stopped == NotKnown("stopped")
    early = f.build("cnc", readings, log, (), START + 220 * BIN_US)
    assert early == NotKnown("not enough history since the last stop")
    first = START + 236 * BIN_US
    assert isinstance(f.build("cnc", readings, log, (), first - BIN_US), NotKnown)
    window = built(readings, log, first)
    hours = window.data[:, column("operating_hours", "value")]
    np.testing.assert_allclose(hours, np.arange(1, 33) * 0.5)


def test_what_was_before_the_maintenance_is_forgotten():
    readings, _, _ = machine()
    log = states((0, RUN, 1), (200, STOPPED, MAINTENANCE), (203, RUN, 1))
    at_us = START + 260 * BIN_US
    edge = START + 203 * BIN_US
    other = {name: (us, np.where(us < edge, value * 3, value)) for name, (us, value) in readings.items()}
    assert built(other, log, at_us).hash == built(readings, log, at_us).hash


def test_a_logged_end_of_maintenance_alone_begins_anew():
    readings, log, _ = machine()
    end = START + 200 * BIN_US + 5
    assert f.build("cnc", readings, log, (end,), START + 210 * BIN_US) == NotKnown(
        "not enough history since the last stop"
    )


def test_a_failure_in_the_running_half_hour_is_a_stop_already():
    readings, _, _ = machine()
    log = states((0, RUN, 1), (300.2, ABORTED, 1))
    assert f.build("cnc", readings, log, (), START + int(300.4 * BIN_US)) == NotKnown("stopped")
    assert isinstance(f.build("cnc", readings, log, (), START + int(300.1 * BIN_US)), Window)


def test_a_night_without_a_shift_is_no_stop():
    readings, _, _ = machine()
    log = states((0, RUN, 1), (300, STOPPED, PRODUCTION), (316, RUN, 1))
    window = built(readings, log, START + 320 * BIN_US)
    ran = window.data[:, column("run_fraction", "mean")]
    np.testing.assert_array_equal(ran, [1.0] * 12 + [0.0] * 16 + [1.0] * 4)
    assert not window.data[12:28, column("current", "mask")].any()
    assert window.data[12:28, column("run_fraction", "mask")].all()


def test_old_data_is_not_scored():
    readings, log, end = machine()
    assert f.build("cnc", readings, log, (), end + 3 * HOUR) == NotKnown("data too old")
    assert f.build("cnc", {}, log, (), end) == NotKnown("data too old")


@pytest.mark.parametrize("broken", ["stuck", "missing", "nan"])
def test_a_stuck_or_silent_sensor_is_masked(broken):
    readings, log, end = machine()
    us, value = readings["pressure"]
    late = us > end - 6 * HOUR
    if broken == "stuck":
        readings["pressure"] = (us, np.where(late, value[~late][-1], value))
    elif broken == "nan":
        readings["pressure"] = (us, np.where(late, np.nan, value))
    else:
        readings["pressure"] = (us[~late], value[~late])
    window = built(readings, log, end)
    assert window.data[:16, column("pressure", "mask")].all()
    assert not window.data[-10:, column("pressure", "mask")].any()
    assert not window.data[-10:, column("pressure", "mean")].any()
    assert window.data[:, column("current", "mask")].all()


def test_a_change_is_measured_against_the_usual_value():
    readings, log, end = machine()
    us, value = readings["vibration_rms"]
    readings["vibration_rms"] = (us, np.where(us > end - 4 * HOUR, value * 1.5, value))
    change = built(readings, log, end).data[:, column("vibration_rms", "change")]
    assert abs(change[:20].mean()) < 0.02
    assert abs(change[-6:].mean() - np.log(1.5)) < 0.03


def test_means_are_weighted_by_time():
    us = START + np.array([0, 10, 20], dtype=np.int64) * MINUTE
    bins = f.bin_readings(
        {"current": (us, np.array([10.0, 20.0, 60.0]))}, states((0, RUN, 1)), (), START // BIN_US, 1
    )
    assert bins.mean[0, f.GAUGES.index("current")] == pytest.approx(30.0)
    assert bins.seen[0] == pytest.approx(1.0)


def test_a_gap_is_neither_seen_nor_filled():
    readings, log, _ = machine()
    hole = (START + 300 * BIN_US, START + 325 * BIN_US)
    readings = {
        name: (us[(us < hole[0]) | (us > hole[1])], value[(us < hole[0]) | (us > hole[1])])
        for name, (us, value) in readings.items()
    }
    assert f.build("cnc", readings, log, (), START + 327 * BIN_US) == NotKnown("too little data")


def test_the_machine_type_is_a_channel():
    readings, log, end = machine()
    for kind in f.TYPES:
        window = f.build(kind, readings, log, (), end)
        assert isinstance(window, Window)
        hot = window.data[:, -len(f.TYPES) :]
        assert hot.sum() == f.STEPS
        assert hot[:, f.TYPES.index(kind)].all()


def test_empty_bins_have_no_window():
    empty = Bins(0, np.zeros((0, 11)), np.zeros(0, np.int64), np.zeros(0), np.zeros(0, bool))
    assert f.window_of("cnc", empty, 0) == NotKnown("stopped")
