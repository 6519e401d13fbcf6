"""Remarks on figures as a file."""

from collections.abc import Iterable

from components.tables import csv_bytes
from components.words import stamp
from services.rows.kpi import FlagRow
from services.rows.site import SiteRow

HEAD = ("when", "machine", "code", "record", "remark")


def remarks_csv(rows: Iterable[FlagRow], site: SiteRow) -> bytes:
    """One line for each remark, times in the site's zone."""
    found = ((stamp(r.at_us, site.time_zone), r.name, r.code, r.record, r.words) for r in rows)
    return csv_bytes(HEAD, found)
