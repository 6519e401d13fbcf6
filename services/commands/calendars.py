"""What people do with the shift calendar: weekly shifts, days that differ, whose public holidays count.

A change holds for days to come and never for a shift whose plan is fixed (frozen) already. A shift that
would run at the same time as another one of its line is refused, with both names and the moment.
Nothing is overwritten in silence: each act is one transaction with an audit entry that keeps what was
there before.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select

from auth.permissions import Actor, Permission
from data.store import tables as t
from data.store.database import Database
from domain.clock import FOR_EVER_US
from domain.equipment import site_of
from domain.errors import Conflict, InvalidInput, NotFound, NotNow
from domain.ids import new_id
from domain.shift_calendar import (
    CalendarException,
    ExceptionKind,
    Pattern,
    Shift,
    at_minute,
    local_day,
    overlaps,
)
from domain.wording import local
from services import audit, calendars
from services.actors import fresh
from services.commands.acting import reason_of
from services.kpi import dirty
from services.queries.common import names_of
from services.situation import Site, site_at

LONGEST_DAYS = 400
SETTLED_DAYS = 14  # after the last change that is known, so that each weekday comes twice
Plan = dict[str, list[Shift]]


@dataclass(frozen=True, slots=True)
class _Change:
    """One change under way."""

    tx: Connection
    person: Actor
    site: Site
    scope: str
    today: date


class CalendarCommands:
    """Acts on the calendar. Errors: Forbidden, NotFound, InvalidInput (with the field), NotNow (the plan of
    a shift is fixed), Conflict (changed meanwhile)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def set_pattern(self, actor: Actor, pattern: Pattern, reason: str, *, instead_of: str = "") -> str:
        """Add a weekly shift from its first day on; returns its id.

        `instead_of` names the one that ends the day before. Earlier days keep what they had.
        """
        with self._database.write() as tx:
            at = _begin(tx, actor, pattern.scope)
            if not pattern.name.strip():
                raise InvalidInput("a shift has a name", "name")
            if pattern.valid_from <= at.today:
                raise InvalidInput("a change holds from tomorrow on at the earliest", "valid_from")
            named = replace(pattern, pattern_id=new_id(), name=pattern.name.strip())
            old = _pattern(tx, instead_of, pattern.scope) if instead_of else None

            def act() -> None:
                if old is not None:
                    _shorten(tx, old, named.valid_from - timedelta(days=1))
                calendars.save_pattern(tx, named)

            detail = {"before": _words(old), "after": _words(named)}
            _apply(at, act, "changed a weekly shift" if old else "added a weekly shift", detail, reason)
            return named.pattern_id

    def end_pattern(self, actor: Actor, pattern_id: str, last_day: date, reason: str) -> None:
        """Let a weekly shift end with a day, today at the earliest."""
        with self._database.write() as tx:
            old = _pattern(tx, pattern_id)
            at = _begin(tx, actor, old.scope)
            if last_day < at.today:
                raise InvalidInput("days that are over keep their shifts", "valid_to")
            if old.valid_to is not None and old.valid_to < at.today:
                raise NotNow("this shift has ended already")
            detail = {"before": _words(old), "after": f"last day {last_day.isoformat()}"}
            _apply(at, lambda: _shorten(tx, old, last_day), "ended a weekly shift", detail, reason)

    def set_day(self, actor: Actor, exception: CalendarException) -> None:
        """A day to come that differs, with its reason. One that is there already must be taken back first."""
        with self._database.write() as tx:
            at = _begin(tx, actor, exception.scope)
            checked = _checked_day(exception, at.today)
            key = _key(exception)
            if tx.execute(select(t.calendar_exceptions.c.name).where(key)).first() is not None:
                raise Conflict("this day differs already; take that back first")
            _apply(
                at, lambda: calendars.save_exception(tx, checked), "set a day that differs",
                {"before": "", "after": _day_words(checked)}, exception.reason,
            )  # fmt: skip

    def take_back_day(self, actor: Actor, exception: CalendarException, reason: str) -> None:
        """Undo a day that differs, while it is to come."""
        with self._database.write() as tx:
            at = _begin(tx, actor, exception.scope)
            if exception.day < at.today:
                raise NotNow("this day is over")
            key = _key(exception)
            if tx.execute(select(t.calendar_exceptions.c.name).where(key)).first() is None:
                raise NotFound("this day is as usual already")
            detail = {"before": _day_words(exception), "after": "as usual"}
            undo = delete(t.calendar_exceptions).where(key)
            _apply(at, lambda: tx.execute(undo), "took back a day that differs", detail, reason)

    def set_region(self, actor: Actor, site_id: str, country: str, subdivision: str, reason: str) -> None:
        """Whose public holidays the site keeps, for days to come; no country: none."""
        with self._database.write() as tx:
            at = _begin(tx, actor, site_id)
            r = t.holiday_regions.c
            row = tx.execute(select(r.country, r.subdivision).where(r.site_id == site_id)).first()
            before, after = (" ".join(row).strip() if row else ""), f"{country} {subdivision}".strip()
            if before == after:
                raise InvalidInput("this changes nothing", "region")

            def act() -> None:
                if country:
                    calendars.set_region(tx, site_id, country, subdivision)
                else:
                    tx.execute(delete(t.holiday_regions).where(r.site_id == site_id))

            _apply(at, act, "set whose holidays count", {"before": before, "after": after}, reason)


