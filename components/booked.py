"""Booked work as tables: how busy each machine or line was, and how long orders took."""

from collections.abc import Sequence

from components.kpi import percent
from components.links import link
from components.tables import csv_bytes, empty, panel, small, table
from components.words import NOTHING, instant, lapse, moment, number, plural, safe
from services.rows.booked import BookedView, CaseRow, ResourceRow
from services.rows.site import SiteRow

SHOWN = 25
NONE = "Nothing was booked here in this stretch. Orders, their operations and inspections come from the MES."
RESOURCES = ("Where", "At work", "Time", "Orders", "Good", "Scrap", "Rework", "Parts an hour", "Scrap, share",
             "Rework, share")  # fmt: skip
CASES = ("Order", "Line", "Begun", "Lead time", "Machine time", "Good", "Scrap", "Rework")


def headline(view: BookedView) -> str:
    """The busiest part in one sentence; HTML."""
    busy = [row for row in view.resources if row.measures.production_us]
    if not busy:
        return "<b>Nothing was booked here in this stretch.</b>"
    most = max(busy, key=lambda row: row.measures.production_us)
    said = f"<b>{plural(len(view.cases), 'order')} worked on.</b> "
    return f"{said}Busiest: {safe(most.name)}, at work {percent(most.figures.availability)} of the time."


def resources_panel(view: BookedView, keep: dict[str, str]) -> str:
    """Lines or machines, each leading to its own."""
    title = "Lines" if view.level in ("site", "area") else "Machines"
    body = [_resource(row, keep, leads=row.equipment_id != view.scope) for row in view.resources]
    note = "a line is at work while any of its machines is" if title == "Lines" else ""
    right = tuple(range(1, len(RESOURCES)))
    return panel(title, table(RESOURCES, body, right=right, tight=True) if body else empty(NONE), note)


def _resource(row: ResourceRow, keep: dict[str, str], *, leads: bool) -> Sequence[str]:
    f, m = row.figures, row.measures
    name = link(row.name, "booked", id=row.equipment_id, **keep) if leads else safe(row.name)
    return (
        name, percent(f.availability), lapse(m.production_us), f"{row.orders:,}", f"{m.good:,.0f}",
        f"{m.scrap:,.0f}", f"{m.rework:,.0f}", number(f.throughput_per_hour), percent(f.scrap_ratio),
        percent(f.rework_ratio),
    )  # fmt: skip


def cases_panel(view: BookedView, site: SiteRow, now_us: int) -> str:
    """The newest orders: how long they took, and how much of that was work."""
    if not view.cases:
        return panel("Orders", empty(NONE))
    body = [_case(row, site, now_us) for row in view.cases[:SHOWN]]
    right = tuple(range(3, len(CASES)))
    return panel(
        "Orders, newest first", table(CASES, body, right=right, tight=True), "parts: in this stretch"
    )


def _case(row: CaseRow, site: SiteRow, now_us: int) -> Sequence[str]:
    lead = row.figures.lead_us
    return (
        f"{safe(row.order_id)}{small(safe(row.product))}", safe(row.line),
        f'<span class="tw-nw">{moment(row.from_us, site.time_zone, now_us)}</span>',
        NOTHING if lead is None else lapse(lead), _work(row), f"{row.good:,.0f}", f"{row.scrap:,.0f}",
        f"{row.rework:,.0f}",
    )  # fmt: skip


def _work(row: CaseRow) -> str:
    f = row.figures
    return (
        NOTHING
        if f.lead_us is None or f.allocation_ratio is None
        else lapse(round(f.lead_us * f.allocation_ratio))
    )


def resources_csv(view: BookedView) -> bytes:
    """Every line or machine."""
    head = ("id", "name", "at_work", "work_h", "orders", "good", "scrap", "rework", "parts_per_hour",
            "scrap_share", "rework_share")  # fmt: skip
    return csv_bytes(
        head,
        (
            (
                r.equipment_id, r.name, r.figures.availability, r.measures.production_us / 3.6e9, r.orders,
                r.measures.good, r.measures.scrap, r.measures.rework, r.figures.throughput_per_hour,
                r.figures.scrap_ratio, r.figures.rework_ratio,
            )
            for r in view.resources
        ),
    )  # fmt: skip


def cases_csv(view: BookedView, site: SiteRow) -> bytes:
    """Every order that is shown."""
    head = ("order", "product", "line", "begun", "lead_time_h", "work_share", "good", "scrap", "rework")
    return csv_bytes(
        head,
        (
            (
                r.order_id, r.product, r.line, instant(r.from_us, site.time_zone),
                None if r.figures.lead_us is None else r.figures.lead_us / 3.6e9, r.figures.allocation_ratio,
                r.good, r.scrap, r.rework,
            )
            for r in view.cases
        ),
    )  # fmt: skip
