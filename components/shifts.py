"""Shifts to close, and closed ones as reported beside as corrected."""

from collections.abc import Sequence

from components.kpi import against, percent
from components.tables import csv_bytes, empty, panel, small, table
from components.words import NOTHING, local, moment, safe, stamp
from domain.clock import HOUR
from services.rows.kpi import Changed, ShiftRow
from services.rows.site import SiteRow

HEAD = ("Shift", "Line", "State", "OEE now", "As reported", "Good", "Scrap", "What changed since, and why")
WORDS = {
    "good": "good parts",
    "scrap": "scrap",
    "production_us": "running",
    "down_us": "down",
    "setup_us": "setup",
    "delay_us": "waiting",
    "planned_us": "planned stops",
    "no_data_us": "no data",
    "rework": "rework",
    "ideal_s": "planned run time",
    "ideal_good_s": "planned run time of good parts",
}


def title(row: ShiftRow, site: SiteRow) -> str:
    """`Early, Fri 20 Nov 06:00`."""
    begin = local(row.from_us, site.time_zone)
    return f"{row.shift}, {begin:%a} {begin.day} {begin:%b %H:%M}"


def headline(rows: Sequence[ShiftRow], now_us: int) -> str:
    """How many shifts wait to be closed; HTML."""
    waiting = sum(1 for r in rows if not r.closed and r.to_us <= now_us)
    changed = sum(1 for r in rows if r.closed and r.changed)
    start = (
        f"<b>{waiting} ended shifts are not closed.</b>" if waiting else "<b>All ended shifts are closed.</b>"
    )
    tail = f" {changed} closed ones have been corrected since." if changed else ""
    return start + tail


def shifts_panel(rows: Sequence[ShiftRow], site: SiteRow, now_us: int) -> str:
    """The table, newest first."""
    if not rows:
        return panel("Shifts", empty("No shift in this stretch."))
    body = (_row(r, site, now_us) for r in rows)
    return panel("Shifts", table(HEAD, body, right=(3, 4, 5, 6), wide=7))


def _row(r: ShiftRow, site: SiteRow, now_us: int) -> Sequence[str]:
    return (
        f'<span class="tw-nw">{safe(title(r, site))}</span>',
        f'<span class="tw-nw">{safe(r.line)}</span>',
        _state(r, site, now_us),
        against(r.now.figures.oee, r.now.target),
        percent(r.reported.figures.oee) if r.reported else NOTHING,
        f"{r.now.measures.good:,.0f}",
        f"{r.now.measures.scrap:,.0f}",
        _difference(r),
    )


def _state(r: ShiftRow, site: SiteRow, now_us: int) -> str:
    if r.to_us > now_us:
        said = "runs"
    elif r.closed:
        said = f"closed by {safe(r.closed_by)}" + small(moment(r.closed_us, site.time_zone, now_us))
    elif r.version:
        said = f"reopened by {safe(r.reopened_by)}" + small(safe(r.reopen_reason))
    else:
        said = "open"
    note = small(safe(r.note)) if r.note else ""
    return (
        said + note + (small("quality may still change: parts wait for inspection") if r.provisional else "")
    )


def _difference(r: ShiftRow) -> str:
    if not r.changed:
        return '<span class="tw-muted">nothing</span>' if r.version else NOTHING
    return safe(", ".join(map(_change, r.changed[:5]))) + small(safe("; ".join(r.why)))


def _change(c: Changed) -> str:
    by = c.now - c.reported
    if c.name.endswith("_us"):
        return f"{WORDS[c.name]} {by / 60e6:+,.1f} min"
    return f"{WORDS[c.name]} {by:+,.0f}{' s' if c.name.endswith('_s') else ''}"


def shifts_csv(rows: Sequence[ShiftRow], site: SiteRow) -> bytes:
    """The table as CSV: OEE as fractions, times in hours."""
    head = (
        "shift", "line", "start", "end", "closed", "closed by", "version", "oee now", "oee reported", "good",
        "scrap", "busy h", "provisional", "changes", "why",
    )  # fmt: skip
    return csv_bytes(
        head,
        (
            (
                r.shift, r.line, stamp(r.from_us, site.time_zone), stamp(r.to_us, site.time_zone), r.closed,
                r.closed_by, r.version, r.now.figures.oee, r.reported.figures.oee if r.reported else None,
                r.now.measures.good, r.now.measures.scrap, r.now.measures.pbt_us / HOUR, r.provisional,
                ", ".join(map(_change, r.changed)), "; ".join(r.why),
            )
            for r in rows
        ),
    )  # fmt: skip