def _begin(tx: Connection, actor: Actor, scope: str) -> _Change:
    person = fresh(tx, actor)
    person.require(Permission.EDIT_CALENDAR, scope)
    site = site_at(tx, site_of(scope))
    if scope not in names_of(tx, [scope]):
        raise NotFound("there is no such part of the plant")
    return _Change(tx, person, site, scope, local_day(site.now_us, site.zone))


def _apply(
    at: _Change, act: Callable[[], object], action: str, detail: Mapping[str, Any], reason: str
) -> None:
    """Do it, check what it means for every line, write the shifts to come, and note it."""
    words = reason_of(reason)
    before = _plan(at)
    clashes = _clashes(at, before)
    act()
    after = _plan(at)
    _refuse_fixed(at, before, after)
    _refuse_overlap(at, clashes, _clashes(at, after))
    tomorrow = at_minute(at.today + timedelta(days=1), 0, at.site.zone)
    calendars.write_shifts(at.tx, at.site.site_id, tomorrow)
    dirty.mark(at.tx, [(line, tomorrow, FOR_EVER_US) for line in after])
    audit.append(
        at.tx, actor=at.person.account_id, action=action, subject_kind="calendar", subject_id=at.scope,
        plant_us=at.site.now_us, detail={**detail, "reason": words},
    )  # fmt: skip


def _plan(at: _Change) -> Plan:
    """The shifts that the calendar makes from today on, by line, as far as any change reaches."""
    p, e, site_id = t.shift_patterns.c, t.calendar_exceptions.c, at.site.site_id
    texts = [*at.tx.execute(select(p.valid_from)).scalars(), *at.tx.execute(select(e.day)).scalars()]
    furthest = max([at.today, *(date.fromisoformat(day) for day in texts)])
    last = min(
        max(furthest + timedelta(days=SETTLED_DAYS), at.today + timedelta(days=calendars.AHEAD_DAYS)),
        at.today + timedelta(days=LONGEST_DAYS),
    )
    calendar = calendars.load(at.tx, site_id, at.today, last)
    return {line: calendar.shifts(line, at.today, last) for line in calendars.lines_of(at.tx, site_id)}


def _refuse_fixed(at: _Change, before: Plan, after: Plan) -> None:
    for line, shifts in after.items():
        changed = {*shifts} ^ {*before[line]}
        fixed = [s for s in changed if s.frozen_us <= at.site.now_us]
        if fixed:
            first = min(fixed, key=lambda s: s.from_us)
            zone = at.site.zone
            raise InvalidInput(
                f"the plan of {first.name} on {local(first.from_us, zone):%a %d %b %H:%M} is fixed since "
                f"{local(first.frozen_us, zone):%a %d %b %H:%M}; choose a later day",
                "valid_from",
            )


