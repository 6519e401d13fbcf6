"""Reads for the screen of the shift calendar: the picture of some days, and what makes it."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import combinations
from typing import Any

from sqlalchemy import Connection, select

from auth.permissions import Permission
from data.store import tables as t
from domain.clock import HOUR, SECOND
from domain.shift_calendar import Pattern, Shift, day_span, local_day, overlaps
from domain.time_model import Span
from services import calendars
from services.context import Context
from services.queries.common import in_scope, names_of, people, under
from services.rows.calendars import (
    CalendarSettings,
    CalendarView,
    ChangeRow,
    DayRow,
    ExceptionRow,
    LineShifts,
    PatternRow,
    ShiftCell,
)

SHOWN_CHANGES = 40
PAST_DAYS = 30


class CalendarQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def view(self, line_id: str, first: date, days: int) -> CalendarView:
        """The shifts of a line, or of every line with "", on some local days, wherever they come from."""
        c = self._context
        c.actor.require(Permission.SEE_FLOOR)
        with c.database.read() as tx:
            lines = [row for row in _lines(tx, c) if line_id in ("", row[0])]
            shown = _days(tx, c, first, days)
            span = Span(shown[0].from_us, shown[-1].to_us)
            cells = {key: _cells(tx, key, span, c.now_us, c.site.time_zone) for key, _ in lines}
        return CalendarView(shown, tuple(LineShifts(key, name, cells[key]) for key, name in lines))

    def settings(self) -> CalendarSettings:
        """Weekly shifts, days that differ, whose holidays, and the newest changes."""
        c = self._context
        c.actor.require(Permission.SEE_FLOOR)
        today = local_day(c.now_us, c.site.time_zone)
        with c.database.read() as tx:
            calendar = calendars.load(tx, c.site.site_id, today, today)
            r = t.holiday_regions.c
            region = tx.execute(select(r.country, r.subdivision).where(r.site_id == c.site.site_id)).first()
            scopes = [p.scope for p in calendar.patterns] + [e.scope for e in calendar.exceptions]
            names = names_of(tx, scopes)
            changes = changes_of(tx, c, "calendar")
        since = today - timedelta(days=PAST_DAYS)
        patterns = [PatternRow(p, names.get(p.scope, p.scope), _state(p, today)) for p in calendar.patterns]
        patterns.sort(key=lambda r: (r.state == "ended", r.pattern.scope, r.pattern.start_minute))
        days = [
            ExceptionRow(e, names.get(e.scope, e.scope), e.day < today)
            for e in sorted(calendar.exceptions, key=lambda e: (e.day, e.scope))
            if e.day >= since
        ]
        found = (region.country, region.subdivision) if region else None
        return CalendarSettings(tuple(patterns), tuple(days), found, changes)

    def places(self) -> tuple[tuple[str, str], ...]:
        """(id, name) of the site, its areas and lines, for which the actor may set something."""
        c, e = self._context, t.equipment.c
        query = select(e.equipment_id, e.name, e.level).where(
            e.level != "unit", under(e.equipment_id, c.site.site_id), in_scope(e.equipment_id, c.actor)
        )
        with c.database.read() as tx:
            rows = tx.execute(query.order_by(e.equipment_id)).all()
        words = {"site": "the whole plant", "area": "area", "line": "line"}
        return tuple((r.equipment_id, f"{r.name} ({words.get(r.level, r.level)})") for r in rows)


def changes_of(tx: Connection, c: Context, kind: str) -> tuple[ChangeRow, ...]:
    """The newest audit entries about a kind of setting within the actor's scopes, newest first."""
    a = t.audit.c
    query = select(t.audit).where(
        a.subject_kind == kind, under(a.subject_id, c.site.site_id), in_scope(a.subject_id, c.actor)
    )
    rows = tx.execute(query.order_by(a.entry.desc()).limit(SHOWN_CHANGES)).mappings().all()
    who = people(tx, (row["actor"] for row in rows))
    names = names_of(tx, (row["subject_id"] for row in rows))
    return tuple(_change(dict(row), who, names) for row in rows)


