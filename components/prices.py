"""Energy prices in words and tables: every version, the one in force marked."""

from collections.abc import Sequence

from components.calendar import clock_text, days_text
from components.tables import empty, panel, small, table
from components.words import local, safe
from domain.energy import Band
from services.rows.energy import Priced, Prices
from services.rows.site import SiteRow


def headline(found: Prices, site: SiteRow) -> str:
    """What holds now; HTML."""
    if found.tariff is None:
        said = "<b>No tariff is in force: energy has no cost here.</b>"
    else:
        one = found.tariffs[found.tariff]
        since = f"{local(one.valid_from_us, site.time_zone):%Y-%m-%d}"
        said = f"<b>{safe(one.name)}</b> is in force since {since}."
    if found.factor is None:
        return said + " No emission factor is in force."
    return said + f" A kWh emits {found.factors[found.factor].value:g} g of CO\u2082."


def tariffs_panel(found: Prices, site: SiteRow) -> str:
    """Every version of the tariff."""
    if not found.tariffs:
        return panel("Tariffs", empty("Nobody has set a tariff yet."))
    rows = [
        (
            f"<b>{safe(p.name)}</b>{_mark(k == found.tariff)}",
            "<br>".join(_band(band, site) for band in p.bands),
            f"{p.value / 100:,.2f}",
            *_who(p, site),
        )
        for k, p in enumerate(found.tariffs)
    ]
    head = ("Tariff", "Prices", f"Peak, {site.currency} a kW and month", "Holds", "Set by", "Why")
    return panel("Tariffs", table(head, rows, right=(2,)))


def _band(band: Band, site: SiteRow) -> str:
    days = days_text(frozenset(int(day) for day in band.weekdays))
    whole = (band.from_minute, band.to_minute) == (0, 1_440)
    when = "" if whole else f", {days} {clock_text(band.from_minute)} to {clock_text(band.to_minute)}"
    price = f"{band.millicents / 100_000:.4f} {site.currency} a kWh"
    return f'<span class="tw-nw"><b class="tw-num">{price}</b></span> {safe(band.name)}{when}'


def factors_panel(found: Prices, site: SiteRow) -> str:
    """Every version of the emission factor."""
    if not found.factors:
        return panel("Emission factors", empty("Nobody has set an emission factor yet."))
    rows = [
        (f"<b>{p.value:g}</b>{_mark(k == found.factor)}", safe(p.detail), *_who(p, site))
        for k, p in enumerate(found.factors)
    ]
    head = ("CO\u2082, g a kWh", "Published by", "Holds", "Set by", "Why")
    return panel("Emission factors", table(head, rows))


def _who(p: Priced, site: SiteRow) -> Sequence[str]:
    since = f"from {local(p.valid_from_us, site.time_zone):%Y-%m-%d}"
    if p.valid_to_us is not None:
        since += f"<br>to {local(p.valid_to_us - 1, site.time_zone):%Y-%m-%d}"
    return (f'<span class="tw-nw">{since}</span>', safe(p.set_by), safe(p.reason))


def _mark(held: bool) -> str:
    return small("in force") if held else ""
