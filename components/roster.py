"""A roster file: what it would enter, what is wrong with it, and the roster as a file."""

from collections.abc import Sequence

from components.tables import bullets, csv_bytes, heading, small, table
from components.words import moment, plural, safe
from domain.roster import COLUMNS, duty_text, duty_time
from services.rows.approvals import DutyRow, RosterRow
from services.rows.roster import Checked
from services.rows.site import SiteRow

SHOWN = 12


def check_panel(found: Checked, site: SiteRow, now_us: int) -> str:
    """Errors first; else the first lines, and how many are new."""
    if found.wrong:
        title = f"{plural(len(found.wrong), 'thing')} to mend; nothing is taken in"
        return f'<div role="alert">{heading(title)}{bullets((str(one) for one in found.wrong), "")}</div>'
    new = [one for one in found.entries if not one.known]
    rows = [
        (
            safe(one.name),
            safe(one.line.place),
            safe(duty_text(one.line.position)),
            f"{moment(one.line.from_us, site.time_zone, now_us)} to "
            f"{moment(one.line.until_us, site.time_zone, now_us)}"
            + (small("there already") if one.known else ""),
        )
        for one in found.entries[:SHOWN]
    ]
    ended = f", {len(found.ends)} would end" if found.ends else ""
    title = f"{len(new)} new of {len(found.entries)}{ended}"
    more = small(f"and {len(found.entries) - SHOWN} more") if len(found.entries) > SHOWN else ""
    return heading(title) + table(("Person", "Place", "Duty", "From, to"), rows, tight=True) + more


def chain_words(position: int) -> str:
    """`on shift`, `on call, 2`."""
    return f"on call, {position}" if position else "on shift"


def duty_words(row: DutyRow, site: SiteRow) -> str:
    """One entry in a list to choose from."""
    return f"{row.person}, {row.place}, {chain_words(row.position)}, {site.local(row.from_us):%a %H:%M}"


def roster_csv(rows: Sequence[RosterRow], site: SiteRow) -> bytes:
    """The roster in the form in which a file is taken in."""
    return csv_bytes(
        COLUMNS,
        ((row.username, row.equipment_id, duty_text(row.position), *_times(row, site)) for row in rows),
    )


def _times(row: RosterRow, site: SiteRow) -> tuple[str, str]:
    return duty_time(row.from_us, site.time_zone), duty_time(row.until_us, site.time_zone)
