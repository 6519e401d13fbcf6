"""Shift calendars as data: weekly patterns, exceptions and holidays become shifts of local days.

Starts, lengths and breaks are wall-clock minutes of the site's IANA zone: a night shift from 22:00 to
06:00 lasts 7 or 9 real hours when the clocks change, and such a local day has 23 or 25.
The nearest scope that has a pattern on a day counts: a line's own, else its area's, else its site's.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from domain.clock import MINUTE, SECOND, micros, utc
from domain.equipment import within
from domain.errors import InvalidInput
from domain.time_model import Span

DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Pattern:
    """A shift that comes again every week. `weekdays` are ISO days (1 Monday) on which it begins.

    `breaks` are (minutes after the start, minutes). The plan of a shift is fixed `freeze_minutes`
    before it begins. `valid_to` is the last day, None for no end.
    """

    pattern_id: str
    scope: str
    name: str
    weekdays: frozenset[int]
    start_minute: int
    minutes: int
    breaks: tuple[tuple[int, int], ...] = ()
    freeze_minutes: int = 480
    on_holidays: bool = False
    valid_from: date = date.min
    valid_to: date | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.start_minute < DAY_MINUTES or not 0 < self.minutes <= DAY_MINUTES:
            raise InvalidInput(f"shift {self.name!r} must start within a day and last up to 24 h", "times")
        if not self.weekdays or not self.weekdays <= set(range(1, 8)):
            raise InvalidInput(f"shift {self.name!r} needs weekdays from 1 (Monday) to 7", "weekdays")
        if any(at < 0 or length <= 0 or at + length > self.minutes for at, length in self.breaks):
            raise InvalidInput(f"a break of shift {self.name!r} lies outside it", "breaks")
        if self.freeze_minutes < 0:
            raise InvalidInput("a plan is fixed before its shift begins, or as it begins", "freeze")
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise InvalidInput("the last day lies before the first", "valid_to")

    def valid_on(self, day: date) -> bool:
        """True while the pattern holds, whether or not it runs on that weekday."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def runs_on(self, day: date, holidays: Collection[date]) -> bool:
        """True when the shift begins on a day."""
        runs = day.isoweekday() in self.weekdays and (self.on_holidays or day not in holidays)
        return self.valid_on(day) and runs


class ExceptionKind(StrEnum):
    """What is different on one day."""

    CLOSED = "closed"  # no shift begins that day
    EXTRA = "extra"  # a shift more, with its own times


@dataclass(frozen=True, slots=True)
class CalendarException:
    """One day that differs for a scope and what lies below it. Times are for EXTRA only."""

    scope: str
    day: date
    kind: ExceptionKind
    name: str = ""
    start_minute: int = 0
    minutes: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Shift(Span):
    """One shift of one local day, with its breaks and the moment its plan froze."""

    day: date
    name: str
    breaks: tuple[Span, ...] = ()
    frozen_us: int = 0


@dataclass(frozen=True, slots=True)
class Overlap(Span):
    """Two shifts of one line that run at once; the minutes count for `counts`. `goes_on`: the other one
    does so behind it."""

    first: str
    second: str
    counts: str = ""
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class Calendar:
    """All that decides when the lines of a site work. `holidays` maps days to their names."""

    zone: str
    patterns: tuple[Pattern, ...]
    exceptions: tuple[CalendarException, ...] = ()
    holidays: tuple[date, ...] = ()

    def shifts(self, line_id: str, first: date, last: date) -> list[Shift]:
        """The shifts of a line that begin on the local days first..last, by start."""
        above = [p for p in self.patterns if within(line_id, p.scope)]
        found: list[Shift] = []
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            found += self._day(line_id, _nearest(above, day), day)
        return sorted(found, key=lambda shift: (shift.from_us, shift.to_us))

    def _day(self, line_id: str, patterns: Sequence[Pattern], day: date) -> list[Shift]:
        mine = [e for e in self.exceptions if e.day == day and within(line_id, e.scope)]
        closed = any(e.kind is ExceptionKind.CLOSED for e in mine)
        running = [] if closed else [p for p in patterns if p.runs_on(day, self.holidays)]
        extra = [
            Pattern("", e.scope, e.name or "Extra", frozenset(range(1, 8)), e.start_minute, e.minutes)
            for e in mine
            if e.kind is ExceptionKind.EXTRA
        ]
        return [shift for p in (*running, *extra) if (shift := _shift(p, day, self.zone))]


