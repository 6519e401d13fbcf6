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
