"""A shift roster as a table: who is on shift or on call, where, from when to when.

The file is CSV in UTF-8 with the columns person, place, duty, from, to (in any order, separated by commas
or semicolons). person is a user name; place an id or a name of the site, an area or a line; duty is
"on shift" or "on call 1" to "on call 9"; times are of the site, as 2026-11-23 06:00. A time that does not
exist (the clock was put forward) is refused; of a time that exists twice the first is meant.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.clock import DAY, micros
from domain.csv_file import Wrong, filled, rows_of, told
from domain.errors import InvalidInput
from domain.wording import local, repeated

COLUMNS = ("person", "place", "duty", "from", "to")
LAST_ON_CALL = 9
LONGEST_US = 31 * DAY
FORMAT = "%Y-%m-%d %H:%M"
_BARE = len("2026-11-23 06:00")


@dataclass(frozen=True, slots=True)
class Line:
    """One duty of a file. `number` is the line of the file, 2 is the first after the names."""

    number: int
    person: str
    place: str
    position: int
    from_us: int
    until_us: int


@dataclass(frozen=True, slots=True)
class Read:
    """The lines that could be read, and everything that is wrong, at most MOST_ERRORS of it."""

    lines: tuple[Line, ...]
    wrong: tuple[Wrong, ...]


def read(content: bytes, zone: str) -> Read:
    """Read a file. Nothing raises: what is wrong is said line by line."""
    try:
        rows = rows_of(content, COLUMNS, "a roster")
    except InvalidInput as error:
        return Read((), (Wrong(0, str(error)),))
    lines: list[Line] = []
    wrong: list[Wrong] = []
    for number, row in rows:
        try:
            lines.append(_line(number, row, ZoneInfo(zone)))
        except InvalidInput as error:
            wrong.append(Wrong(number, str(error)))
    wrong += _doubled(lines)
    return Read(tuple(lines), told(wrong))


def _line(number: int, row: Mapping[str, str], zone: ZoneInfo) -> Line:
    cells = filled(row, COLUMNS)
    begin, end = (_time(cell, zone) for cell in cells[3:])
    if end <= begin:
        raise InvalidInput("the end lies before the beginning")
    if end - begin > LONGEST_US:
        raise InvalidInput(f"at most {LONGEST_US // DAY} days at a time")
    return Line(number, cells[0], cells[1], _position(cells[2]), begin, end)


def _position(text: str) -> int:
    words = text.lower().replace(",", " ").split()
    if words == ["on", "shift"]:
        return 0
    if len(words) == 3 and words[:2] == ["on", "call"] and words[2].isdecimal():
        place = int(words[2])
        if 1 <= place <= LAST_ON_CALL:
            return place
    raise InvalidInput(f"{text!r} is no duty; write on shift, or on call 1 to on call {LAST_ON_CALL}")


def duty_text(position: int) -> str:
    """As it stands in a file."""
    return f"on call {position}" if position else "on shift"


def _time(text: str, zone: ZoneInfo) -> int:
    try:
        bare = len(text) <= _BARE
        at = datetime.strptime(text, FORMAT).replace(tzinfo=zone) if bare else _with_offset(text, zone)
        if not 2000 <= at.year <= 2100:
            raise ValueError(at.year)  # also: the ends of the calendar cannot be counted in UTC
    except ValueError as error:
        raise InvalidInput(f"{text!r} is no time; write it as 2026-11-23 06:00") from error
    us = micros(at)
    if datetime.fromtimestamp(us / 1e6, zone).replace(tzinfo=None) != at.replace(tzinfo=None):
        raise InvalidInput(f"{text} does not exist: the clock was put forward")
    return us


def _with_offset(text: str, zone: ZoneInfo) -> datetime:
    """`2026-10-25 02:30 +02:00`: which of the two hours is meant when the clock is put back."""
    given = datetime.strptime(text, f"{FORMAT} %z")
    at = given.astimezone(zone)
    if at.utcoffset() != given.utcoffset():
        raise ValueError(f"the offset is {at:%z} then")
    return at


def duty_time(us: int, zone: str) -> str:
    """As it stands in a file: `2026-11-23 06:00`, with its offset in an hour that comes twice."""
    return f"{local(us, zone).strftime(FORMAT)} {repeated(us, zone)}".rstrip()


def _doubled(lines: Sequence[Line]) -> Iterable[Wrong]:
    """Lines that put one person on the same duty at the same place twice at a time."""
    last: dict[tuple[str, str, int], Line] = {}
    for line in sorted(lines, key=lambda one: (one.from_us, one.number)):
        key = (line.person.lower(), line.place.lower(), line.position)
        before = last.get(key)
        if before is not None and line.from_us < before.until_us:
            yield Wrong(line.number, f"overlaps line {before.number}, the same person on the same duty")
        last[key] = line if before is None or line.until_us > before.until_us else before
