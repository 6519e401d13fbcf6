"""Losses of several lines: each at its own rate, none hidden by another, none made up."""

import pytest

from domain.clock import HOUR
from domain.kpi import Measures
from services.kpi.losses import big_losses

SLOW = Measures(production_us=8 * HOUR, good=300, ideal_s=3 * 3600.0, ideal_good_s=3 * 3600.0)
FAST = Measures(production_us=8 * HOUR, good=1300, ideal_s=13 * 3600.0, ideal_good_s=13 * 3600.0)
NO_CYCLE = Measures(production_us=HOUR, down_us=HOUR, good=10, unrated=10)


def by_name(lines):
    return {row.name: row for row in big_losses(lines)}


def test_a_fast_line_hides_no_slow_one_and_each_costs_its_own_rate() -> None:
    speed = by_name([(SLOW, 50_000), (FAST, 10_000)])["speed"]
    assert (speed.seconds, speed.cents, speed.partly) == (5 * 3600, 250_000, False)


def test_without_a_planned_cycle_a_loss_is_not_known_and_not_nothing() -> None:
    alone = by_name([(NO_CYCLE, 100)])
    assert (alone["speed"].seconds, alone["speed"].cents, alone["startup"].seconds) == (None, None, None)
    assert alone["failure"].seconds == pytest.approx(3600)
    beside = by_name([(SLOW, 100), (NO_CYCLE, 100)])["speed"]
    assert (beside.seconds, beside.partly) == (5 * 3600, True)
    assert {row.seconds for row in big_losses([])} == {0}
