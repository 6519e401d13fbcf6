"""When a setup begins and ends, from parts worked by hand. Minutes; a bucket has five."""

import pytest

from domain.clock import HOUR, MINUTE
from domain.setups import LONGEST_US, Booked, BookedLate, Doubled, Made, booked_late, doubled, with_setups
from domain.time_model import Span

BUCKET = 5 * MINUTE


def booked(begin: int, end: int, product: str, setup_end: int | None = None, cycle: float = 60.0) -> Booked:
    told = None if setup_end is None else setup_end * MINUTE
    return Booked(begin * MINUTE, end * MINUTE, f"W-{product}", product, cycle, told)


def made(*stretches: tuple[int, int], per_bucket: float = 5.0) -> Made:
    at = [b for begin, end in stretches for b in range(begin * MINUTE, end * MINUTE, BUCKET)]
    return Made(at, [per_bucket] * len(at), BUCKET)


def spans(operations, parts) -> list[tuple[str, int, int, int]]:
    """(product, from, end of the setup, to) in minutes."""
    return [
        (o.product_id, o.from_us // MINUTE, o.setup_end_us // MINUTE, o.to_us // MINUTE)
        for o in with_setups(operations, parts)
    ]


def test_a_setup_begins_with_the_last_good_old_piece_and_ends_with_the_first_new_at_rate() -> None:
    orders = [booked(0, 240, "A", 0), booked(240, 480, "B")]
    assert spans(orders, made((0, 205), (265, 480))) == [("A", 0, 0, 205), ("B", 205, 265, 480)]


def test_slow_first_pieces_are_still_setup() -> None:
    """60 s a part are 5 in a bucket; 2 are less than half of that, 3 are more."""
    slow, fast = made((250, 270), per_bucket=2.0), made((270, 480), per_bucket=3.0)
    old = made((0, 205))
    parts = Made([*old.buckets, *slow.buckets, *fast.buckets], [*old.good, *slow.good, *fast.good], BUCKET)
    assert spans([booked(0, 240, "A", 0), booked(240, 480, "B")], parts)[1] == ("B", 205, 270, 480)


def test_the_same_product_again_needs_no_setup() -> None:
    orders = [booked(0, 240, "A", 0), booked(240, 480, "A")]
    assert spans(orders, made((0, 205), (265, 480)))[1] == ("A", 240, 240, 480)


def test_idle_time_booked_between_two_orders_is_no_setup() -> None:
    orders = [booked(0, 210, "A", 0), booked(240, 480, "B")]
    assert spans(orders, made((0, 205), (265, 480)))[1] == ("B", 240, 265, 480)


def test_without_parts_a_setup_lasts_four_hours_at_most() -> None:
    orders = [booked(0, 240, "A", 0), booked(240, 900, "B")]
    assert spans(orders, made((0, 240)))[1] == ("B", 240, 240 + LONGEST_US // MINUTE, 900)
    assert LONGEST_US == 4 * HOUR


def test_an_order_goes_on_behind_one_that_came_between() -> None:
    orders = [booked(0, 480, "A", 0), booked(120, 180, "RUSH", 130), booked(480, 600, "A", 480)]
    parts = made((0, 120), (130, 600))
    assert spans(orders, parts) == [
        ("A", 0, 0, 120), ("RUSH", 120, 130, 180), ("A", 180, 180, 480), ("A", 480, 480, 600),
    ]  # fmt: skip
    assert doubled(orders) == [Doubled(120 * MINUTE, "W-A", "W-RUSH", True)]


def test_orders_that_overlap_at_their_ends_meet_where_the_second_begins() -> None:
    orders = [booked(0, 240, "A", 0), booked(200, 480, "A2", 200)]
    assert spans(orders, made((0, 480))) == [("A", 0, 0, 200), ("A2", 200, 200, 480)]
    assert doubled(orders) == [Doubled(200 * MINUTE, "W-A", "W-A2", False)]


def test_orders_that_meet_within_a_minute_do_not_overlap() -> None:
    orders = [booked(0, 241, "A", 0), booked(240, 480, "A2", 240), booked(480, 500, "A2", 480)]
    assert doubled(orders) == []
    assert [row[0] for row in spans(orders, made((0, 500)))] == ["A", "A2", "A2"]


def test_a_switch_booked_after_the_new_parts_have_begun() -> None:
    """The old order ended at 190, the new parts came from 210 on, the switch was booked at 243."""
    orders = [booked(0, 243, "A", 0), booked(243, 480, "B")]
    parts = made((0, 190), (210, 480))
    assert spans(orders, parts) == [("A", 0, 0, 190), ("B", 190, 210, 480)]
    setup = Span(190 * MINUTE, 210 * MINUTE)
    assert booked_late(orders, with_setups(orders, parts)) == [BookedLate(243 * MINUTE, "W-B", setup)]


def test_of_several_stops_before_a_late_switch_the_longest_is_the_setup() -> None:
    orders = [booked(0, 240, "A", 0), booked(240, 480, "B")]
    parts = made((0, 185), (210, 225), (235, 480))  # 25 minutes, then 10
    assert spans(orders, parts) == [("A", 0, 0, 185), ("B", 185, 210, 480)]


@pytest.mark.parametrize(
    "parts",
    [
        made((0, 480)),  # none at all
        made((0, 200), (205, 480)),  # one bucket is too short
        made((0, 100), (170, 480)),  # ended 70 minutes before
    ],
)
def test_parts_that_come_right_through_a_switch_without_a_stop_near_it_need_no_setup(parts) -> None:
    orders = [booked(0, 240, "A", 0), booked(240, 480, "B")]
    assert spans(orders, parts) == [("A", 0, 0, 240), ("B", 240, 240, 480)]
    assert booked_late(orders, with_setups(orders, parts)) == []


def test_a_switch_for_which_the_mes_says_that_there_was_no_setup_has_none_while_parts_come() -> None:
    orders = [booked(0, 243, "A", 0), booked(243, 480, "B", 243)]
    assert spans(orders, made((0, 480)))[1] == ("B", 243, 243, 480)
    assert spans(orders, made((0, 190), (210, 480)))[1] == ("B", 243, 243, 480)


def test_slow_cycles_make_no_setup_of_their_own_pauses() -> None:
    """A part in 200 s: three cycles are 10 minutes; in 250 s they are 12.5, and 10 are too short."""
    parts = made((0, 200), (210, 480))
    for cycle, wanted in ((200.0, ("B", 200, 210, 480)), (250.0, ("B", 240, 240, 480))):
        orders = [booked(0, 240, "A", 0, cycle), booked(240, 480, "B", None, cycle)]
        assert spans(orders, parts)[1] == wanted


def test_a_late_switch_for_which_the_mes_says_when_the_setup_had_ended() -> None:
    orders = [booked(0, 240, "A", 0), booked(240, 480, "B", 213)]
    assert spans(orders, made((0, 190), (210, 480)))[1] == ("B", 190, 213, 480)


def test_a_setup_that_the_mes_ends_before_the_first_good_piece_goes_on_until_then() -> None:
    orders = [booked(0, 240, "A", 0), booked(240, 480, "B", 250)]
    assert spans(orders, made((0, 240), (275, 480)))[1] == ("B", 240, 275, 480)
    again = [booked(0, 240, "A", 0), booked(240, 480, "A", 250)]  # a setup of the same product
    assert spans(again, made((0, 240), (275, 480)))[1] == ("A", 240, 275, 480)


def test_the_end_that_the_mes_books_holds_to_the_minute_where_parts_came_with_it() -> None:
    orders = [booked(0, 240, "A", 0), booked(240, 480, "B", 252)]
    assert spans(orders, made((0, 240), (250, 480)))[1] == ("B", 240, 252, 480)
    assert spans(orders, made((0, 240), (245, 480)))[1] == (
        "B",
        240,
        252,
        480,
    )  # pieces before it: not yet good
    assert spans(orders, made((0, 240)))[1] == ("B", 240, 252, 480)  # none came: its word holds
