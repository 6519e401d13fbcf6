"""Remarks on figures: on the screen, and as a file."""

from collections.abc import Iterable

from components.kpi import nw
from components.tables import csv_bytes, empty, panel, small, table
from components.words import instant, moment, plural, safe
from domain.clock import DAY
from services.rows.kpi import FLAGS_BACK_US, FlagRow, KpiView
from services.rows.site import SiteRow

HEAD = ("when", "machine", "code", "record", "remark")


def remarks_csv(rows: Iterable[FlagRow], site: SiteRow) -> bytes:
    """One line for each remark, times in the site's zone."""
    found = ((instant(r.at_us, site.time_zone), r.name, r.code, r.record, r.words) for r in rows)
    return csv_bytes(HEAD, found)


def flags_panel(view: KpiView, site: SiteRow, now_us: int) -> str:
    """What is odd behind the figures: the newest of each kind, newest first."""
    if not view.flags:
        return panel("Check these", empty("Nothing odd was found behind these figures."))
    body = (
        (
            f'<span class="tw-nw">{moment(flag.at_us, site.time_zone, now_us)}</span>',
            nw(safe(flag.name)) + (small(f"and {flag.machines - 1} more") if flag.machines > 1 else ""),
            safe(flag.words) + _record(flag),
        )
        for flag in view.flags
    )
    told = plural(view.flag_count, "remark")
    if view.ask.to_us - view.ask.from_us > FLAGS_BACK_US:
        told += f" in the last {FLAGS_BACK_US // DAY} days of it"
    return panel("Check these", table(("Newest", "Machine", "What"), body), told)


def _record(flag: FlagRow) -> str:
    told = [f"record {safe(flag.record)}"] if flag.record else []
    told += [f"{flag.times:,} times (all of them in the file of remarks)"] if flag.times > 1 else []
    return small(", ".join(told)) if told else ""