def _nearest(patterns: Iterable[Pattern], day: date) -> list[Pattern]:
    """Those of the nearest scope that hold on a day: what has ended gives way to what stands above it."""
    mine = [p for p in patterns if p.valid_on(day)]
    deepest = max((p.scope.count("/") for p in mine), default=0)
    return [p for p in mine if p.scope.count("/") == deepest]


def _shift(pattern: Pattern, day: date, zone: str) -> Shift | None:
    start = at_minute(day, pattern.start_minute, zone)
    end = at_minute(day, pattern.start_minute + pattern.minutes, zone)
    breaks = (
        Span(
            at_minute(day, pattern.start_minute + at, zone),
            at_minute(day, pattern.start_minute + at + length, zone),
        )
        for at, length in pattern.breaks
    )
    if start >= end:  # a short shift that lies wholly within the hour that was skipped
        return None
    frozen = start - pattern.freeze_minutes * MINUTE
    return Shift(start, end, day, pattern.name, tuple(b for b in breaks if b.from_us < b.to_us), frozen)


@lru_cache(maxsize=16_384)
def at_minute(day: date, minute: int, zone: str) -> int:
    """The moment at which the wall clock of a zone shows a minute of a day (past 24 h: the next day).

    In the hour that comes twice it is the first; in the hour that is skipped, the moment of the jump.
    """
    whole, rest = divmod(minute, DAY_MINUTES)
    wall = datetime.combine(day + timedelta(days=whole), time(rest // 60, rest % 60), ZoneInfo(zone))
    first, second = micros(wall), micros(wall.replace(fold=1))
    return first if first <= second else _jump(second, first, ZoneInfo(zone))


def _jump(before_us: int, after_us: int, zone: ZoneInfo) -> int:
    """The moment between two at which the wall clock jumps forward, to the second."""
    low, high = before_us // SECOND, after_us // SECOND
    old = utc(before_us).astimezone(zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        same = utc(middle * SECOND).astimezone(zone).utcoffset() == old
        low, high = (middle, high) if same else (low, middle)
    return high * SECOND


def local_day(us: int, zone: str) -> date:
    """The local day of a moment."""
    return utc(us).astimezone(ZoneInfo(zone)).date()


def day_span(day: date, zone: str) -> Span:
    """A local day from midnight to midnight: 23, 24 or 25 hours."""
    return Span(at_minute(day, 0, zone), at_minute(day, DAY_MINUTES, zone))


def overlaps(shifts: Sequence[Shift]) -> list[Overlap]:
    """Where shifts of one line run at once; `shifts` are sorted by start."""
    found: list[Overlap] = []
    for index, one in enumerate(shifts):
        for other in shifts[index + 1 :]:
            if other.from_us >= one.to_us:
                break
            late = one if one.from_us == other.from_us else other  # of a common start: the shorter
            rest = max(one.to_us, other.to_us) > late.to_us
            end = min(one.to_us, other.to_us)
            found.append(Overlap(other.from_us, end, one.name, other.name, late.name, rest))
    return found


def apart(shifts: Sequence[Shift]) -> list[Shift]:
    """The shifts without overlaps: a minute in two counts for the one that began last, of two with the same
    start for the shorter. An earlier shift goes on behind a later one that ends within it, as a part of its
    own; no minute is lost. `shifts` are sorted by start and end."""
    result: list[Shift] = []
    running: list[Shift] = []  # the one that counts comes last
    for shift in sorted(shifts, key=lambda s: (s.from_us, -s.to_us)):
        _close(result, running, shift.from_us)
        if running:
            at = max(running[-1].from_us, result[-1].to_us if result else running[-1].from_us)
            _part(result, running[-1], at, shift.from_us)
        running.append(shift)
    if running:
        _close(result, running, max(s.to_us for s in running))
    return result


def _close(result: list[Shift], running: list[Shift], at_us: int) -> None:
    """Write what running shifts have until a moment, and forget those that have ended by it."""
    while running and running[-1].to_us <= at_us:
        last = running.pop()
        begin = max(last.from_us, result[-1].to_us) if result else last.from_us
        _part(result, last, begin, last.to_us)
    running[:] = [shift for shift in running if shift.to_us > at_us]


def _part(result: list[Shift], whole: Shift, from_us: int, to_us: int) -> None:
    if from_us < to_us:
        result.append(Shift(from_us, to_us, whole.day, whole.name, whole.breaks, whole.frozen_us))
