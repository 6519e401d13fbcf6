"""Shifts to close, and closed ones as reported beside as corrected."""

from collections.abc import Sequence

from components.kpi import against, percent
from components.tables import csv_bytes, empty, panel, small, table
from components.words import NOTHING, instant, local, moment, plural, safe, stamp
from domain.clock import HOUR, MINUTE
from services.rows.kpi import Changed, CorrectionRow, ShiftRow, VersionRow
from services.rows.site import SiteRow

HEAD = ("Shift", "Line", "State", "OEE now", "As reported", "Good", "Scrap", "What changed since, and why")
SHOWN = 200
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


def headline(waiting: int, rows: Sequence[ShiftRow]) -> str:
    """How many shifts wait to be closed, and how many of those listed were corrected; HTML."""
    changed = sum(1 for r in rows if r.closed and r.changed)
    start = "<b>All ended shifts are closed.</b>"
    if waiting:
        start = f"<b>{plural(waiting, 'ended shift')} {'is' if waiting == 1 else 'are'} not closed.</b>"
    tail = f" Of those listed, {plural(changed, 'closed one')} {'has' if changed == 1 else 'have'} been"
    return start + (f"{tail} corrected since." if changed else "")


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
        said
        + note
        + (
            small("parts wait for inspection: quality, first pass yield and rework may still change")
            if r.provisional
            else ""
        )
    )


def _difference(r: ShiftRow) -> str:
    records = len({(c.entity, c.record, c.source) for c in r.corrections})
    why = [f"{plural(records, 'record')} corrected, named above"] if records else []
    if not r.changed:
        nothing = '<span class="tw-muted">nothing</span>' + small("; ".join(why))
        return nothing if r.version else NOTHING
    return safe(", ".join(map(_change, r.changed[:5]))) + small(safe("; ".join([*why, *r.why])))


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
        "corrected records", "not known to which shift",
    )  # fmt: skip
    return csv_bytes(
        head,
        (
            (
                r.shift, r.line, instant(r.from_us, site.time_zone), instant(r.to_us, site.time_zone),
                r.closed, r.closed_by, r.version, r.now.figures.oee,
                r.reported.figures.oee if r.reported else None,
                r.now.measures.good, r.now.measures.scrap, r.now.measures.pbt_us / HOUR, r.provisional,
                ", ".join(map(_change, r.changed)), "; ".join(r.why),
                "; ".join(_sentence(c, site) for c in r.corrections), " ".join(r.unsure),
            )
            for r in rows
        ),
    )  # fmt: skip


def unsure_panel(rows: Sequence[ShiftRow], site: SiteRow) -> str:
    """What came at once after a gap over a change of shift: nobody knows whose it is; mostly empty."""
    body = [
        (f'<span class="tw-nw">{safe(title(r, site))}</span>', f'<span class="tw-nw">{safe(r.line)}</span>',
         safe(words))
        for r in rows for words in r.unsure
    ][:SHOWN]  # fmt: skip
    if not body:
        return ""
    return panel("Not known to which shift", table(("Shift", "Line", "What"), body, wide=2), _most(len(body)))


CLOSES = (
    "Shift",
    "Line",
    "Close",
    "Closed by",
    "Reopened",
    "OEE",
    "Good",
    "Scrap",
    "Running min",
    "Down min",
)


def versions_panel(rows: Sequence[ShiftRow], site: SiteRow, now_us: int) -> str:
    """Every close of the shifts, as it was reported; empty while none was closed."""
    body = [_version(r, v, site, now_us) for r in rows for v in r.versions][:SHOWN]
    if not body:
        return ""
    return panel(
        "As reported, every close", table(CLOSES, body, right=(5, 6, 7, 8, 9), wide=3), _most(len(body))
    )


