"""What came of a moved set point: shares, their change, and when nothing may be said."""

import random

import pytest

from domain.set_points import Counted, Verdict, _quantile, compared


def runs(*bad: float, parts: float = 1_000.0) -> list[Counted]:
    return [Counted(parts, one) for one in bad]


def test_the_quantile_is_students() -> None:
    for freedom, known in ((4, 2.1318), (6, 1.9432), (10, 1.8125), (18, 1.7341)):
        assert _quantile(freedom) == pytest.approx(known, abs=0.003)


def test_fewer_more_and_not_clearly_either() -> None:
    fell = compared(runs(22, 25, 24, 23), runs(11, 12, 10, 13))
    assert fell.verdict is Verdict.FEWER
    assert fell.before.share == pytest.approx(0.0235) and fell.change == pytest.approx(-0.012)
    assert fell.low is not None and fell.high is not None and fell.low < fell.change < fell.high < 0
    assert compared(runs(11, 12, 10, 13), runs(22, 25, 24, 23)).verdict is Verdict.MORE
    assert compared(runs(5, 45, 2, 40), runs(11, 12, 10, 13)).verdict is Verdict.UNCLEAR


def test_nothing_is_said_of_few_operations_or_none() -> None:
    for before, after in ((runs(20, 21), runs(10, 11, 12)), (runs(20, 21, 22), runs(10)), ([], [])):
        few = compared(before, after)
        assert few.verdict is Verdict.UNKNOWN and few.change is None
    assert compared([], []).before.share is None


def test_operations_that_agree_by_chance_do_not_make_it_sure() -> None:
    """Three of each without a bad part apart from one: the parts themselves still vary."""
    same = compared(runs(1, 1, 1, parts=100), runs(0, 1, 1, parts=100))
    assert same.verdict is Verdict.UNCLEAR


def test_where_nothing_changed_a_change_is_told_about_one_time_in_ten() -> None:
    draw, told = random.Random(7), 0
    for _ in range(400):
        sides = [
            [Counted(800, sum(draw.random() < 0.02 for _ in range(800))) for _ in range(5)] for _ in (0, 1)
        ]
        told += compared(*sides).verdict is not Verdict.UNCLEAR
    assert told < 0.14 * 400
