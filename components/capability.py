"""Capability of every value with a tolerance, in one table."""

from collections.abc import Sequence

from components.links import link
from components.tables import csv_bytes, empty, panel, small, table
from components.words import NOTHING, number, plural, safe, unit_text
from services.rows.quality import CapabilityRow
from services.spc.intervals import Capability, Index

HEAD = ("Value", "Tolerance", "Cp", "Cpk", "Pp", "Ppk", "Normal", "Outside")
POOR, GOOD = 1.0, 1.33


def capability_headline(rows: Sequence[CapabilityRow]) -> str:
    """The sentence on top, HTML."""
    known = [r for r in rows if r.found is not None]
    if not known:
        return "No value has a tolerance and enough samples yet."
    poor = [r for r in known if _ppk(r) < POOR]
    if poor:
        verb = "is" if len(poor) == 1 else "are"
        return f"<b>{len(poor)} of {plural(len(known), 'value')} {verb} not capable</b> (Ppk below 1)."
    return f"<b>All {plural(len(known), 'value')} hold their tolerance</b> (Ppk of 1 and more)."


def _ppk(row: CapabilityRow) -> float:
    index = _of(row.found, "Ppk")
    return POOR if index is None or index.value is None else index.value


def capability_table(rows: Sequence[CapabilityRow]) -> str:
    """The least capable first; the interval under each index."""
    if not rows:
        return panel("Values with a tolerance", empty("State a tolerance on a chart, and it appears here."))
    body = table(HEAD, (_row(r) for r in rows), right=(1, 2, 3, 4, 5, 7))
    note = small(
        "Under each index its 95 % interval. Cp and Cpk: spread within samples; Pp and Ppk: all values. "
        "Cm and Cmk stand on each chart."
    )
    return panel("Values with a tolerance, the least capable first", body + note)


def _row(row: CapabilityRow) -> Sequence[str]:
    chart, found = row.chart, row.found
    name = link(chart.title, "chart", id=chart.chart_id) + small(safe(row.line_name))
    low, high = number(chart.tolerance_low), number(chart.tolerance_high)
    tolerance = f'<span class="tw-nw">{low} to {high}</span>{small(safe(unit_text(row.unit)))}'
    if found is None:
        return (name, tolerance, NOTHING, NOTHING, NOTHING, NOTHING, small(safe(row.why)), "")
    cells = [_cell(_of(found, key)) for key in ("Cp", "Cpk", "Pp", "Ppk")]
    outside = f"{found.outside:,}" + small(f"of {found.values:,}")
    return (name, tolerance, *cells, _normal(found), outside)


def _of(found: Capability | None, name: str) -> Index | None:
    return next((i for i in found.indices if i.name == name), None) if found else None


def _cell(index: Index | None) -> str:
    if index is None or index.value is None or index.low is None or index.high is None:
        return NOTHING
    text = f"{index.value:.2f}"
    if index.high < POOR:
        text = f'<span class="tw-high tw-num">&#9650; {text}</span>'
    elif index.low >= GOOD:
        text = f"<b>{text}</b>"
    return f'<span class="tw-nw">{text}</span>{small(f"{index.low:.2f} to {index.high:.2f}")}'


def _normal(found: Capability) -> str:
    if found.normality.p is None:
        return "too few values"
    if not found.normality.doubtful:
        return "yes"
    by = f"Ppk by percentiles {found.by_percentiles:.2f}" if found.by_percentiles is not None else ""
    return f"hardly{small(by)}"


def capability_csv(rows: Sequence[CapabilityRow]) -> bytes:
    """The indices with their intervals."""
    names = ("Cp", "Cpk", "Pp", "Ppk")
    figures = (f"{name}{end}" for name in names for end in ("", "_low", "_high"))
    head = ("chart", "machine", "line", "low", "high", *figures, "normality_p", "values", "outside")
    return csv_bytes(head, (_csv_row(r, names) for r in rows if r.found is not None))


def _csv_row(row: CapabilityRow, names: Sequence[str]) -> Sequence[object]:
    found = row.found
    indices = [_of(found, name) for name in names]
    figures = [v for i in indices for v in ((i.value, i.low, i.high) if i else (None, None, None))]
    tail = (found.normality.p, found.values, found.outside) if found else ()
    chart = row.chart
    return (
        chart.title,
        row.equipment_name,
        row.line_name,
        chart.tolerance_low,
        chart.tolerance_high,
        *figures,
        *tail,
    )
