"""What a window may be taught: failure within the horizon, watched and none, or nothing."""

import numpy as np

from models.failure.labels import labels, watch

H = 24


def times(*values):
    return np.array(values, dtype=np.int64)


def test_a_failure_within_the_horizon_is_1_and_before_it_unlabelled_windows_are_0():
    at = times(0, 75, 76, 99)
    seen = watch(at, times(100), times(), 1_000)
    np.testing.assert_array_equal(labels(at, seen, H), [0, 0, 1, 1])
    np.testing.assert_array_equal(seen.failure_us, 100)


def test_the_horizon_is_open_at_the_window_and_closed_at_its_end():
    at = times(76, 100)
    seen = watch(at, times(100), times(), 110)
    found = labels(at, seen, H)
    assert found[0] == 1
    assert np.isnan(found[1])
    assert seen.failure_us.tolist() == [100, -1]


def test_a_preventive_maintenance_censors():
    at = times(50, 75, 76, 77)
    seen = watch(at, times(110), times(100), 1_000)
    found = labels(at, seen, H)
    np.testing.assert_array_equal(found[:3], [0, 0, 0])
    assert np.isnan(found[3])
    np.testing.assert_array_equal(seen.failure_us, -1)
    np.testing.assert_array_equal(seen.end_us, 100)


def test_the_end_of_the_data_censors():
    at = times(10, 77)
    seen = watch(at, times(), times(), 100)
    found = labels(at, seen, H)
    assert found[0] == 0
    assert np.isnan(found[1])
    np.testing.assert_array_equal(seen.end_us, 100)


def test_a_failure_after_the_end_of_the_data_is_not_known():
    seen = watch(times(90), times(105), times(), 100)
    assert seen.failure_us.tolist() == [-1]
    assert seen.end_us.tolist() == [100]


def test_every_window_looks_at_its_own_next_failure():
    seen = watch(times(0, 100, 150), times(100, 200), times(120), 1_000)
    assert seen.failure_us.tolist() == [100, -1, 200]
    assert seen.end_us.tolist() == [100, 120, 200]
