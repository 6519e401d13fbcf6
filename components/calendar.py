"""The shift calendar: a picture of some days, the shifts that come every week, days that differ."""

from collections.abc import Sequence

from components.tables import csv_bytes, empty, panel, small, table
from components.words import instant, local, moment, plural, safe, stamp
from domain.clock import MINUTE
from domain.shift_calendar import ExceptionKind, Pattern
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
from services.rows.site import SiteRow

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SHADES = 4
STATES = {"holds": "holds", "to come": "to come", "ended": "ended"}


def headline(view: CalendarView, site: SiteRow) -> str:
    """The sentence on top, HTML."""
    shifts = [shift for line in view.lines for shift in line.shifts]
    clashes = sum(1 for shift in shifts if shift.clash)
    empty_lines = [line.name for line in view.lines if not line.shifts]
    if clashes:
        return f'<b class="tw-high">&#9650; {plural(clashes, "shift")} run at the same time as another.</b>'
    if not shifts:
        return "<b>No shift is planned in this stretch.</b> All that is made counts as outside shifts."
    said = f"<b>{plural(len(shifts), 'shift')} of {plural(len(view.lines), 'line')}.</b>"
    if empty_lines:
        said += f" None for {safe(', '.join(empty_lines))}."
    end = max(shift.to_us for shift in shifts)
    if end < view.days[-1].from_us:
        said += f" Nothing is planned after {local(end, site.time_zone):%a %d %b %H:%M}."
    moves = [day for day in view.days if day.hours != 24]
    if moves:
        said += f" The clock moves on {moves[0].day:%a %d %b}: that day has {moves[0].hours} hours."
    return said + f" Times are those of {safe(site.time_zone)}."


def picture(view: CalendarView, site: SiteRow, now_us: int) -> str:
    """The days side by side, a row a line; each shift is a block with its breaks as gaps."""
    if not view.lines:
        return panel("Shifts", empty("No line is open to you here."))
    shades = _shades(view)
    heads = "".join(_day(day) for day in view.days)
    rows = "".join(_row(line, view, shades, site, now_us) for line in view.lines)
    body = f'<div class="tw-cal"><div></div><div class="days">{heads}</div>{rows}</div>'
    return panel("Shifts day by day", body + _legend(shades), "the line below a shift: its plan is fixed")


def _shades(view: CalendarView) -> dict[str, int]:
    names = sorted({shift.name for line in view.lines for shift in line.shifts})
    return {name: number % SHADES for number, name in enumerate(names)}


def _day(day: DayRow) -> str:
    quiet = " free" if day.holiday or day.day.isoweekday() > 5 else ""
    moved = f'<span class="tw-high">{day.hours} h</span>' if day.hours != 24 else ""
    name = f"<i>{safe(day.holiday)}</i>" if day.holiday else moved
    return (
        f'<div class="day{quiet}" style="flex-grow:{day.hours}" title="{safe(day.holiday)}">'
        f"<b>{day.day:%a}</b> {day.day.day} {day.day:%b}{name}</div>"
    )


def _row(line: LineShifts, view: CalendarView, shades: dict[str, int], site: SiteRow, now_us: int) -> str:
    start, end = view.days[0].from_us, view.days[-1].to_us
    blocks = "".join(_block(shift, start, end, shades, site) for shift in line.shifts)
    ticks = "".join(
        f'<u style="left:{100 * (d.from_us - start) / (end - start):.3f}%"></u>' for d in view.days
    )
    now = ""
    if start <= now_us < end:
        now = f'<em style="left:{100 * (now_us - start) / (end - start):.3f}%" title="now"></em>'
    none = "" if line.shifts else '<span class="tw-muted tw-small">no shift is planned</span>'
    return f'<div class="line">{safe(line.name)}</div><div class="track">{ticks}{blocks}{now}{none}</div>'


