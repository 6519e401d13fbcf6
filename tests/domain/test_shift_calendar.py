"""Calendars as data: zones, clock changes, holidays, exceptions, overlaps."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import HOUR, MINUTE, utc
from domain.errors import InvalidInput
from domain.shift_calendar import (
    Calendar,
    CalendarException,
    ExceptionKind,
    Pattern,
    Shift,
    apart,
    day_span,
    overlaps,
)

LINE = "north/machining/line-1"
BERLIN = "Europe/Berlin"
WEEK = frozenset(range(1, 8))


def pattern(name: str, start: int, hours: int, scope: str = LINE, **more: object) -> Pattern:
    return Pattern(f"{scope}-{name}", scope, name, more.pop("weekdays", WEEK), start * 60, hours * 60, **more)


THREE = (pattern("Early", 6, 8), pattern("Late", 14, 8), pattern("Night", 22, 8))


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)]
)
def test_a_local_day_has_23_24_or_25_hours(day: date, hours: int) -> None:
    span = day_span(day, BERLIN)
    assert span.to_us - span.from_us == hours * HOUR


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 28), 7), (date(2026, 10, 24), 9)])
def test_the_night_shift_over_a_clock_change_lasts_7_or_9_hours(day: date, hours: int) -> None:
    night = Calendar(BERLIN, THREE).shifts(LINE, day, day)[-1]
    assert night.name == "Night"
    assert night.to_us - night.from_us == hours * HOUR


def test_a_break_keeps_its_wall_clock_time_over_a_clock_change() -> None:
    night = pattern("Night", 22, 8, breaks=((5 * 60, 30),))
    shift = Calendar(BERLIN, (night,)).shifts(LINE, date(2026, 3, 28), date(2026, 3, 28))[0]
    assert f"{utc(shift.breaks[0].from_us):%H:%M}" == "01:00"  # 03:00 summer time
    assert shift.breaks[0].to_us - shift.breaks[0].from_us == 30 * MINUTE


@pytest.mark.parametrize(
    ("start", "minutes", "begins", "lasts"),
    [
        (150, 45, "01:00", 15),
        (120, 60, "", 0),
        (130, 30, "", 0),
        (90, 60, "00:30", 30),
        (180, 60, "01:00", 60),
    ],
)
def test_what_lies_in_the_hour_that_is_skipped_is_cut_not_moved(
    start: int, minutes: int, begins: str, lasts: int
) -> None:
    day = date(2026, 3, 29)  # 02:00 is followed by 03:00
    one = Pattern("x", LINE, "Short", WEEK, start, minutes)
    found = [
        (f"{utc(s.from_us):%H:%M}", s.to_us - s.from_us)
        for s in Calendar(BERLIN, (one,)).shifts(LINE, day, day)
    ]
    assert found == ([(begins, lasts * MINUTE)] if lasts else [])


def test_a_shift_that_ends_in_the_skipped_hour_meets_the_next_one() -> None:
    day = date(2026, 3, 29)
    two = (Pattern("a", LINE, "A", WEEK, 0, 150), Pattern("b", LINE, "B", WEEK, 180, 60))
    first, second = Calendar(BERLIN, two).shifts(LINE, day, day)
    assert first.to_us == second.from_us and overlaps([first, second]) == []


def test_weekdays_holidays_and_exceptions() -> None:
    work = pattern("Day", 8, 8, weekdays=frozenset({1, 2, 3, 4, 5}))
    calendar = Calendar(
        BERLIN,
        (work,),
        (
            CalendarException("north", date(2026, 12, 28), ExceptionKind.CLOSED, reason="stocktaking"),
            CalendarException(LINE, date(2026, 12, 26), ExceptionKind.EXTRA, "Saturday", 6 * 60, 240),
        ),
        (date(2026, 12, 25),),
    )
    found = calendar.shifts(LINE, date(2026, 12, 24), date(2026, 12, 29))
    assert [(s.day.day, s.name) for s in found] == [(24, "Day"), (26, "Saturday"), (29, "Day")]


def test_the_nearest_scope_counts_and_a_version_ends() -> None:
    old = pattern("Old", 6, 8, valid_to=date(2026, 5, 31))
    new = pattern("New", 7, 8, valid_from=date(2026, 6, 1))
    calendar = Calendar(BERLIN, (pattern("Site", 0, 8, "north"), old, new))
    names = [s.name for s in calendar.shifts(LINE, date(2026, 5, 31), date(2026, 6, 1))]
    assert names == ["Old", "New"]
    assert [s.name for s in calendar.shifts("north/a/line-9", date(2026, 6, 1), date(2026, 6, 1))] == ["Site"]


def test_overlapping_shifts_are_found_and_cut_apart() -> None:
    shifts = Calendar("UTC", (pattern("A", 6, 8), pattern("B", 13, 8))).shifts(
        LINE, date(2026, 6, 1), date(2026, 6, 1)
    )
    (overlap,) = overlaps(shifts)
    assert (overlap.first, overlap.second, overlap.to_us - overlap.from_us) == ("A", "B", HOUR)
    assert [(s.to_us - s.from_us) // HOUR for s in apart(shifts)] == [7, 8]


def named(*rows: tuple[str, int, int]) -> list[Shift]:
    return [Shift(a * HOUR, b * HOUR, date(2026, 6, 1), name) for name, a, b in rows]


def told(shifts: list[Shift]) -> list[tuple[str, int, int]]:
    return [(s.name, s.from_us // HOUR, s.to_us // HOUR) for s in shifts]


def test_a_shift_goes_on_behind_one_that_lies_within_it() -> None:
    both = named(("Early", 0, 8), ("Overtime", 1, 2))
    assert told(apart(both)) == [("Early", 0, 1), ("Overtime", 1, 2), ("Early", 2, 8)]
    (overlap,) = overlaps(both)
    assert (overlap.counts, overlap.goes_on, overlap.to_us) == ("Overtime", True, 2 * HOUR)


def test_of_two_shifts_with_one_start_the_shorter_counts_and_the_longer_goes_on() -> None:
    both = named(("Short", 0, 2), ("Long", 0, 8))
    assert told(apart(both)) == [("Short", 0, 2), ("Long", 2, 8)]
    (overlap,) = overlaps(both)
    assert (overlap.counts, overlap.goes_on) == ("Short", True)
    (twice,) = overlaps(named(("A", 0, 8), ("B", 0, 8)))
    assert (twice.counts, twice.goes_on) == ("A", False)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 12)), max_size=6))
def test_each_minute_of_any_shift_is_in_exactly_one_and_none_is_lost(rows) -> None:
    shifts = named(*((f"S{k}", a, a + n) for k, (a, n) in enumerate(sorted(rows))))
    cut = apart(shifts)
    for at in range(40):
        here = [s for s in shifts if s.covers(at * HOUR)]
        found = [s.name for s in cut if s.covers(at * HOUR)]
        best = sorted(here, key=lambda s: (-s.from_us, s.to_us))[:1]
        same = {s.name for s in here if best and (s.from_us, s.to_us) == (best[0].from_us, best[0].to_us)}
        assert len(found) == len(best) and set(found) <= same


def test_a_break_outside_its_shift_is_refused() -> None:
    with pytest.raises(InvalidInput):
        pattern("A", 6, 8, breaks=((470, 20),))


@given(
    st.sampled_from([BERLIN, "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"]),
    st.dates(date(2011, 1, 1), date(2030, 12, 1)),
    st.integers(0, 1439),
)
def test_shifts_round_the_clock_meet_without_hole_in_any_zone(zone: str, day: date, start: int) -> None:
    three = tuple(Pattern(f"p{k}", LINE, f"S{k}", WEEK, (start + 480 * k) % 1440, 480) for k in range(3))
    shifts = Calendar(zone, three).shifts(LINE, day, day + timedelta(days=3))
    cut = apart(shifts)
    assert all(a.to_us <= b.from_us for a, b in pairwise(cut))
    inner = [s for s in cut if s.from_us >= day_span(day + timedelta(days=1), zone).from_us]
    assert all(a.to_us == b.from_us for a, b in pairwise(inner))


@given(st.dates(date(2000, 1, 1), date(2035, 1, 1)), st.sampled_from([BERLIN, "America/St_Johns", "UTC"]))
def test_days_meet(day: date, zone: str) -> None:
    assert day_span(day, zone).to_us == day_span(day + timedelta(days=1), zone).from_us
