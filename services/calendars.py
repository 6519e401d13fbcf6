"""Shift calendars: patterns, exceptions and public holidays, and the shifts that they make.

The shifts of a calendar stand in `shifts` beside those that a MES names, under the instance
CALENDAR: whoever reads shifts need not know where they come from. A day that began is never
rewritten: a new pattern changes the days to come.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, delete, func, select

from data.store import tables as t
from data.store.database import Database
from data.store.upsert import insert_ignore, upsert
from domain.clock import FOR_EVER_US, wall_us
from domain.equipment import site_of
from domain.errors import InvalidInput, NotFound
from domain.shift_calendar import (
    Calendar,
    CalendarException,
    ExceptionKind,
    Overlap,
    Pattern,
    Shift,
    at_minute,
    local_day,
    overlaps,
)
from services import clocks
from services.kpi import dirty
from services.queries.common import under

CALENDAR = "calendar"
AHEAD_DAYS = 35


@lru_cache(maxsize=64)
def public_holidays(country: str, subdivision: str, year: int) -> dict[date, str]:
    """The public holidays of a year with their names. Raises InvalidInput for an unknown region."""
    import holidays  # a tenth of a second that only who asks for holidays waits for

    try:
        found = holidays.country_holidays(country, subdiv=subdivision or None, years=year, language="en_US")
    except NotImplementedError as error:
        raise InvalidInput(
            f"the holidays of {country} {subdivision} are not known; {country} or its part may be written "
            "otherwise, such as DE and BY",
            "region",
        ) from error
    return dict(found.items())


def load(tx: Connection, site_id: str, first: date, last: date) -> Calendar:
    """The calendar of a site for the local days first..last. Raises NotFound for an unknown site."""
    zone = tx.execute(select(t.sites.c.time_zone).where(t.sites.c.site_id == site_id)).scalar()
    if zone is None:
        raise NotFound(f"there is no site {site_id}")
    p, e = t.shift_patterns, t.calendar_exceptions
    patterns = tx.execute(select(p).where(under(p.c.scope, site_id)).order_by(p.c.pattern_id)).mappings()
    exceptions = tx.execute(select(e).where(under(e.c.scope, site_id))).mappings()
    return Calendar(
        zone,
        tuple(pattern_of(dict(row)) for row in patterns),
        tuple(exception_of(dict(row)) for row in exceptions),
        tuple(sorted(holidays_of(tx, site_id, first, last))),
    )


def holidays_of(tx: Connection, site_id: str, first: date, last: date) -> dict[date, str]:
    """The public holidays of a site on the days first..last, with their names."""
    row = tx.execute(select(t.holiday_regions).where(t.holiday_regions.c.site_id == site_id)).first()
    if row is None:
        return {}
    years = (public_holidays(row.country, row.subdivision, y) for y in range(first.year, last.year + 1))
    return {day: name for year in years for day, name in year.items() if first <= day <= last}


def save_pattern(tx: Connection, pattern: Pattern) -> None:
    """Add a pattern, or change it."""
    row = {
        "pattern_id": pattern.pattern_id,
        "scope": pattern.scope,
        "name": pattern.name,
        "weekdays": "".join(str(day) for day in sorted(pattern.weekdays)),
        "start_minute": pattern.start_minute,
        "minutes": pattern.minutes,
        "breaks": json.dumps(pattern.breaks),
        "freeze_minutes": pattern.freeze_minutes,
        "on_holidays": pattern.on_holidays,
        "valid_from": pattern.valid_from.isoformat(),
        "valid_to": pattern.valid_to.isoformat() if pattern.valid_to else None,
    }
    upsert(tx, t.shift_patterns, [row], ["pattern_id"])


def save_exception(tx: Connection, exception: CalendarException) -> None:
    """Add a day that differs, or change it."""
    row = {
        "scope": exception.scope,
        "day": exception.day.isoformat(),
        "kind": exception.kind.value,
        "start_minute": exception.start_minute,
        "name": exception.name,
        "minutes": exception.minutes,
        "reason": exception.reason,
    }
    upsert(tx, t.calendar_exceptions, [row], ["scope", "day", "kind", "start_minute"])


def set_region(tx: Connection, site_id: str, country: str, subdivision: str = "") -> None:
    """Whose public holidays a site keeps. Raises InvalidInput for an unknown region."""
    public_holidays(country, subdivision, local_day(wall_us(), "UTC").year)
    row = {"site_id": site_id, "country": country, "subdivision": subdivision}
    upsert(tx, t.holiday_regions, [row], ["site_id"])


def write_shifts(tx: Connection, site_id: str, from_us: int, days: int = AHEAD_DAYS) -> list[Overlap]:
    """Write the shifts of all lines with a calendar from the local day of `from_us` on.

    Returns where shifts of one line overlap, those of a MES included: they are flagged, not mended.
    """
    first = local_day(from_us, "UTC") - timedelta(days=1)
    calendar = load(tx, site_id, first, first + timedelta(days=days + 2))
    first = local_day(from_us, calendar.zone)
    last = first + timedelta(days=days)
    found: list[Overlap] = []
    for line_id in lines_of(tx, site_id):
        shifts = calendar.shifts(line_id, first, last)
        _replace(tx, line_id, shifts, at_minute(first, 0, calendar.zone))
        found += overlaps(read_shifts(tx, line_id, at_minute(first, 0, calendar.zone)))
    return found


def _replace(tx: Connection, line_id: str, shifts: Iterable[Shift], from_us: int) -> None:
    s, b = t.shifts.c, t.shift_breaks.c
    mine = (s.instance == CALENDAR) & (s.line_id == line_id) & (s.start_us >= from_us)
    old = select(s.shift_id).where(mine)
    tx.execute(delete(t.shift_breaks).where(b.instance == CALENDAR, b.shift_id.in_(old)))
    tx.execute(delete(t.shifts).where(mine))
    add_shifts(tx, line_id, list(shifts))


def add_shifts(tx: Connection, line_id: str, shifts: Sequence[Shift]) -> int:
    """Write shifts of the calendar that are not there yet; returns how many were new."""
    rows = [_shift_row(line_id, shift) for shift in shifts]
    pauses = [
        {"instance": CALENDAR, "shift_id": row["shift_id"], "start_us": p.from_us, "end_us": p.to_us}
        for row, shift in zip(rows, shifts, strict=True)
        for p in shift.breaks
    ]
    added = insert_ignore(tx, t.shifts, rows)
    insert_ignore(tx, t.shift_breaks, pauses)
    return added


def roll_forward(tx: Connection, site_id: str, now_us: int) -> int:
    """Write the shifts that have come within reach since; what stands is left, and no day that a change
    left as it was is filled. Returns how many are new.

    A line whose calendar is written for the first time gets today too; its figures then follow.
    """
    today = local_day(now_us, "UTC")
    calendar = load(tx, site_id, today - timedelta(days=1), today + timedelta(days=AHEAD_DAYS + 1))
    if not (calendar.patterns or calendar.exceptions):
        return 0
    today = local_day(now_us, calendar.zone)
    last = today + timedelta(days=AHEAD_DAYS)
    added = 0
    for line in lines_of(tx, site_id):
        newest = _newest(tx, line)
        first = today if newest is None else max(today, local_day(newest, calendar.zone) + timedelta(days=1))
        new = add_shifts(tx, line, calendar.shifts(line, first, last))
        if new and newest is None:
            dirty.mark(tx, [(line, at_minute(first, 0, calendar.zone), FOR_EVER_US)])
        added += new
    return added


def _newest(tx: Connection, line_id: str) -> int | None:
    """When the last shift begins that the calendar has written for a line."""
    s = t.shifts.c
    query = select(func.max(s.start_us)).where(s.instance == CALENDAR, s.line_id == line_id)
    found: int | None = tx.execute(query).scalar()
    return found


def _shift_row(line_id: str, shift: Shift) -> dict[str, Any]:
    return {
        "instance": CALENDAR,
        "shift_id": f"{line_id}|{shift.day.isoformat()}|{shift.from_us}|{shift.name}",
        "line_id": line_id,
        "name": shift.name,
        "start_us": shift.from_us,
        "end_us": shift.to_us,
        "break_s": 0,
        "break_start_us": None,
        "frozen_us": shift.frozen_us,
        "updated_us": wall_us(),
    }


def read_shifts(tx: Connection, line_id: str, from_us: int) -> list[Shift]:
    """The shifts of a line that begin at or after a moment, from wherever they come, by start."""
    s = t.shifts.c
    rows = tx.execute(
        select(s.start_us, s.end_us, s.name, s.frozen_us)
        .where(s.line_id == line_id, s.start_us >= from_us)
        .order_by(s.start_us, s.end_us)
    )
    zone = tx.execute(select(t.sites.c.time_zone).where(t.sites.c.site_id == site_of(line_id))).scalar()
    return [Shift(a, b, local_day(a, zone or "UTC"), name, (), frozen) for a, b, name, frozen in rows]


def roll_sites(database: Database) -> int:
    """`roll_forward` for every site, each in a transaction of its own."""
    with database.read() as tx:
        known = select(t.sites.c.site_id).join_from(
            t.sites, t.clocks, t.clocks.c.site_id == t.sites.c.site_id
        )
        sites = list(tx.execute(known).scalars())
    added = 0
    for site_id in sites:
        with database.write() as tx:
            added += roll_forward(tx, site_id, clocks.read(tx, site_id).plant_us())
    return added


def foreign_shifts(tx: Connection, line_id: str, from_us: int) -> list[Shift]:
    """The shifts of a line that a MES names and that end after a moment; the name says which MES."""
    s = t.shifts.c
    rows = tx.execute(
        select(s.start_us, s.end_us, s.name, s.instance, s.frozen_us)
        .where(s.line_id == line_id, s.end_us > from_us, s.instance != CALENDAR)
        .order_by(s.start_us, s.end_us)
    )
    return [Shift(a, b, local_day(a, "UTC"), f"{name} ({mes})", (), fixed) for a, b, name, mes, fixed in rows]


def lines_of(tx: Connection, site_id: str) -> list[str]:
    """The lines of a site, by id."""
    e = t.equipment.c
    rows = tx.execute(select(e.equipment_id).where(e.level == "line", under(e.equipment_id, site_id)))
    return sorted(rows.scalars())


def pattern_of(row: dict[str, Any]) -> Pattern:
    """The inverse of `save_pattern`."""
    return Pattern(
        row["pattern_id"],
        row["scope"],
        row["name"],
        frozenset(int(day) for day in row["weekdays"]),
        row["start_minute"],
        row["minutes"],
        tuple((at, length) for at, length in json.loads(row["breaks"])),
        row["freeze_minutes"],
        bool(row["on_holidays"]),
        date.fromisoformat(row["valid_from"]),
        date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
    )


def exception_of(row: dict[str, Any]) -> CalendarException:
    """The inverse of `save_exception`."""
    return CalendarException(
        row["scope"],
        date.fromisoformat(row["day"]),
        ExceptionKind(row["kind"]),
        row["name"],
        row["start_minute"],
        row["minutes"],
        row["reason"],
    )
