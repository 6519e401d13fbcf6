"""A report as a workbook: typed cells, native charts, and nothing in it that could run.

Text is always written as a string, never as a formula or a link; text that would become a formula when
somebody edits its cell carries the quote prefix as well.
"""

import io
from typing import Any

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from domain.clock import utc
from domain.spreadsheet import dangerous
from domain.wording import local, repeated, stamp
from services.reports.style import FILL, FILL_2, HIGH, INK_2, LINE, PANEL
from services.rows.report_tables import Cell, Sheet, sheets
from services.rows.reports import Report

_SAFE = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_NUMBERS = {
    "whole": "#,##0",
    "one": "#,##0.0",
    "three": "#,##0.000",
    "share": "0.0%",
    "time": "yyyy-mm-dd hh:mm",
}
_LONGEST = 32_767  # characters that a cell can hold


def write(report: Report) -> bytes:
    """The whole workbook. The same report gives the same cells."""
    out = io.BytesIO()
    book = Workbook(out, {**_SAFE, "in_memory": True})
    book.set_properties(
        {
            "title": f"{report.title}, {report.period.name}",
            "created": utc(report.made_us).replace(tzinfo=None),
        }
    )
    pen = _Pen(book, report)
    _summary(pen)
    for sheet in sheets(report):
        _sheet(pen, sheet)
    book.close()
    return out.getvalue()


class _Pen:
    """The workbook with its formats, each made once."""

    def __init__(self, book: Workbook, report: Report) -> None:
        self.book, self.report = book, report
        self._made: dict[tuple[tuple[str, object], ...], Format] = {}

    def format(self, **properties: object) -> Format:
        key = tuple(sorted(properties.items()))
        if key not in self._made:
            self._made[key] = self.book.add_format({"font_name": "Calibri", "valign": "top", **properties})
        return self._made[key]

    def text(self, page: Worksheet, row: int, column: int, words: str, **properties: object) -> None:
        """A string, whatever it looks like."""
        if dangerous(words):
            properties["quote_prefix"] = True
        page.write_string(row, column, words[:_LONGEST], self.format(**properties))

    def cell(self, page: Worksheet, row: int, column: int, cell: Cell, kind: str) -> None:
        """A typed cell: money in whole units of the currency, times on the site's clock."""
        if cell is None:
            return
        if isinstance(cell, str):
            self.text(page, row, column, cell, text_wrap=True)
        elif kind == "time":
            wall = local(round(cell), self.report.site.time_zone).replace(tzinfo=None)
            offset = repeated(round(cell), self.report.site.time_zone)
            shown = f'{_NUMBERS[kind]} "{offset}"' if offset else _NUMBERS[kind]
            page.write_datetime(row, column, wall, self.format(num_format=shown))
        elif kind == "money":
            page.write_number(row, column, cell / 100, self.format(num_format=self._money()))
        else:
            page.write_number(row, column, cell, self.format(num_format=_NUMBERS[kind]))

    def _money(self) -> str:
        currency = "".join(c for c in self.report.site.currency if c.isalpha())
        return f'#,##0.00 "{currency}"'


def _summary(pen: _Pen) -> None:
    report, page = pen.report, pen.book.add_worksheet("Summary")
    page.set_column(0, 0, 34)
    page.set_column(1, 1, 16)
    page.hide_gridlines(2)
    pen.text(page, 0, 0, report.title, bold=True, font_size=16)
    pen.text(page, 1, 0, report.period.name)
    zone, at = report.site.time_zone, stamp(report.made_us, report.site.time_zone)[:16]
    made = f"{report.counted} Times in {zone}, money in {report.site.currency}. Made {at}."
    pen.text(page, 2, 0, made, font_color=INK_2)
    standing = f"Provisional: {'; '.join(report.provisional)}." if report.provisional else "Final."
    pen.text(
        page, 3, 0, standing, bold=bool(report.provisional), font_color=HIGH if report.provisional else INK_2
    )
    last = _facts(pen, page, 5)
    _waterfall(pen, page, last + 2)


def _facts(pen: _Pen, page: Worksheet, row: int) -> int:
    report, whole = pen.report, pen.report.whole
    facts: tuple[tuple[str, Cell, str], ...] = (
        ("OEE", whole.oee, "share"),
        ("Target", report.target, "share"),
        ("Availability", whole.availability, "share"),
        ("Performance", whole.effectiveness, "share"),
        ("Quality", whole.quality, "share"),
        ("Good parts at the constraints", whole.good, "whole"),
        ("Scrap at the constraints", whole.scrap, "whole"),
        ("Energy, kWh", report.energy_kwh or None, "one"),
        ("Cases decided", len(report.decisions), "whole"),
    )
    for k, (name, value, kind) in enumerate(facts):
        pen.text(page, row + k, 0, name)
        pen.cell(page, row + k, 1, value, kind)
    for k, remark in enumerate(report.remarks):
        pen.text(page, row + k, 3, remark, font_color=INK_2)
    return row + len(facts)


