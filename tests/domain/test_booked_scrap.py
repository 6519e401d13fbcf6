"""When a difference between booked and counted scrap may be the counter's own; figures worked by hand."""

import pytest

from domain.booked_scrap import Booked, Counted, Doubt, agrees, doubt, same_parts

H = 3_600_000_000


def test_less_than_half_a_part_is_no_difference() -> None:
    assert agrees(0.4) and agrees(-0.4) and not agrees(0.5)


@pytest.mark.parametrize(
    ("difference", "counted", "said"),
    [
        (3.0, Counted(10, 90), None),
        (3.0, Counted(10, 90, edge_scrap=3), Doubt.EDGE),  # all three may be of the order beside it
        (-3.0, Counted(10, 90, edge_scrap=3), Doubt.EDGE),
        (4.0, Counted(10, 90, edge_scrap=3), None),
        # 100 parts in 4 h, an hour without data: 25 parts may have been made in it
        (25.0, Counted(10, 90, silent_us=H, running_us=4 * H), Doubt.SILENCE),
        (26.0, Counted(10, 90, silent_us=H, running_us=4 * H), None),
        (28.0, Counted(10, 90, edge_scrap=3, silent_us=H, running_us=4 * H), Doubt.SILENCE),
        (500.0, Counted(0, 0, silent_us=H), Doubt.SILENCE),  # never heard at work: no bound
        (500.0, Counted(10, None, silent_us=H, running_us=4 * H, fell=1), Doubt.FELL),
        (500.0, Counted(10, 90, fell=2), Doubt.FELL),
        (500.0, Counted(10, 90, fell=2, shared=1), Doubt.SHARED),
        (2.0, Counted(10, 90, edge_scrap=3, fell=2), Doubt.EDGE),  # the narrowest reason
    ],
)
def test_a_difference_within_what_the_counter_may_miss_says_so(difference, counted, said) -> None:
    assert doubt(difference, counted) is said


def test_the_same_parts_may_be_called_scrap_on_one_side_and_good_on_the_other() -> None:
    assert same_parts(Booked(30, 210), Counted(12, 228))
    assert not same_parts(Booked(30, 210), Counted(12, 210))
    assert same_parts(Booked(30, 210), Counted(12, 220, edge_parts=10))
    assert not same_parts(Booked(30, None), Counted(12, 228))
    assert not same_parts(Booked(30, 210), Counted(12, None))
