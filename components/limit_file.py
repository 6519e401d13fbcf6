"""A file of validated limits: what it would enter, and the file to fill in."""

from collections.abc import Sequence

from components.tables import bullets, csv_bytes, heading, small, table
from components.words import NOTHING, plural, safe
from domain.limit_file import COLUMNS
from domain.process import Limits, exact, parameter_label
from services.rows.process import CheckedLimits, LimitEntry, SettingRow

SHOWN = 20
HEAD = ("Setting", "Product", "Place", "Limits until now", "Limits in the file", "Validated by")


def check_panel(found: CheckedLimits) -> str:
    """Errors first; else the first lines, and how many are new."""
    if found.wrong:
        title = f"{plural(len(found.wrong), 'thing')} to mend; nothing is entered"
        return f'<div role="alert">{heading(title)}{bullets((str(one) for one in found.wrong), "")}</div>'
    new = sum(not one.known for one in found.entries)
    more = small(f"and {len(found.entries) - SHOWN:,} more") if len(found.entries) > SHOWN else ""
    body = table(HEAD, [_row(one) for one in found.entries[:SHOWN]], right=(3, 4), tight=True)
    return heading(f"{new:,} new of {plural(len(found.entries), 'line')}") + body + more


def _row(one: LimitEntry) -> Sequence[str]:
    return (
        safe(parameter_label(one.parameter)),
        safe(one.line.product),
        safe(one.scope_name),
        NOTHING if one.before is None else _span(one.before),
        _span(one.limits) + (small("as it is") if one.known else ""),
        safe(one.limits.validated_by),
    )


def _span(limits: Limits) -> str:
    return f'<span class="tw-nw">{exact(limits.low)} to {safe(exact(limits.high, limits.unit))}</span>'


def limits_csv(rows: Sequence[SettingRow]) -> bytes:
    """The settings with the limits that hold, to fill in and hand in again; limits of a line stand once."""
    lines = {(row.scope or row.equipment_id, row.product_id, row.parameter): _line(row) for row in rows}
    return csv_bytes(COLUMNS, lines.values())


def _line(row: SettingRow) -> Sequence[object]:
    held = row.limits
    place = row.scope or row.equipment_id
    numbers = ("", "") if held is None else (held.low, held.high)
    by = "" if held is None else held.validated_by
    return place, row.product_id, row.parameter, *numbers, row.unit, by
