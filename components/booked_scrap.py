"""Scrap that the MES booked, beside what was counted of the same work: as tables and as CSV."""

from collections.abc import Sequence

from components.kpi import nw
from components.tables import csv_bytes, empty, panel, small, stack, table
from components.words import instant, lapse, moment, money, plural, safe, signed
from domain.booked_scrap import Doubt
from services.rows.booked_scrap import BookedScrap, ScrapOfProduct, ScrapRow
from services.rows.site import SiteRow

TITLE = "Booked scrap beside counted scrap"
WORST = "Booked scrap by order and machine"
PRODUCTS_SHOWN, ORDERS_SHOWN, NAMED = 5, 10, 3
PRODUCTS = ("Product", "Booked", "Counted", "Difference", "Cost", "Operations that differ")
ORDERS = ("Order", "Machine", "Ended", "Booked", "Counted", "Difference", "Cost", "What is known of it")
NONE = (
    "The MES booked no scrap with operations that ended in this stretch, or its mapping names no column for"
    " it."
)


def scrap_panel(found: BookedScrap, site: SiteRow, now_us: int) -> str:
    """By product and by order and machine, the largest difference first."""
    note = safe(_note(found, site, now_us))
    if not found.rows:
        return panel(TITLE, empty(_agreed(found)), note)
    right = tuple(range(1, 5))
    products = table(
        PRODUCTS, (_product(one, site) for one in found.products[:PRODUCTS_SHOWN]), right=right, tight=True
    )
    orders = table(
        ORDERS,
        (_order(row, site, now_us) for row in found.rows[:ORDERS_SHOWN]),
        right=range(3, 7),
        tight=True,
    )
    more = f"the worst {ORDERS_SHOWN}; more in the file" * (len(found.rows) > ORDERS_SHOWN)
    return stack(panel(TITLE, products, note), panel(WORST, orders, more))


def _agreed(found: BookedScrap) -> str:
    if not found.compared:
        return NONE if not (found.uncounted or found.unmeasured or found.negative) else "Nothing to compare."
    return f"Booked and counted scrap agree: {plural(found.compared, 'operation')} compared."


def _note(found: BookedScrap, site: SiteRow, now_us: int) -> str:
    """How much was compared, and what was left out."""
    said = []
    if found.rows:
        said.append(f"{found.differing:,} of {found.compared:,} operations differ")
    if found.since_us is not None:
        said.append(f"the newest only, since {moment(found.since_us, site.time_zone, now_us)}")
    if found.uncounted:
        said.append(f"{plural(found.uncounted, 'operation')} neither counted nor inspected")
    if found.unmeasured:
        said.append(f"{plural(found.unmeasured, 'operation')} not wholly in the figures")
    if found.negative:
        named = ", ".join(found.negative[:NAMED])
        said.append(f"{len(found.negative):,} booked below zero left out (order {named})")
    return "; ".join(said)


def _product(one: ScrapOfProduct, site: SiteRow) -> Sequence[str]:
    return (
        safe(one.product), f"{one.booked:,.0f}", f"{one.counted:,.0f}", nw(signed(one.difference)),
        nw(money(one.cents, site.currency, whole=True)),
        f"{one.differing:,} of {one.compared:,}",
    )  # fmt: skip


def _order(row: ScrapRow, site: SiteRow, now_us: int) -> Sequence[str]:
    return (
        f"{nw(safe(row.order_id))}{small(safe(row.product))}", f"{safe(row.machine)}{small(safe(row.line))}",
        nw(moment(row.ended_us, site.time_zone, now_us)), f"{row.booked.scrap:,.0f}",
        f"{row.counted.scrap:,.0f}", nw(signed(row.difference)),
        nw(money(row.cents, site.currency, whole=True)), safe(_known(row)),
    )  # fmt: skip


def _known(row: ScrapRow) -> str:
    """What may lie behind a difference, in words."""
    said = []
    if not row.by_counter:
        said.append("The machine counts no scrap: counted by inspections alone.")
    if row.doubt is not None:
        said.append(f"Within what its counter may miss: {_doubted(row)}.")
    if row.same_parts:
        said.append("As many parts in all on both sides: other ones are called scrap.")
    return " ".join(said) or "Nothing known of the counter explains it: one of the two is wrong."


def _doubted(row: ScrapRow) -> str:
    its = row.counted
    if row.doubt is Doubt.EDGE:
        return f"{its.edge_scrap:,.0f} parts were scrapped in the minutes in which the work began or ended"
    if row.doubt is Doubt.SILENCE:
        return f"nothing was heard of it for {lapse(its.silent_us)}"
    if row.doubt is Doubt.SHARED:
        return "another order was booked here at the same time, and its parts are given to one alone"
    return f"it fell, or read below zero, {plural(its.fell, 'time')}, and how much that is nobody knows"


def scrap_csv(found: BookedScrap, site: SiteRow) -> bytes:
    """The work that differs, the worst first; the end in the site's zone, money in units of its currency."""
    head = ("order", "product", "machine", "line", "ended", "booked scrap", "counted scrap", "difference",
            f"difference {site.currency}", "booked good", "counted good", "counted by", "remark")  # fmt: skip
    return csv_bytes(
        head,
        (
            (
                r.order_id, r.product, r.machine, r.line, instant(r.ended_us, site.time_zone),
                r.booked.scrap, r.counted.scrap, r.difference, None if r.cents is None else r.cents / 100,
                r.booked.good, r.counted.good,
                "machine and inspections" if r.by_counter else "inspections", _known(r),
            )
            for r in found.rows
        ),
    )  # fmt: skip
