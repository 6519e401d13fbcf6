"""What the screen of the shift calendar shows."""

from dataclasses import dataclass
from datetime import date

from domain.shift_calendar import CalendarException, Pattern
from domain.time_model import Span


@dataclass(frozen=True, slots=True)
class DayRow:
    """One local day. `hours` is 23 or 25 when the clock moves; `holiday` is its name, or empty."""

    day: date
    from_us: int
    to_us: int
    hours: int
    holiday: str


@dataclass(frozen=True, slots=True)
class ShiftCell:
    """One shift of a line. `source` is empty for the calendar, else the MES that names it. `fixed`: its
    plan is frozen; `clash`: names of the shifts that run at the same time."""

    name: str
    from_us: int
    to_us: int
    frozen_us: int
    fixed: bool
    breaks: tuple[Span, ...]
    source: str
    clash: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LineShifts:
    """A line and its shifts within the stretch, by start."""

    line_id: str
    name: str
    shifts: tuple[ShiftCell, ...]


@dataclass(frozen=True, slots=True)
class CalendarView:
    """Some days of the lines of a site."""

    days: tuple[DayRow, ...]
    lines: tuple[LineShifts, ...]


@dataclass(frozen=True, slots=True)
class PatternRow:
    """A weekly shift with the name of the part of the plant that it is for."""

    pattern: Pattern
    scope_name: str
    state: str  # holds, to come, ended


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    """A day that differs. `past`: it cannot be taken back any more."""

    exception: CalendarException
    scope_name: str
    past: bool


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change of a setting, as the audit has it. `words` say what it was before and after."""

    at_us: int
    who: str
    action: str
    about: str
    words: str
    reason: str


@dataclass(frozen=True, slots=True)
class CalendarSettings:
    """All that makes the shifts of a site: patterns, days that differ, whose holidays, who changed what."""

    patterns: tuple[PatternRow, ...]
    exceptions: tuple[ExceptionRow, ...]
    region: tuple[str, str] | None
    changes: tuple[ChangeRow, ...]
