"""Limits with deadband and delays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.alarms.limit import Limit, Watch, step
from domain.clock import SECOND
from domain.errors import InvalidInput


def moments(limit, values):
    watch, found = Watch(), []
    for at, value in values:
        watch, moment = step(limit, watch, at, value)
        if moment is not None:
            found.append((moment, watch.active))
    return found


def test_deadband_and_delays_keep_it_from_chattering():
    noisy = [(i * SECOND, 100 + (1 if i % 2 else -1)) for i in range(60)]
    assert len(moments(Limit(True, 100), noisy)) == 59
    assert moments(Limit(True, 100, deadband=2), noisy) == [(SECOND, True)]
    assert moments(Limit(True, 100, on_delay_us=3 * SECOND), noisy) == []
    spike = [(i * SECOND, 200 if i == 5 else 50) for i in range(20)]
    assert moments(Limit(True, 100, on_delay_us=2 * SECOND), spike) == []
    stays = [(i * SECOND, 200 if i >= 5 else 50) for i in range(20)]
    assert moments(Limit(True, 100, on_delay_us=2 * SECOND), stays) == [(7 * SECOND, True)]
    back = [*stays, *((i * SECOND, 50) for i in range(20, 30))]
    assert moments(Limit(True, 100, off_delay_us=4 * SECOND), back)[-1] == (24 * SECOND, False)


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=80), st.floats(0, 3))
def test_a_low_limit_mirrors_a_high_one(values, deadband):
    up = [(i * SECOND, v) for i, v in enumerate(values)]
    down = [(at, -v) for at, v in up]
    assert moments(Limit(True, 2.0, deadband), up) == moments(Limit(False, -2.0, deadband), down)


def test_nonsense_limits_do_not_construct():
    for wrong in ({"value": float("nan")}, {"deadband": -1.0}, {"on_delay_us": -1}):
        with pytest.raises(InvalidInput):
            Limit(**({"high": True, "value": 1.0} | wrong))
