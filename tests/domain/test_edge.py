"""Deadband, sums and limits of a gateway."""

import pytest

from domain.edge import Aggregate, Deadband, EdgeValue, LimitWatch, Side, Sum
from domain.telemetry import Quality


def value(at_ms: int, number: float, quality: Quality = Quality.GOOD) -> EdgeValue:
    return EdgeValue("press", "load", at_ms, number, quality)


@pytest.mark.parametrize(
    ("band", "moved", "passes"),
    [
        (Deadband(), 0.0, False),
        (Deadband(), 1e-9, True),
        (Deadband(absolute=0.5), 0.5, False),
        (Deadband(absolute=0.5), -0.51, True),
        (Deadband(percent=1, low=0, high=200), 2.0, False),
        (Deadband(percent=1, low=0, high=200), 2.01, True),
    ],
)
def test_a_change_must_exceed_the_deadband(band: Deadband, moved: float, passes: bool) -> None:
    assert band.passes(value(0, 0.0), value(1, moved)) is passes


def test_the_first_value_and_a_change_of_quality_always_pass() -> None:
    assert Deadband(absolute=99).passes(None, value(0, 1.0))
    assert Deadband(absolute=99).passes(value(0, 1.0), value(1, 1.0, Quality.BAD))


def test_a_slow_drift_passes_once_it_has_come_far_enough() -> None:
    band, sent, passed = Deadband(absolute=1.0), value(0, 0.0), []
    for n in range(1, 40):
        found = value(n, n * 0.1)
        if band.passes(sent, found):
            sent = found
            passed.append(n)
    assert passed == [11, 22, 33]


def test_sums_bear_the_end_of_their_stretch() -> None:
    sums = Aggregate(10_000, (Sum.MEAN, Sum.MIN, Sum.MAX, Sum.LAST))
    for at, number in ((1_000, 4.0), (5_000, 1.0), (10_000, 7.0)):
        assert sums.take(value(at, number)) == []
    told = sums.take(value(10_001, 99.0))
    assert told is not None
    assert [(one.metric, one.at_ms, one.value) for one in told] == [
        ("load", 10_000, 4.0), ("load/min", 10_000, 1.0), ("load/max", 10_000, 7.0),
        ("load/last", 10_000, 7.0),
    ]  # fmt: skip
    assert sums.take(value(9_999, 5.0)) is None  # its stretch was told
    assert [one.value for one in sums.due(20_000)] == [99.0] * 4
    assert sums.due(30_000) == []


def test_bad_values_are_in_no_sum() -> None:
    sums = Aggregate(1_000)
    sums.take(value(100, 900.0, Quality.BAD))
    assert sums.due(2_000) == []
    sums.take(value(2_100, 1.0))
    sums.take(value(2_200, 900.0, Quality.BAD))
    assert [one.value for one in sums.due(3_000)] == [1.0]


def test_a_limit_needs_time_raises_once_and_clears_within() -> None:
    watch = LimitWatch(high=80, clear_by=5, after_ms=2_000)
    assert watch.take(value(0, 81)) == []
    assert watch.take(value(1_000, 79)) == []  # a break: it begins anew
    assert watch.take(value(2_000, 81)) == []
    (raised,) = watch.take(value(4_000, 90))
    assert (raised.side, raised.raised, str(raised)) == (
        Side.HIGH, True, "press load is above its high limit of 80: 90",
    )  # fmt: skip
    assert watch.take(value(5_000, 95)) == []
    assert watch.take(value(6_000, 76)) == []  # not far enough
    assert watch.take(value(7_000, 0, Quality.BAD)) == []
    (cleared,) = watch.take(value(8_000, 75))
    assert not cleared.raised


def test_both_limits_are_watched() -> None:
    watch = LimitWatch(high=80, low=10)
    assert [a.side for a in watch.take(value(0, 9))] == [Side.LOW]
    assert [(a.side, a.raised) for a in watch.take(value(1, 81))] == [(Side.HIGH, True), (Side.LOW, False)]