def _block(shift: ShiftCell, start: int, end: int, shades: dict[str, int], site: SiteRow) -> str:
    low, high = max(shift.from_us, start), min(shift.to_us, end)
    width = 100 * (high - low) / (end - start)
    gaps = "".join(
        f'<i style="left:{100 * (b.from_us - low) / (high - low):.2f}%;'
        f'width:{100 * (b.to_us - b.from_us) / (high - low):.2f}%"></i>'
        for b in shift.breaks
        if low <= b.from_us < high
    )
    kind = (
        f"shade{shades[shift.name]}" + (" fixed" if shift.fixed else "") + (" clash" if shift.clash else "")
    )
    return (
        f'<span class="{kind}" style="left:{100 * (low - start) / (end - start):.3f}%;width:{width:.3f}%" '
        f'title="{safe(told(shift, site))}">{gaps}{"&#9650;" if shift.clash else ""}</span>'
    )


def told(shift: ShiftCell, site: SiteRow) -> str:
    """A shift in words: when, its breaks, when its plan is fixed, where it comes from."""
    zone = site.time_zone
    said = f"{shift.name}, {local(shift.from_us, zone):%a %d %b %H:%M} to {local(shift.to_us, zone):%H:%M}"
    if shift.breaks:
        said += "; breaks " + ", ".join(_pause(b.from_us, b.to_us, zone) for b in shift.breaks)
    said += f"; plan fixed {local(shift.frozen_us, zone):%a %d %b %H:%M}"
    if shift.source:
        said += f"; from the MES {shift.source}"
    return said + (f"; at the same time as {', '.join(shift.clash)}" if shift.clash else "")


def _pause(from_us: int, to_us: int, zone: str) -> str:
    return f"{local(from_us, zone):%H:%M} ({(to_us - from_us) // MINUTE} min)"


def _legend(shades: dict[str, int]) -> str:
    items = "".join(
        f'<span><span class="shade{shade}"></span>{safe(n)}</span>' for n, shade in shades.items()
    )
    return f'<div class="tw-cal-legend">{items}</div>' if items else ""


def shifts_panel(line: LineShifts, site: SiteRow, now_us: int) -> str:
    """One line's shifts as a table."""
    if not line.shifts:
        return panel(f"Shifts of {line.name}", empty("No shift is planned in this stretch."))
    head = ("Shift", "From", "To", "Breaks", "Plan fixed", "From where")
    rows = [
        (
            f"<b>{safe(s.name)}</b>" + (_clash(s) if s.clash else ""),
            f'<span class="tw-nw">{local(s.from_us, site.time_zone):%a %d %b %H:%M}</span>',
            f"{local(s.to_us, site.time_zone):%H:%M}",
            safe(", ".join(_pause(b.from_us, b.to_us, site.time_zone) for b in s.breaks)) or "none",
            moment(s.frozen_us, site.time_zone, now_us)
            + f'<span class="tw-muted">, {"fixed" if s.fixed else "can still change"}</span>',
            f"MES {safe(s.source)}" if s.source else "calendar",
        )
        for s in line.shifts
    ]
    return panel(f"Shifts of {line.name}", table(head, rows, tight=True))


def _clash(shift: ShiftCell) -> str:
    return f'<div class="tw-high tw-small">&#9650; at the same time as {safe(", ".join(shift.clash))}</div>'


def shifts_csv(view: CalendarView, site: SiteRow) -> bytes:
    """All shifts of the picture."""
    head = ("line", "shift", "from", "to", "breaks", "plan_fixed", "source", "at_the_same_time_as")
    zone = site.time_zone
    return csv_bytes(
        head,
        (
            (
                line.name, s.name, instant(s.from_us, zone), instant(s.to_us, zone),
                "; ".join(_pause(b.from_us, b.to_us, zone) for b in s.breaks), instant(s.frozen_us, zone),
                s.source or "calendar", ", ".join(s.clash),
            )
            for line in view.lines
            for s in line.shifts
        ),
    )  # fmt: skip