def _version(r: ShiftRow, v: VersionRow, site: SiteRow, now_us: int) -> Sequence[str]:
    m = v.figures.measures
    return (
        f'<span class="tw-nw">{safe(title(r, site))}</span>',
        f'<span class="tw-nw">{safe(r.line)}</span>',
        f"{v.version}",
        safe(v.closed_by) + small(moment(v.closed_us, site.time_zone, now_us)) + small(safe(v.note)),
        safe(v.reopened_by)
        + small(moment(v.reopened_us, site.time_zone, now_us))
        + small(safe(v.reopen_reason))
        if v.reopened_us is not None
        else NOTHING,
        percent(v.figures.figures.oee),
        f"{m.good:,.0f}",
        f"{m.scrap:,.0f}",
        f"{m.production_us / MINUTE:,.0f}",
        f"{m.down_us / MINUTE:,.0f}",
    )


CORRECTED = ("Shift", "Record", "Machine", "What", "When closed", "Now", "Learned", "From")
ENTITIES = {
    "orders": "Order",
    "operations": "Operation",
    "shifts": "Shift plan",
    "downtimes": "Downtime",
    "quality_results": "Inspection",
    "maintenance": "Maintenance",
    "product_rates": "Planned cycle of",
}
FIELDS = {
    "at_us": "time",
    "start_us": "start",
    "end_us": "end",
    "setup_end_us": "end of setup",
    "planned_start_us": "planned start",
    "planned_end_us": "planned end",
    "planned_us": "planned for",
    "released_us": "released",
    "due_us": "due",
    "fixed_us": "fixed",
    "frozen_us": "plan fixed",
    "break_start_us": "start of break",
    "break_s": "break, s",
    "order_id": "order",
    "product_id": "product",
    "equipment_id": "machine",
    "planned_cycle_s": "planned cycle, s",
}


def corrections_panel(rows: Sequence[ShiftRow], site: SiteRow, now_us: int) -> str:
    """The records that said something else when a shift was closed; empty while there are none."""
    body = [_corrected(r, c, site, now_us) for r in rows for c in r.corrections][:SHOWN]
    if not body:
        return ""
    right = _most(len(body))
    return panel("Records corrected since the close", table(CORRECTED, body, wide=5), right)


def _most(count: int) -> str:
    return f"the first {SHOWN}" if count == SHOWN else ""


def _corrected(r: ShiftRow, c: CorrectionRow, site: SiteRow, now_us: int) -> Sequence[str]:
    return (
        f'<span class="tw-nw">{safe(title(r, site))}</span>',
        f'<span class="tw-nw">{safe(f"{ENTITIES[c.entity]} {c.record}")}</span>',
        f'<span class="tw-nw">{safe(c.machine) or NOTHING}</span>',
        safe(_field(c.field)) if c.field else "new record",
        f'<span class="tw-nw">{safe(_value(c.field, c.old, site)) if c.field else NOTHING}</span>',
        safe(_now(c, site)),
        f'<span class="tw-nw">{moment(c.learned_us, site.time_zone, now_us)}</span>',
        f'<span class="tw-nw">{safe(c.source)}</span>',
    )


def _field(name: str) -> str:
    return FIELDS.get(name, name.replace("_", " "))


def _now(c: CorrectionRow, site: SiteRow) -> str:
    if c.field or not isinstance(c.new, dict):
        return _value(c.field, c.new, site)
    told = {
        name: value for name, value in c.new.items() if value not in (None, "") and name != "equipment_id"
    }
    return ", ".join(f"{_field(name)} {_value(name, value, site)}" for name, value in told.items())


def _value(name: str, value: object, site: SiteRow) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name.endswith("_us") and isinstance(value, int):
        then = local(value, site.time_zone)
        return f"{then.day} {then:%b %H:%M:%S}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _sentence(c: CorrectionRow, site: SiteRow) -> str:
    """One correction in one line, for the CSV."""
    what = f"{ENTITIES[c.entity]} {c.record}"
    learned = f"learned {stamp(c.learned_us, site.time_zone)} from {c.source}"
    if not c.field:
        return f"{what}: new, {_now(c, site)} ({learned})"
    return f"{what}: {_field(c.field)} {_value(c.field, c.old, site)} -> {_now(c, site)} ({learned})"
