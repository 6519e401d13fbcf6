"""Planned run times per part with their basis, beside the figures that rest on them."""

from components.tables import csv_bytes, empty, panel, table
from components.words import NOTHING, instant, local, safe
from services.rows.kpi import KpiView, RateRow
from services.rows.site import SiteRow

SHOWN = 40
HEAD = ("Machine", "Product", "Tool", "Planned a part", "Of", "Basis", "Since")


def rates_panel(view: KpiView, site: SiteRow) -> str:
    """What effectiveness is measured against: by machine, product and tool."""
    title = "Planned run time per part"
    if not view.rates:
        return panel(title, empty("No order with a product was worked on in this stretch."))
    shown = view.rates[:SHOWN]
    right = (
        f"the first {SHOWN} of {len(view.rates)}, all of them in the CSV" if len(view.rates) > SHOWN else ""
    )
    return panel(title, table(HEAD, [_row(r, site) for r in shown], right=(3,), wide=4), right)


def _row(r: RateRow, site: SiteRow) -> tuple[str, ...]:
    since = local(r.valid_from_us, site.time_zone) if r.valid_from_us else None
    return (
        safe(r.machine),
        safe(r.product),
        safe(r.tool) or "any",
        f"{r.per_part_s:,.1f} s" if r.per_part_s is not None else "no rate",
        _of(r),
        safe(r.basis) or NOTHING,
        f"{since.day} {since:%b %Y}" if since else NOTHING if r.valid_from_us is None else "the beginning",
    )


def _of(r: RateRow) -> str:
    if r.cycle_s is None:
        return "neither effectiveness nor OEE without one"
    if r.cavities == 1:
        return "one part a cycle"
    return f"a cycle of {r.cycle_s:,.1f} s with {r.cavities} cavities"


def rates_csv(view: KpiView, site: SiteRow) -> bytes:
    """The table as CSV."""
    head = ("machine", "product", "tool", "planned s a part", "cycle s", "cavities", "basis", "valid from")
    return csv_bytes(
        head,
        (
            (
                r.machine, r.product, r.tool, r.per_part_s, r.cycle_s, r.cavities, r.basis,
                instant(r.valid_from_us, site.time_zone),
            )
            for r in view.rates
        ),
    )  # fmt: skip