def _change(row: dict[str, Any], who: Mapping[str, str], names: Mapping[str, str]) -> ChangeRow:
    detail = json.loads(row["detail"])
    words = " \u2192 ".join(text for key in ("before", "after") if (text := _told(detail.get(key))))
    about = names.get(row["subject_id"], row["subject_id"])
    actor = who.get(row["actor"], row["actor"])
    return ChangeRow(row["wall_us"], actor, row["action"], about, words, detail.get("reason", ""))


def _told(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value or "")
    start, end = value["start_minute"], (value["start_minute"] + value["minutes"]) % 1440
    last = f" to {value['valid_to']}" if value["valid_to"] else ""
    return (
        f"{value['name']} {start // 60:02d}:{start % 60:02d} to {end // 60:02d}:{end % 60:02d}, "
        f"from {value['valid_from']}{last}"
    )


def _state(pattern: Pattern, today: date) -> str:
    if pattern.valid_on(today):
        return "holds"
    return "to come" if pattern.valid_from > today else "ended"


def _lines(tx: Connection, c: Context) -> list[tuple[str, str]]:
    e = t.equipment.c
    query = select(e.equipment_id, e.name).where(
        e.level == "line", e.assigned.is_(True), under(e.equipment_id, c.site.site_id),
        in_scope(e.equipment_id, c.actor),
    )  # fmt: skip
    return [(row[0], row[1]) for row in tx.execute(query.order_by(e.position, e.equipment_id))]


def _days(tx: Connection, c: Context, first: date, days: int) -> tuple[DayRow, ...]:
    last = first + timedelta(days=days - 1)
    free = calendars.holidays_of(tx, c.site.site_id, first, last)
    found = []
    for number in range(days):
        day = first + timedelta(days=number)
        span = day_span(day, c.site.time_zone)
        found.append(
            DayRow(day, span.from_us, span.to_us, (span.to_us - span.from_us) // HOUR, free.get(day, ""))
        )
    return tuple(found)


def _cells(tx: Connection, line: str, span: Span, now_us: int, zone: str) -> tuple[ShiftCell, ...]:
    s, b = t.shifts.c, t.shift_breaks.c
    touch = (s.line_id == line) & (s.start_us < span.to_us) & (s.end_us > span.from_us)
    found = tx.execute(select(t.shifts).where(touch).order_by(s.start_us, s.end_us)).mappings()
    rows = [dict(row) for row in found]
    pauses: dict[tuple[str, str], list[Span]] = defaultdict(list)
    same = (b.instance == s.instance) & (b.shift_id == s.shift_id)
    for row in tx.execute(
        select(b.instance, b.shift_id, b.start_us, b.end_us).join_from(t.shifts, t.shift_breaks, same)
        .where(touch).order_by(b.start_us)
    ):  # fmt: skip
        pauses[row[0], row[1]].append(Span(row[2], row[3]))
    clashes = _clashes(rows, zone)
    return tuple(
        ShiftCell(
            row["name"], row["start_us"], row["end_us"], row["frozen_us"], row["frozen_us"] <= now_us,
            tuple(pauses[row["instance"], row["shift_id"]] or _pause(row)),
            "" if row["instance"] == calendars.CALENDAR else row["instance"],
            tuple(clashes[row["name"], row["start_us"]]),
        )
        for row in rows
    )  # fmt: skip


def _pause(row: Mapping[str, Any]) -> list[Span]:
    start = row["break_start_us"]
    return [] if start is None or not row["break_s"] else [Span(start, start + row["break_s"] * SECOND)]


def _clashes(rows: Sequence[Mapping[str, Any]], zone: str) -> dict[tuple[str, int], list[str]]:
    shifts = [Shift(r["start_us"], r["end_us"], local_day(r["start_us"], zone), r["name"]) for r in rows]
    found: dict[tuple[str, int], list[str]] = defaultdict(list)
    for one, other in combinations(shifts, 2):
        if overlaps([one, other]):
            found[one.name, one.from_us].append(other.name)
            found[other.name, other.from_us].append(one.name)
    return found
