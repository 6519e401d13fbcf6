"""The tables of a report, once for PDF and XLSX: names of columns, typed cells, and their kinds.

A cell is text, a number, or None. `kinds` says how each column is written: text, whole, one (one
decimal), share (a fraction as per cent), money (cents), time (microseconds UTC, shown in the site's zone).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from domain.kpi import energy_each
from domain.wording import local, money, percent, repeated
from services.rows.reports import Answer, PlaceFigures, Report, Stop
from services.rows.site import SiteRow

NUMERIC = frozenset({"whole", "one", "three", "share", "money"})
Cell = str | float | int | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table. `widths` are shares of the page."""

    name: str
    head: tuple[str, ...]
    kinds: tuple[str, ...]
    widths: tuple[float, ...]
    rows: tuple[tuple[Cell, ...], ...]
    none: str = "Nothing in this period."


_FIGURES = ("OEE", "Target", "Availability", "Performance", "Quality", "Planned h", "Good", "Scrap", "kWh",
            "kWh per good part")  # fmt: skip
_KINDS = ("share", "share", "share", "share", "share", "one", "whole", "whole", "one", "three")


def sheets(report: Report) -> tuple[Sheet, ...]:
    """Every table of a report, in order."""
    return (
        _places("Lines", "Line", report.lines, lambda row: row.name),
        _losses(report),
        _stops(report),
        _output(report),
        _decisions(report),
        _places("Machines", "Machine", report.machines, lambda row: f"{row.name}, {row.line_name}"),
    )


def _places(
    name: str, first: str, rows: Sequence[PlaceFigures], label: Callable[[PlaceFigures], str]
) -> Sheet:
    return Sheet(
        name,
        (first, *_FIGURES),
        ("text", *_KINDS),
        (0.235, 0.062, 0.062, 0.1, 0.112, 0.07, 0.076, 0.062, 0.058, 0.083, 0.08),
        tuple((label(row), *_figures(row)) for row in rows),
    )


def _figures(row: PlaceFigures) -> tuple[Cell, ...]:
    oee, energy = row.oee, row.energy_kwh
    each = energy_each(energy, oee.good)
    return (
        oee.oee, row.target, oee.availability, oee.effectiveness, oee.quality, oee.pbt_s / 3600,
        oee.good, oee.scrap, energy or None, each,
    )  # fmt: skip


def _losses(report: Report) -> Sheet:
    rows = tuple((loss.name, loss.minutes / 60, loss.cents) for loss in report.losses)
    return Sheet("Losses", ("Loss", "Hours", "Cost"), ("text", "one", "money"), (0.6, 0.2, 0.2), rows)


def _stops(report: Report) -> Sheet:
    head = ("Machine", "Line", "Reason", "Times", "Minutes", "Cost", "Remark")
    rows = tuple(
        (s.machine, s.line, s.reason or "no reason yet", s.times, s.minutes, s.cents, _remark(s))
        for s in report.stops
    )  # fmt: skip
    kinds = ("text", "text", "text", "whole", "whole", "money", "text")
    none = "No stop was booked in this period."
    return Sheet("Top stops", head, kinds, (0.14, 0.2, 0.2, 0.08, 0.1, 0.12, 0.16), rows, none)


def _remark(s: Stop) -> str:
    said = [
        "planned" if s.planned else "",
        "waited for another machine" if s.elsewhere else "",
        "not ended" if s.open else "",
    ]
    return ", ".join(word for word in said if word)


def _output(report: Report) -> Sheet:
    rows = tuple(
        (o.line, o.product or "without an order", o.good, o.scrap, o.scrap / (o.good + o.scrap))
        for o in report.output
    )
    head = ("Line", "Product", "Good parts", "Scrap", "Scrap share")
    kinds = ("text", "text", "whole", "whole", "share")
    return Sheet("Output", head, kinds, (0.3, 0.31, 0.14, 0.11, 0.14), rows, "No part was made.")


def _decisions(report: Report) -> Sheet:
    head = ("Case", "What", "Decided", "By", "State", "Cost", "Worth", "Answers of the receivers", "Reason")
    rows = tuple(
        (
            str(d.number), d.title, d.decided_us, d.decided_by, d.state.replace("_", " "), d.cost_cents,
            d.benefit_cents, "; ".join(_answer(a) for a in d.answers) or "nothing was sent", d.reason,
        )
        for d in report.decisions
    )  # fmt: skip
    kinds = ("text", "text", "time", "text", "text", "money", "money", "text", "text")
    widths = (0.06, 0.2, 0.1, 0.11, 0.08, 0.08, 0.08, 0.2, 0.09)
    return Sheet("Decisions", head, kinds, widths, rows, "No case was decided in this period.")


def _answer(a: Answer) -> str:
    detail = f" ({a.detail})" if a.detail else ""
    return f"{a.queue} {a.status.replace('_', ' ')}{detail}"


def cell_words(cell: Cell, kind: str, site: SiteRow) -> str:
    """A cell as people read it."""
    if cell is None:
        return "\u2013"
    if isinstance(cell, str):
        return cell
    if kind == "share":
        return percent(cell)
    if kind == "money":
        return money(round(cell), site.currency)
    if kind == "time":
        at, zone = round(cell), site.time_zone
        return f"{local(at, zone):%d %b %H:%M} {repeated(at, zone)}".rstrip()
    return f"{cell:,.{ {'one': 1, 'three': 3}.get(kind, 0) }f}"