def _clashes(at: _Change, plan: Plan) -> dict[tuple[str, int, str, str], int]:
    """Overlaps by line, begin and names, with their ends; shifts of a MES count too."""
    found: dict[tuple[str, int, str, str], int] = {}
    midnight = at_minute(at.today, 0, at.site.zone)
    for line, shifts in plan.items():
        every = sorted(
            [*shifts, *calendars.foreign_shifts(at.tx, line, midnight)], key=lambda s: (s.from_us, s.to_us)
        )
        found |= {(line, o.from_us, o.first, o.second): o.to_us for o in overlaps(every)}
    return found


def _refuse_overlap(
    at: _Change,
    before: Mapping[tuple[str, int, str, str], int],
    after: Mapping[tuple[str, int, str, str], int],
) -> None:
    new = sorted(set(after) - set(before), key=lambda clash: clash[1])
    if new:
        line, from_us, first, second = new[0]
        zone, name = at.site.zone, names_of(at.tx, [line]).get(line, line)
        raise InvalidInput(
            f"{first} and {second} of {name} would run at once on {local(from_us, zone):%a %d %b} from "
            f"{local(from_us, zone):%H:%M} to {local(after[new[0]], zone):%H:%M}; let one end where the "
            "other begins",
            "times",
        )


def _pattern(tx: Connection, pattern_id: str, scope: str = "") -> Pattern:
    p = t.shift_patterns.c
    row = tx.execute(select(t.shift_patterns).where(p.pattern_id == pattern_id)).mappings().first()
    if row is None or (scope and row["scope"] != scope):
        raise NotFound("there is no such weekly shift here")
    return calendars.pattern_of(dict(row))


def _shorten(tx: Connection, pattern: Pattern, last_day: date) -> None:
    """End a pattern; one that never began is removed, the audit keeps it."""
    if pattern.valid_to is not None and pattern.valid_to < last_day:
        raise NotNow("this shift ends earlier already")
    if last_day < pattern.valid_from:
        gone = t.shift_patterns.c.pattern_id == pattern.pattern_id
        tx.execute(delete(t.shift_patterns).where(gone))
    else:
        calendars.save_pattern(tx, replace(pattern, valid_to=last_day))


def _checked_day(exception: CalendarException, today: date) -> CalendarException:
    if exception.day <= today:
        raise InvalidInput("a day that differs lies after today", "valid_from")
    if exception.kind is ExceptionKind.CLOSED:
        return replace(exception, name="", start_minute=0, minutes=0)
    Pattern("", exception.scope, exception.name, frozenset({1}), exception.start_minute, exception.minutes)
    if not exception.name.strip():
        raise InvalidInput("a shift has a name", "name")
    return replace(exception, name=exception.name.strip())


def _key(one: CalendarException) -> Any:
    e = t.calendar_exceptions.c
    start = 0 if one.kind is ExceptionKind.CLOSED else one.start_minute
    return (
        (e.scope == one.scope)
        & (e.day == one.day.isoformat())
        & (e.kind == one.kind.value)
        & (e.start_minute == start)
    )


def _words(pattern: Pattern | None) -> dict[str, Any] | str:
    """A pattern as the audit keeps it."""
    if pattern is None:
        return ""
    fields = asdict(pattern) | {
        "weekdays": "".join(str(day) for day in sorted(pattern.weekdays)),
        "valid_from": pattern.valid_from.isoformat(),
        "valid_to": pattern.valid_to.isoformat() if pattern.valid_to else None,
    }
    return fields | {"breaks": [list(one) for one in pattern.breaks]}


def _day_words(one: CalendarException) -> str:
    said = f"{one.day.isoformat()} {one.kind.value}"
    if one.kind is ExceptionKind.CLOSED:
        return said
    at, end = one.start_minute, (one.start_minute + one.minutes) % (24 * 60)
    return f"{said} {one.name} {at // 60:02d}:{at % 60:02d} to {end // 60:02d}:{end % 60:02d}"
