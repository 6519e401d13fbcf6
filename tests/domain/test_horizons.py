"""Chances by horizon: between, before and beyond the stated ones, and how long a line is planned to run."""

import pytest

from domain.clock import HOUR
from domain.horizons import chance_within, planned_hours

CURVE = ((8.0, 0.1), (24.0, 0.3), (168.0, 0.8))


def test_the_stated_horizons_are_given_back():
    for at, chance in CURVE:
        assert chance_within(CURVE, at) == pytest.approx(chance)


def test_between_two_horizons_the_hazard_is_constant():
    assert 1 - chance_within(CURVE, 16.0) == pytest.approx((0.9 * 0.7) ** 0.5)
    assert 1 - chance_within(CURVE, 4.0) == pytest.approx(0.9**0.5)


def test_nothing_fails_in_no_time_and_beyond_the_last_horizon_nothing_more_is_said():
    assert chance_within(CURVE, 0.0) == 0.0
    assert chance_within(CURVE, 400.0) == pytest.approx(0.8)
    assert chance_within((), 24.0) == 0.0


def test_a_sure_failure_stays_a_number():
    assert chance_within(((8.0, 1.0), (24.0, 1.0)), 24.0) == pytest.approx(1.0)


def test_planned_hours_count_only_what_lies_in_the_stretch():
    spans = [(0, 8 * HOUR), (10 * HOUR, 18 * HOUR), (34 * HOUR, 42 * HOUR)]
    assert planned_hours(spans, 4 * HOUR, 36 * HOUR) == 4 + 8 + 2
    assert planned_hours([], 0, 24 * HOUR) == 0
