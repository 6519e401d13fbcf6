"""When something is odd, and since when."""

from domain.clock import MINUTE
from domain.oddity import CALM, PAUSE_US, Oddity, begun

STEP = 30 * MINUTE


def after(flags: str, begin: int = 0) -> Oddity:
    """`x` above the limit, `.` below, one half hour each."""
    now = Oddity()
    for place, flag in enumerate(flags):
        now = now.step(begin + place * STEP, above=flag == "x")
    return now


def test_one_half_hour_alone_is_nothing_and_two_count_from_the_first() -> None:
    assert after("..x").since_us is None
    assert after("..xx").since_us == 2 * STEP
    assert after("..x.x").since_us is None


def test_it_lasts_through_short_calms_and_ends_with_a_long_one() -> None:
    assert after("xx" + "." * (CALM - 1)).since_us == 0
    assert after("xx" + "." * (CALM - 1) + "x" + "." * (CALM - 1)).since_us == 0
    assert after("xx" + "." * CALM).since_us is None


def test_a_pause_forgets_everything() -> None:
    odd = after("xx")
    assert odd.step(STEP + PAUSE_US, above=True).since_us == 0
    assert odd.step(STEP + PAUSE_US + 1, above=True).since_us is None


def test_stretches_are_counted_once_each_with_when_they_were_first_said() -> None:
    flags = ".xx.x" + "." * CALM + "xxx"
    found = begun((place * STEP, flag == "x") for place, flag in enumerate(flags))
    assert found == [(STEP, 2 * STEP), ((5 + CALM) * STEP, (6 + CALM) * STEP)]