def _waterfall(pen: _Pen, page: Worksheet, row: int) -> None:
    """Hours, with the invisible foot that a stacked column needs to hang a loss in the air."""
    head = pen.format(bold=True, bg_color=PANEL, bottom=1, bottom_color=LINE)
    for k, name in enumerate(("From calendar time to good parts", "Hours", "Foot", "Bar")):
        page.write_string(row, k, name, head)
    level, steps = 0.0, pen.report.waterfall
    for k, step in enumerate(steps, start=1):
        low, high = (level - step.hours, level) if step.kind == "loss" else (0.0, step.hours)
        level = low if step.kind == "loss" else high
        pen.text(page, row + k, 0, step.name)
        for column, value in ((1, step.hours), (2, max(0.0, min(low, high))), (3, abs(high - low))):
            pen.cell(page, row + k, column, value, "one")
    span = (row + 1, row + len(steps))
    chart = pen.book.add_chart({"type": "column", "subtype": "stacked"})
    names = ["Summary", span[0], 0, span[1], 0]
    chart.add_series(
        {
            "categories": names,
            "values": ["Summary", span[0], 2, span[1], 2],
            "fill": {"none": True},
            "border": {"none": True},
        }
    )
    paints = [{"fill": {"color": FILL if s.kind == "loss" else INK_2}} for s in steps]
    chart.add_series(
        {
            "name": "Hours",
            "categories": names,
            "values": ["Summary", span[0], 3, span[1], 3],
            "points": paints,
            "gap": 30,
        }
    )
    _insert(chart, page, 16, "F6", "From calendar time to good parts, hours")


def _sheet(pen: _Pen, sheet: Sheet) -> None:
    page = pen.book.add_worksheet(sheet.name)
    head = pen.format(bold=True, bg_color=PANEL, bottom=1, bottom_color=LINE, text_wrap=True)
    for k, name in enumerate(_head(pen, sheet)):
        page.write_string(0, k, name, head)
        page.set_column(k, k, max(_narrowest(pen, sheet, k), round(110 * sheet.widths[k]), len(name) // 2))
    for n, row in enumerate(sheet.rows, start=1):
        for k, cell in enumerate(row):
            pen.cell(page, n, k, cell, sheet.kinds[k])
    page.freeze_panes(1, 1)
    if not sheet.rows:
        pen.text(page, 1, 0, sheet.none, font_color=INK_2)
        return
    page.autofilter(0, 0, len(sheet.rows), len(sheet.head) - 1)
    if sheet.name in ("Lines", "Losses"):
        _bars(pen, page, sheet)


def _head(pen: _Pen, sheet: Sheet) -> tuple[str, ...]:
    """The names of the columns; those of times say the zone."""
    kinds = zip(sheet.head, sheet.kinds, strict=True)
    return tuple(f"{name} ({pen.report.site.time_zone})" if kind == "time" else name for name, kind in kinds)


def _narrowest(pen: _Pen, sheet: Sheet, column: int) -> int:
    """The characters that a column needs: times of an hour that comes twice carry their offset."""
    cells = (row[column] for row in sheet.rows if sheet.kinds[column] == "time")
    zone = pen.report.site.time_zone
    return 24 if any(isinstance(c, (int, float)) and repeated(round(c), zone) for c in cells) else 9


def _bars(pen: _Pen, page: Worksheet, sheet: Sheet) -> None:
    column = sheet.head.index("OEE" if sheet.name == "Lines" else "Cost")
    last = len(sheet.rows)
    chart = pen.book.add_chart({"type": "bar"})
    chart.add_series(
        {
            "name": sheet.head[column],
            "categories": [sheet.name, 1, 0, last, 0],
            "values": [sheet.name, 1, column, last, column],
            "fill": {"color": FILL_2},
            "gap": 40,
        }
    )
    chart.set_y_axis({"reverse": True})
    title = "OEE by line" if sheet.name == "Lines" else f"Losses, {pen.report.site.currency}"
    _insert(chart, page, max(8, last + 4), f"A{last + 4}", title)


def _insert(chart: Any, page: Worksheet, rows: int, cell: str, title: str) -> None:
    chart.set_title({"name": title, "name_font": {"size": 11}})
    chart.set_legend({"none": True})
    chart.set_size({"width": 760, "height": max(240, rows * 20)})
    page.insert_chart(cell, chart)
