"""Orders with their figures: on time, lead and cycle time, work in progress."""

from collections.abc import Sequence

from components.kpi import percent
from components.tables import csv_bytes, empty, panel, small, table
from components.words import NOTHING, instant, lapse, number, plural, safe
from domain.clock import HOUR
from domain.order_kpi import Adherence
from services.rows.kpi import OrderKpiRow
from services.rows.site import SiteRow

SHOWN = 15
HEAD = (
    "Order",
    "Line",
    "State",
    "Good",
    "Of",
    "In progress",
    "OEE",
    "Against plan",
    "Lead time",
    "Cycle",
    "Busy",
    "Running",
)


def orders_panel(rows: Sequence[OrderKpiRow], kept: Adherence) -> str:
    """The newest orders, and the share of those that were due which ended in time."""
    if not rows:
        return panel("Orders", empty("No order was worked on in this stretch."))
    wip = sum(r.wip for r in rows)
    told = f"{kept.kept} of {kept.due} due ended by their planned end, " if kept.due else ""
    body = (_row(r) for r in rows[:SHOWN])
    note = f"{plural(len(rows), 'order')}: {told}{wip:,.0f} parts in progress"
    return panel("Orders", table(HEAD, body, right=tuple(range(3, 12))), safe(note))


def _row(r: OrderKpiRow) -> Sequence[str]:
    f = r.figures
    late = NOTHING
    again = small("by its first plan; planned again") if r.promised_us != r.planned_end_us else ""
    if f.late_us is not None:
        late = f"{lapse(f.late_us)} early"
        if f.late_us > 0:
            late = f'<span class="tw-high">&#9650; {lapse(f.late_us)} late</span>'
    return (
        f"{safe(r.order_id)}{small(safe(r.product))}",
        safe(r.line),
        safe(r.status),
        f"{r.good:,.0f}",
        f"{r.quantity:,.0f}",
        (f"{r.wip:,.0f}" if f.lead_us is None else NOTHING) + (small(safe(_odd(r))) if _odd(r) else ""),
        percent(r.oee),
        f'<span class="tw-nw">{late}</span>{again}',
        lapse(f.lead_us) if f.lead_us is not None else NOTHING,
        number(f.cycle_s, "s"),
        percent(f.allocation_ratio),
        percent(f.process_ratio),
    )


def orders_csv(rows: Sequence[OrderKpiRow], site: SiteRow) -> bytes:
    """All of them; times in hours, the planned end in the site's zone."""
    head = (
        "order", "line", "product", "state", "quantity", "good", "scrap", "in progress", "planned end",
        "late h", "lead h", "execution h", "cycle s", "allocation ratio", "process ratio", "parts per hour",
        "oee", "planned end at release", "remark",
    )  # fmt: skip
    return csv_bytes(
        head,
        (
            (
                r.order_id, r.line, r.product, r.status, r.quantity, r.good, r.scrap, r.wip,
                instant(r.planned_end_us, site.time_zone), _hours(r.figures.late_us),
                _hours(r.figures.lead_us), _hours(r.figures.execution_us), r.figures.cycle_s,
                r.figures.allocation_ratio, r.figures.process_ratio, r.figures.throughput_per_hour, r.oee,
                instant(r.promised_us, site.time_zone), _odd(r),
            )
            for r in rows
        ),
    )  # fmt: skip


def _odd(r: OrderKpiRow) -> str:
    """Why the parts in progress, or the first pass yield, are not known."""
    said = []
    if r.more_out:
        said.append(
            f"{r.more_out:,.0f} more came out than went in: counts are lost, or it skipped the first machine"
        )
    if round(r.twice):
        said.append(
            f"{r.twice:,.0f} more inspected than made: parts inspected again after rework count twice in"
            " first pass yield, unless the MES says so"
        )
    return "; ".join(said)


def _hours(us: int | None) -> float | None:
    return None if us is None else us / HOUR
