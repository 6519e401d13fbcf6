"""Lots of material as tables: the newest, and the step before and after one."""

from collections.abc import Sequence

from components.links import link
from components.tables import csv_bytes, empty, panel, small, table
from components.words import NOTHING, instant, moment, plural, safe
from services.rows.lots import Genealogy, LotOrder, LotRow, LotsView
from services.rows.site import SiteRow

HEAD = ("Lot", "Material", "Quantity", "Status", "Received or made", "Orders")


def headline(view: LotsView) -> str:
    """How much is known; HTML."""
    if not view.lots:
        return "<b>No lot fits.</b>"
    trades = f" Trades in the MES: {safe(', '.join(view.trades))}." if view.trades else ""
    return f"<b>{plural(len(view.lots), 'lot')}</b> of {plural(view.materials, 'material')}.{trades}"


def lots_panel(rows: Sequence[LotRow], site: SiteRow, now_us: int) -> str:
    """The newest lots."""
    body = [
        (
            lot_link(row),
            safe(row.material),
            _quantity(row.quantity, row.unit),
            _status(row.status),
            f'<span class="tw-nw">{moment(row.at_us, site.time_zone, now_us)}</span>',
            f"{row.orders:,}",
        )
        for row in rows
    ]
    return panel("Lots, newest first", table(HEAD, body, right=(2, 5), tight=True) if body else empty(NONE))


NONE = "No lot yet. Map materials, lots and their use in the MES mapping (docs/mes.md)."


def lot_link(row: LotRow) -> str:
    """The lot's number, leading to its genealogy."""
    return link(row.lot_id, "lots", mes=row.instance, lot=row.lot_id)


def _quantity(value: float | None, unit: str) -> str:
    if value is None:
        return NOTHING
    return f'<span class="tw-nw">{value:,.0f} {safe(unit)}</span>'


def _status(status: str | None) -> str:
    if status is None:
        return NOTHING
    return f'<span class="tw-high">&#9650; {safe(status)}</span>' if status == "Restricted" else safe(status)


def lot_headline(found: Genealogy, site: SiteRow, now_us: int) -> str:
    """The lot in one sentence; HTML."""
    lot = found.lot
    when = moment(lot.at_us, site.time_zone, now_us)
    made = "made" if found.made_by else "received"
    used = (
        f"went into {plural(len(found.went_into), 'order')}" if found.went_into else "went into no order yet"
    )
    much = "" if lot.quantity is None else f"{_quantity(lot.quantity, lot.unit)} "
    status = "" if lot.status is None else f", {_status(lot.status)}"
    return f"<b>Lot {safe(lot.lot_id)}</b>: {much}{safe(lot.material)}, {made} {when}{status}; it {used}."


def steps_panel(
    title: str, orders: Sequence[LotOrder], other: str, none: str, site: SiteRow, now_us: int
) -> str:
    """Orders on one side of the lot, with the lots beyond them."""
    body = [
        (
            safe(one.order_id) + small(safe(one.product)),
            safe(one.line),
            f"{one.quantity:,.0f}",
            f'<span class="tw-nw">{moment(one.at_us, site.time_zone, now_us)}</span>',
            "<br>".join(f"{lot_link(lot)} {safe(lot.material)}" for lot in one.others) or "none booked",
        )
        for one in orders
    ]
    head = ("Order", "Line", "Quantity", "When", other)
    return panel(title, table(head, body, right=(2,), tight=True) if body else empty(none))


def lots_csv(view: LotsView, site: SiteRow) -> bytes:
    """The lots as shown."""
    head = ("lot", "mes", "material", "quantity", "unit", "status", "at", "orders")
    rows = view.lots
    return csv_bytes(
        head,
        (
            (
                r.lot_id,
                r.instance,
                r.material,
                r.quantity,
                r.unit,
                r.status,
                instant(r.at_us, site.time_zone),
                r.orders,
            )
            for r in rows
        ),
    )
