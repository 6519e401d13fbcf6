"""A report as PDF: A4, our own font embedded, charts as vectors, the head of each table on every page."""

import io
from html import escape

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from domain.wording import percent, stamp
from services.reports import charts
from services.reports.style import BOLD, HIGH, INK, INK_2, LINE, LINE_STRONG, PANEL, PLAIN, colour, load_fonts
from services.rows.report_tables import NUMERIC, Cell, Sheet, cell_words, sheets
from services.rows.reports import Report
from services.rows.site import SiteRow

MARGIN, TOP, BOTTOM = 15 * mm, 18 * mm, 16 * mm
ROOM = A4[0] - 2 * MARGIN


def _style(
    name: str, size: float, *, bold: bool = False, ink: str = INK, right: bool = False
) -> ParagraphStyle:
    return ParagraphStyle(
        name, fontName=BOLD if bold else PLAIN, fontSize=size, leading=size * 1.28, textColor=colour(ink),
        alignment=2 if right else 0, splitLongWords=True,
    )  # fmt: skip


TITLE, SAY, PART = _style("title", 17, bold=True), _style("say", 10.5), _style("part", 10.5, bold=True)
KEPT = ParagraphStyle("kept", PART, spaceAfter=4)
QUIET, WARN = _style("quiet", 8.5, ink=INK_2), _style("warn", 9, bold=True, ink=HIGH)
CELL, NUM = _style("cell", 7.2), _style("num", 7.2, right=True)
HEAD, HEAD_R = (
    _style("head", 7.2, bold=True, ink=INK_2),
    _style("head-r", 7.2, bold=True, ink=INK_2, right=True),
)


def write(report: Report) -> bytes:
    """The whole document. The same report gives the same bytes."""
    load_fonts()
    out = io.BytesIO()
    document = BaseDocTemplate(
        out, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=TOP, bottomMargin=BOTTOM,
        title=f"{report.title}, {report.period.name}", author=report.site.name, creator="Taktwise",
        subject="provisional" if report.provisional else "final", invariant=1, lang="en",
    )  # fmt: skip
    frame = Frame(MARGIN, BOTTOM, ROOM, A4[1] - TOP - BOTTOM, 0, 0, 0, 0)
    document.addPageTemplates(PageTemplate(frames=[frame], onPage=lambda canvas, _: _edges(canvas, report)))
    document.build(_story(report), canvasmaker=_Counted)
    return out.getvalue()


def _story(report: Report) -> list[Flowable]:
    every = {sheet.name: sheet for sheet in sheets(report)}
    site = report.site
    story: list[Flowable] = [*_top(report)]
    story += [_part("From calendar time to good parts", charts.waterfall(report.waterfall, ROOM))]
    story += [_part("OEE by line, at its constraint", charts.lines(report.lines, ROOM))]
    story += [_table(every["Lines"], site), Spacer(1, 9)]
    story += [_part("Losses in planned time", charts.losses(report.losses, site.currency, ROOM))]
    for name, title in (
        ("Top stops", "Top stops, dearest first"),
        ("Output", "Output and scrap, at the end of each line"),
        ("Decisions", "Cases decided, and what the receivers answered"),
        ("Machines", "Machines"),
    ):
        story += _titled(title, every[name], site)
    return story


def _top(report: Report) -> list[Flowable]:
    whole, made = report.whole, stamp(report.made_us, report.site.time_zone)[:16]
    against = "" if report.target is None else f" against a target of {percent(report.target)}"
    energy = f", {report.energy_kwh:,.0f} kWh" if report.energy_kwh else ""
    said = (
        f"OEE {percent(whole.oee)}{against}. {whole.good:,.0f} good parts, {whole.scrap:,.0f} scrap at the "
        f"constraints{energy}. {_decided(len(report.decisions))}"
    )
    top: list[Flowable] = [
        Paragraph(escape(report.title), TITLE),
        Spacer(1, 3),
        Paragraph(escape(report.period.name), SAY),
        Paragraph(escape(report.counted), QUIET),
        Paragraph(
            escape(f"Times in {report.site.time_zone}, money in {report.site.currency}. Made {made}."), QUIET
        ),
        Spacer(1, 6),
    ]
    if report.provisional:
        top += [
            Paragraph(escape(f"\u25b2 Provisional: {'; '.join(report.provisional)}."), WARN),
            Spacer(1, 4),
        ]
    notes = " ".join(report.remarks)
    return [*top, Paragraph(escape(said), SAY), Paragraph(escape(notes), QUIET), Spacer(1, 8)]


def _decided(count: int) -> str:
    return f"{count or 'No'} {'case was' if count < 2 else 'cases were'} decided."


def _part(title: str, drawing: Flowable) -> Flowable:
    return KeepTogether([Paragraph(escape(title), PART), Spacer(1, 5), drawing, Spacer(1, 9)])


def _titled(title: str, sheet: Sheet, site: SiteRow) -> list[Flowable]:
    """The heading stays with the beginning of its table; a short table stays whole."""
    parts = [Paragraph(escape(title), KEPT), _table(sheet, site), Spacer(1, 9)]
    return [KeepTogether(parts)] if len(sheet.rows) <= 18 else [CondPageBreak(90), *parts]


def _table(sheet: Sheet, site: SiteRow) -> Flowable:
    if not sheet.rows:
        return Paragraph(escape(sheet.none), QUIET)
    head = [
        Paragraph(escape(name), HEAD_R if kind in NUMERIC else HEAD)
        for name, kind in zip(sheet.head, sheet.kinds, strict=True)
    ]
    body = [
        [_cell(cell, kind, site) for cell, kind in zip(row, sheet.kinds, strict=True)] for row in sheet.rows
    ]
    table = Table([head, *body], colWidths=[ROOM * share for share in sheet.widths], repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("BACKGROUND", (0, 0), (-1, 0), colour(PANEL)),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, colour(LINE)),
                ("LINEABOVE", (0, 0), (-1, 0), 0.6, colour(LINE_STRONG)),
                ("LEFTPADDING", (0, 0), (-1, -1), 3),
                ("RIGHTPADDING", (0, 0), (-1, -1), 3),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
            ]
        )
    )
    return table


def _cell(cell: Cell, kind: str, site: SiteRow) -> Paragraph:
    return Paragraph(escape(cell_words(cell, kind, site)), NUM if kind in NUMERIC else CELL)


def _edges(canvas: Canvas, report: Report) -> None:
    canvas.setFont(PLAIN, 8)
    canvas.setFillColor(colour(INK_2))
    canvas.drawString(MARGIN, A4[1] - 11 * mm, f"{report.site.name}  \u00b7  {report.period.name}")
    canvas.drawString(MARGIN, 9 * mm, f"Taktwise{'  ·  provisional' if report.provisional else ''}")


class _Counted(Canvas):
    """Writes `page 2 of 5` once the number of pages is known."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._kept: list[dict[str, object]] = []

    def showPage(self) -> None:  # noqa: N802  (reportlab's name)
        """Keep the page for later."""
        self._kept.append(dict(self.__dict__))
        self._startPage()  # type: ignore[attr-defined]

    def save(self) -> None:
        """Write the kept pages with their number."""
        for number, page in enumerate(self._kept, start=1):
            self.__dict__.update(page)
            self.setFont(PLAIN, 8)
            self.setFillColor(colour(INK_2))
            self.drawRightString(A4[0] - MARGIN, 9 * mm, f"page {number} of {len(self._kept)}")
            super().showPage()
        super().save()