def patterns_panel(found: CalendarSettings) -> str:
    """Shifts that come every week."""
    if not found.patterns:
        return panel("Every week", empty("The calendar has no shift of its own: what a MES names counts."))
    head = ("Shift", "For", "Days", "Time", "Breaks", "Plan fixed", "Holds", "")
    rows = [_pattern(row) for row in found.patterns]
    return panel("Every week", table(head, rows))


def _pattern(row: PatternRow) -> Sequence[str]:
    p = row.pattern
    free = "" if p.on_holidays else small("not on public holidays")
    until = f" to {p.valid_to.isoformat()}" if p.valid_to else " on"
    state = STATES[row.state]
    return (
        f"<b>{safe(p.name)}</b>",
        safe(row.scope_name),
        days_text(p.weekdays) + free,
        f'<span class="tw-nw">{times_text(p)}</span>',
        safe(breaks_text(p)) or "none",
        f"{p.freeze_minutes / 60:g} h before",
        f'<span class="tw-nw">from {p.valid_from.isoformat()}{until}</span>',
        state if row.state == "holds" else f'<span class="tw-muted">{state}</span>',
    )


def days_text(weekdays: frozenset[int]) -> str:
    """`Mon to Fri`, or `Mon, Wed`."""
    days = sorted(weekdays)
    if len(days) > 2 and days == list(range(days[0], days[-1] + 1)):
        return f"{WEEKDAYS[days[0] - 1]} to {WEEKDAYS[days[-1] - 1]}"
    return ", ".join(WEEKDAYS[day - 1] for day in days)


def times_text(p: Pattern) -> str:
    """`06:00 to 14:00`."""
    return f"{clock_text(p.start_minute)} to {clock_text(p.start_minute + p.minutes)}"


def breaks_text(p: Pattern) -> str:
    """`10:00 30, 12:40 10`: as it is typed."""
    return ", ".join(f"{clock_text(p.start_minute + at)} {length}" for at, length in p.breaks)


def clock_text(minute: int) -> str:
    """A minute of the day as the wall clock shows it."""
    return f"{minute // 60 % 24:02d}:{minute % 60:02d}"


def pattern_name(row: PatternRow) -> str:
    """A weekly shift in a list to choose from."""
    return f"{row.pattern.name}, {times_text(row.pattern)}, {row.scope_name} ({row.state})"


def days_panel(found: CalendarSettings) -> str:
    """Days that differ, and whose holidays are kept."""
    region = " ".join(found.region).strip() if found.region else ""
    right = f"public holidays of {safe(region)}" if region else "no public holidays are kept"
    if not found.exceptions:
        return panel("Days that differ", empty("None in the last 30 days, and none to come."), right)
    rows = [
        (
            f'<span class="tw-nw">{e.exception.day:%a} {e.exception.day.isoformat()}</span>',
            safe(e.scope_name),
            safe(day_text(e)),
            safe(e.exception.reason),
        )
        for e in found.exceptions
    ]
    return panel("Days that differ", table(("Day", "For", "What", "Why"), rows), right)


def day_text(row: ExceptionRow) -> str:
    """What is different on a day."""
    one = row.exception
    if one.kind is ExceptionKind.CLOSED:
        return "closed: no shift begins"
    end = clock_text(one.start_minute + one.minutes)
    return f"extra shift {one.name}, {clock_text(one.start_minute)} to {end}"


def day_name(row: ExceptionRow) -> str:
    """A day that differs in a list to choose from."""
    return f"{row.exception.day.isoformat()}, {row.scope_name}: {day_text(row)}"


def changes_panel(rows: Sequence[ChangeRow], site: SiteRow, title: str = "Who changed what") -> str:
    """The newest changes with what was there before."""
    if not rows:
        return panel(title, empty("Nobody has changed anything yet."))
    body = [
        (
            f'<span class="tw-nw">{stamp(r.at_us, site.time_zone)[:16]}</span>',
            safe(r.who),
            f"{safe(r.action)}{small(safe(r.about))}",
            safe(r.words),
            safe(r.reason),
        )
        for r in rows
    ]
    return panel(title, table(("When", "Who", "What", "Before \u2192 after", "Why"), body, tight=True))
