"""A roster file: what is read, what is wrong with it, and its bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import HOUR
from domain.csv_file import LARGEST_BYTES, MOST_ERRORS
from domain.roster import Line, duty_text, duty_time, read

HEAD = "person,place,duty,from,to\n"
ZONE = "Europe/Berlin"


def wrong(text: str) -> list[str]:
    return [str(one) for one in read((HEAD + text).encode(), ZONE).wrong]


def test_a_file_is_read_in_the_sites_time_whatever_its_separator_and_order() -> None:
    comma = read((HEAD + "mia,Line 1,on shift,2026-11-23 06:00,2026-11-23 14:00\n").encode(), ZONE)
    text = "\ufeffTo;From;Duty;Place;Person\r\n2026-11-23 14:00;2026-11-23 06:00;On call 2;north;jo\r\n\r\n"
    semicolon = read(text.encode(), ZONE)
    assert not comma.wrong and not semicolon.wrong
    begin = 1_795_410_000_000_000  # 2026-11-23 05:00 UTC
    assert comma.lines == (Line(2, "mia", "Line 1", 0, begin, begin + 8 * HOUR),)
    assert semicolon.lines == (Line(2, "jo", "north", 2, begin, begin + 8 * HOUR),)
    assert [duty_text(one.lines[0].position) for one in (comma, semicolon)] == ["on shift", "on call 2"]


def test_a_duty_of_the_hour_that_comes_twice_is_the_same_after_a_file() -> None:
    back = 1_792_890_000_000_000  # 2026-10-25 01:00 UTC
    for begin in (back - HOUR // 2, back + HOUR // 2):
        told = f"{duty_time(begin, ZONE)},{duty_time(begin + HOUR, ZONE)}"
        found = read((HEAD + f"mia,north,on shift,{told}\n").encode(), ZONE)
        assert [(one.from_us, one.until_us) for one in found.lines] == [(begin, begin + HOUR)], found.wrong
    assert duty_time(back - HOUR // 2, ZONE) == "2026-10-25 02:30 +02:00"
    assert duty_time(back + 3 * HOUR, ZONE) == "2026-10-25 05:00"


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("mia,north,on shift,2026-11-23 06:00,", "to is missing"),
        ("mia,north,on shift,2026-11-23 06:00 +02:00,2026-11-23 07:00", "is no time"),
        (",north,,2026-11-23 06:00,2026-11-23 07:00", "person and duty are missing"),
        ("mia,north,late,2026-11-23 06:00,2026-11-23 07:00", "'late' is no duty"),
        ("mia,north,on call 10,2026-11-23 06:00,2026-11-23 07:00", "is no duty"),
        ("mia,north,on shift,23.11.2026,2026-11-23 07:00", "'23.11.2026' is no time"),
        ("mia,north,on shift,0001-01-01 00:00,2026-11-23 07:00", "'0001-01-01 00:00' is no time"),
        ("mia,north,on shift,2026-11-23 08:00,9999-12-31 23:59", "'9999-12-31 23:59' is no time"),
        ("mia,north,on shift,2026-11-23 08:00,2026-11-23 07:00", "the end lies before"),
        ("mia,north,on shift,2026-11-23 08:00,2027-01-23 07:00", "at most 31 days"),
        ("mia,north,on shift,2027-03-28 02:30,2027-03-28 07:00", "does not exist"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(row: str, why: str) -> None:
    assert len(wrong(row)) == 1 and wrong(row)[0].startswith("line 2: ") and why in wrong(row)[0]


def test_the_same_duty_twice_at_a_time_is_refused() -> None:
    one = "mia,north,on shift,2026-11-23 06:00,2026-11-23 14:00\n"
    assert "overlaps line 2" in wrong(one + "MIA,north,on shift,2026-11-23 13:00,2026-11-23 20:00\n")[0]
    assert not wrong(one + "mia,north,on shift,2026-11-23 14:00,2026-11-23 20:00\n")
    assert not wrong(one + "mia,north,on call 1,2026-11-23 13:00,2026-11-23 20:00\n")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "missing: person"),
        (b"person,place,from,to\n", "missing: duty"),
        (HEAD.encode(), "1 to 2,000 lines"),
        (HEAD.encode() + b"a,b,c,d,e\n" * 2_001, "this one has 2,001"),
        (HEAD.encode() + b"x" * LARGEST_BYTES, "larger than 200 kB"),
        ((HEAD + "m\u00e4x,n,on shift,a,b").encode("latin-1"), "not in UTF-8"),
    ],
)
def test_a_file_that_is_none_is_refused_as_a_whole(content: bytes, why: str) -> None:
    found = read(content, ZONE)
    assert not found.lines and len(found.wrong) == 1
    assert found.wrong[0].number == 0 and why in str(found.wrong[0])


def test_not_more_is_said_than_people_read() -> None:
    assert len(wrong("a,b,c,d,e\n" * 100)) == MOST_ERRORS


@given(st.binary(max_size=300), st.text(max_size=200))
def test_no_file_breaks_it(content: bytes, text: str) -> None:
    for tried in (content, HEAD.encode() + content, (HEAD + text).encode("utf-8", "replace")):
        found = read(tried, ZONE)
        assert found.lines or found.wrong
