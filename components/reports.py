"""The preview of a report, and the list of schedules."""

from collections.abc import Sequence

from components.charts import picture
from components.tables import empty, panel, small, table
from components.words import plural, safe, stamp
from domain.wording import percent
from services.rows.report_tables import NUMERIC, Sheet, cell_words, sheets
from services.rows.reports import Report, ScheduleRow
from services.rows.site import SiteRow

HEAD = ("Report", "Goes to", "Files", "Since it began", "Last", "")


def headline(report: Report) -> str:
    """What it is about, and the figure; HTML."""
    whole = report.whole
    figure = "no OEE" if whole.oee is None else f"OEE {percent(whole.oee)}"
    target = "" if report.target is None else f", target {percent(report.target)}"
    made = f"{whole.good:,.0f} good parts, {whole.scrap:,.0f} scrap at the constraints."
    return f"<b>{safe(report.scope_name)}, {safe(report.period.name)}: {figure}{target}.</b> {made}"


def times(report: Report) -> str:
    """Zone and currency; HTML."""
    zone, currency = safe(report.site.time_zone), safe(report.site.currency)
    return f"{safe(report.counted)} Times in {zone}, money in {currency}."


def provisional(report: Report) -> str:
    """Why the figures may still change; HTML."""
    why = safe("; ".join(report.provisional))
    return f'<div class="tw-note tw-alarm"><b>&#9650; Provisional.</b> {why[:1].upper()}{why[1:]}.</div>'


def unsure(report: Report) -> str:
    """What nobody knows to lie in the period or beside it; HTML."""
    return f'<div class="tw-note">{"<br>".join(safe(words) for words in report.unsure)}</div>'


def drawing(svg: str, title: str) -> str:
    """A chart of the report as an image; HTML."""
    return picture(svg, title)


def tables(report: Report) -> str:
    """All tables of the report; HTML."""
    return "".join(f'<div class="tw-gap">{_sheet(sheet, report.site)}</div>' for sheet in sheets(report))


def _sheet(sheet: Sheet, site: SiteRow) -> str:
    if not sheet.rows:
        return panel(sheet.name, empty(sheet.none))
    right = [k for k, kind in enumerate(sheet.kinds) if kind in NUMERIC]
    body = [
        [safe(cell_words(cell, kind, site)) for cell, kind in zip(row, sheet.kinds, strict=True)]
        for row in sheet.rows
    ]
    return panel(sheet.name, table(sheet.head, body, right=right, tight=True))


def schedule_name(row: ScheduleRow) -> str:
    """`Day, Plant North, to reports/daily`."""
    return f"{row.kind.capitalize()}, {row.scope_name}, to {row.target}"


def schedules_headline(rows: Sequence[ScheduleRow]) -> str:
    """How many come by themselves, and which could not be brought away; HTML."""
    active = [row for row in rows if row.state == "active"]
    stuck = [row for row in active if row.last_state not in ("", "done") and row.last_detail]
    if not active:
        return "<b>No report comes by itself.</b>"
    said = f"<b>{plural(len(active), 'report')} {'comes' if len(active) == 1 else 'come'} by themselves.</b>"
    said = said.replace("comes by themselves", "comes by itself")
    if not stuck:
        return f"{said} The last ones went well."
    return f'{said} <b class="tw-high">&#9650; {len(stuck)} could not be brought away.</b>'


def schedules_panel(rows: Sequence[ScheduleRow], site: SiteRow) -> str:
    """What comes by itself, where it goes, and how the last one went; HTML."""
    if not rows:
        return panel("Schedules", empty("No report comes by itself yet."))
    return panel("Schedules", table(HEAD, [_row(row, site) for row in rows], right=(3,)))


def _row(row: ScheduleRow, site: SiteRow) -> Sequence[str]:
    way = "mail" if row.delivery == "mail" else "folder"
    paused = ' <span class="tw-tag tw-muted">paused</span>' if row.state == "paused" else ""
    return (
        f"<b>{safe(row.kind.capitalize())}</b>, {safe(row.scope_name)}{paused}"
        f"{small(safe(f'by {row.created_by}, {row.delay_us // 60_000_000} min after the end'))}",
        f'{way}: <span class="tw-wrap">{safe(row.target)}</span>',
        safe(" and ".join(one.upper() for one in row.formats)),
        plural(row.done, "report"),
        safe(row.last_name) or '<span class="tw-muted">none yet</span>',
        _standing(row, site),
    )


def _standing(row: ScheduleRow, site: SiteRow) -> str:
    if not row.last_state:
        return ""
    if row.last_state == "done":
        return f"done {stamp(row.last_wall_us, site.time_zone)[:16]}"
    if not row.last_detail:
        return "waits its turn"
    again = (
        "" if row.last_state == "failed" else f", again {stamp(row.next_try_wall_us, site.time_zone)[11:16]}"
    )
    return f'<span class="tw-high tw-num">&#9650; {safe(row.last_detail)}{again}</span>'
