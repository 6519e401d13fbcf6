"""Periods of reports on the site's clock, what may be scheduled, and what a spreadsheet may be given."""

import itertools
import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import DAY, HOUR, MINUTE, micros, utc
from domain.errors import InvalidInput
from domain.reporting import (
    Delivery,
    Format,
    Kind,
    Plan,
    calendar_periods,
    day_period,
    midnight,
    shift_period,
    week_period,
)
from domain.spreadsheet import FORMULA, csv_bytes, dangerous, plain

BERLIN = "Europe/Berlin"
A_PLAN = {
    "scope": "north",
    "kind": Kind.DAY,
    "formats": (Format.PDF,),
    "delivery": Delivery.FOLDER,
    "target": ("daily",),
}


def test_days_of_a_change_of_clocks_have_23_and_25_hours():
    spring, autumn = day_period(date(2026, 3, 29), BERLIN), day_period(date(2026, 10, 25), BERLIN)
    assert (spring.to_us - spring.from_us, autumn.to_us - autumn.from_us) == (23 * HOUR, 25 * HOUR)
    assert utc(spring.from_us).isoformat() == "2026-03-28T23:00:00+00:00"


def test_a_week_is_that_of_iso_8601_across_the_turn_of_the_year():
    week = week_period(date(2027, 1, 2), BERLIN)
    assert week.key == "2026-W53"
    assert (week.from_us, week.to_us) == (
        midnight(date(2026, 12, 28), BERLIN),
        midnight(date(2027, 1, 4), BERLIN),
    )
    assert week.name == "Week 53 of 2026, 28 Dec to 3 Jan 2027"


def test_a_night_shift_belongs_to_the_day_on_which_it_begins():
    begin = micros(utc(midnight(date(2026, 11, 20), BERLIN)).replace()) + 22 * HOUR
    shift = shift_period("Night / late", begin, begin + 8 * HOUR, BERLIN)
    assert shift.key == "2026-11-20-2200-night-late"
    assert shift.name == "Night / late shift, Friday, 20 November 2026, 22:00 to 06:00"


@given(
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]),
    st.sampled_from([Kind.DAY, Kind.WEEK]),
    st.integers(0, 700),
    st.integers(1, 60),
)
def test_periods_join_without_holes_and_end_within_the_span(zone, kind, start, days):
    from_us = micros(utc(1_735_689_600_000_000 + start * DAY + 7 * HOUR))
    to_us = from_us + days * DAY
    found = list(calendar_periods(kind, zone, from_us, to_us))
    assert all(from_us < p.to_us <= to_us for p in found)
    assert all(one.to_us == other.from_us for one, other in itertools.pairwise(found))
    assert len({p.key for p in found}) == len(found)
    assert len(found) >= (days - 1 if kind is Kind.DAY else days // 7 - 1)


def test_a_period_that_ends_at_the_beginning_of_the_span_is_not_in_it():
    monday = midnight(date(2026, 11, 16), BERLIN)
    assert [p.key for p in calendar_periods(Kind.DAY, BERLIN, monday, monday + DAY)] == ["2026-11-16"]


@pytest.mark.parametrize(
    "changed",
    [
        {"formats": ()},
        {"delay_us": 13 * HOUR},
        {"delay_us": -MINUTE},
        {"target": ()},
        {"target": ("../etc",)},
        {"target": ("/etc",)},
        {"target": ("a", "b")},
        {"target": ("Daily Reports",)},
        {"delivery": Delivery.MAIL, "target": ("nobody",)},
        {"delivery": Delivery.MAIL, "target": ("a@b.example\nBcc: c@d.example",)},
        {"delivery": Delivery.MAIL, "target": ("<a@b.example>",)},
        {"delivery": Delivery.MAIL, "target": tuple(f"a{n}@b.example" for n in range(21))},
    ],
)
def test_a_plan_that_makes_no_sense_does_not_construct(changed):
    with pytest.raises(InvalidInput):
        Plan(**{**A_PLAN, **changed})


def test_a_plan_with_addresses_or_a_folder():
    Plan(**A_PLAN)
    Plan(**{**A_PLAN, "target": ("shifts/line-1",)})
    Plan(**{**A_PLAN, "delivery": Delivery.MAIL, "target": ("a.b+c@plant.example", "x@y.example")})


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "  =1",
        "\u3000=1",
        "\uff1d1",
        "\uff20x",
        "\u00a0=1",
    ],
)
def test_what_would_run_is_made_plain(text):
    assert dangerous(text) and plain(text) == f"'{text}"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("\r=1", "'\r'=1"), ("\n=1", "'\n'=1"), ("bad;=1+1", "bad;'=1+1"), ("bad; @x", "bad;' @x"),
        ('bad;"=1"', "bad;'\"=1\""), ("a\n-1", "a\n'-1"), (";+1", ";'+1"), ("a;\uff1d1", "a;'\uff1d1"),
        ("a; b; c", "a; b; c"), ("=a;=b", "'=a;'=b"),
    ],
)  # fmt: skip
def test_what_would_run_where_semicolons_separate_is_made_plain(text, written):
    assert plain(text) == written


@given(st.text() | st.text(alphabet=";\n\r\"'=+-@ a"))
def test_no_text_can_run(text):
    written = plain(text)
    assert isinstance(written, str) and not written.startswith(FORMULA)
    for part in re.split(r"[;\r\n]", written)[1:]:
        assert not part.lstrip(' "').startswith(("=", "+", "-", "@"))
    assert written.replace("'", "") == text.replace("'", "")


def test_numbers_stay_numbers_and_the_head_is_made_plain_too():
    raw = csv_bytes(("a", "=b"), [(-1.5, None), ("=c", "d,e")]).decode("utf-8-sig")
    assert raw == "a,'=b\r\n-1.5,\r\n'=c,\"d,e\"\r\n"
