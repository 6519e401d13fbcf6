"""The shift calendar: when a line works, in the site's own time zone (also across clock changes)."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from domain.clock import HOUR, SECOND, micros, utc
from simulator.layout import Line


@dataclass(frozen=True, slots=True)
class ShiftTime:
    """One shift of one day, plant time."""

    day: date
    name: str
    start_us: int
    end_us: int
    break_start_us: int
    break_end_us: int


def shifts_of(line: Line, day: date, zone: ZoneInfo) -> tuple[ShiftTime, ...]:
    """The shifts that begin on a local day."""
    found = []
    for shift in line.shifts:
        begin = datetime.combine(day, time(shift.start_hour), zone)
        start = micros(begin)
        end = micros(begin + timedelta(hours=shift.hours))  # local hours: 7 or 9 real ones when clocks change
        pause = start + shift.break_after_s * SECOND
        found.append(ShiftTime(day, shift.name, start, end, pause, pause + shift.break_s * SECOND))
    return tuple(found)


class Calendar:
    """Open, in a break, or closed, for one line; remembers the shift it last looked at."""

    def __init__(self, line: Line, zone: ZoneInfo) -> None:
        self._line, self._zone = line, zone
        self._day = lru_cache(maxsize=8)(self._shifts_around)
        self._current: ShiftTime | None = None

    def at(self, us: int) -> ShiftTime | None:
        """The shift that is on at `us`, or None."""
        current = self._current
        if current is not None and current.start_us <= us < current.end_us:
            return current
        local = utc(us).astimezone(self._zone).date()
        for shift in self._day(local):
            if shift.start_us <= us < shift.end_us:
                self._current = shift
                return shift
        return None

    def _shifts_around(self, day: date) -> tuple[ShiftTime, ...]:
        before = shifts_of(self._line, day - timedelta(days=1), self._zone)
        return (*before, *shifts_of(self._line, day, self._zone))


def is_open(shift: ShiftTime | None, us: int) -> tuple[bool, bool]:
    """(open, in_break) at `us`."""
    if shift is None:
        return False, False
    pause = shift.break_start_us <= us < shift.break_end_us
    return not pause, pause


__all__ = ["HOUR", "Calendar", "ShiftTime", "is_open", "shifts_of"]
