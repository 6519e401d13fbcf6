"""The charts of a report as vector drawings: for the page of a PDF, and as SVG for the preview."""

from collections.abc import Sequence
from typing import Literal

from reportlab.graphics import renderSVG
from reportlab.graphics.shapes import Drawing, Group, Line, Rect, String
from reportlab.pdfbase.pdfmetrics import stringWidth

from domain.wording import money, percent
from services.reports.style import (
    BOLD,
    FILL,
    FILL_2,
    HIGH,
    INK,
    INK_2,
    LINE,
    LINE_STRONG,
    PLAIN,
    colour,
    load_fonts,
)
from services.rows.reports import Loss, PlaceFigures, Report, Step

Anchor = Literal["start", "middle", "end"]
WIDTH = 510.0
_TALL, _FOOT, _HEAD = 120.0, 34.0, 16.0
_ROW, _NAME, _VALUE = 19.0, 150.0, 118.0


def waterfall(steps: Sequence[Step], width: float = WIDTH) -> Drawing:
    """Columns from calendar time to good parts; the largest loss is dark orange and marked."""
    load_fonts()
    drawing = Drawing(width, _TALL + _FOOT + _HEAD)
    top = max((step.hours for step in steps), default=0.0) or 1.0
    wide = width / max(1, len(steps))
    worst = max((s for s in steps if s.kind == "loss"), key=lambda s: s.hours, default=None)
    level = 0.0
    for k, step in enumerate(steps):
        low, high = (0.0, step.hours) if step.kind != "loss" else (level - step.hours, level)
        level = high if step.kind != "loss" else low
        drawing.add(_column(k * wide, wide, step, (low / top, high / top), step is worst))
    drawing.add(_line(0, _FOOT, width, _FOOT, LINE_STRONG))
    return drawing


def _column(x: float, wide: float, step: Step, span: tuple[float, float], worst: bool) -> Group:
    low, high = sorted(span)
    paint = HIGH if worst else FILL if step.kind == "loss" else FILL_2 if step.kind == "whole" else INK_2
    group = Group(_rect(x + 3, _FOOT + _TALL * low, wide - 6, max(0.7, _TALL * (high - low)), paint))
    mark = "\u25b2 " if worst else ""
    group.add(
        _text(x + wide / 2, _FOOT + _TALL * high + 3, f"{mark}{step.hours:,.1f} h", 6.6, "middle", BOLD)
    )
    for n, line in enumerate(_folded(step.name, wide - 2)):
        group.add(_text(x + wide / 2, _FOOT - 10 - 8 * n, line, 6.4, "middle", PLAIN, INK_2))
    return group


def lines(rows: Sequence[PlaceFigures], width: float = WIDTH) -> Drawing:
    """OEE per line as bars on the scale 0..100 %, the target as a stroke."""
    load_fonts()
    drawing = Drawing(width, _ROW * len(rows) + 4)
    room = width - _NAME - _VALUE
    for k, row in enumerate(rows):
        y = _ROW * (len(rows) - k - 1) + 4
        value, low = row.oee.oee, below(row)
        drawing.add(_text(0, y + 3, _cut(row.name, _NAME - 6), 8))
        drawing.add(_rect(_NAME, y, room, 11, LINE))
        drawing.add(_rect(_NAME, y, room * min(1.0, max(0.0, value or 0.0)), 11, HIGH if low else INK_2))
        if row.target is not None:
            drawing.add(_line(_NAME + room * row.target, y - 2, _NAME + room * row.target, y + 13, INK, 1.6))
        said = "no rate" if value is None else percent(value)
        goal = "" if row.target is None else f", target {percent(row.target, 0)}"
        drawing.add(
            _text(width, y + 3, f"{'▼ ' if low else ''}{said}{goal}", 8, "end", BOLD if low else PLAIN)
        )
    return drawing


def losses(rows: Sequence[Loss], currency: str, width: float = WIDTH) -> Drawing:
    """Losses as bars by money, dearest first."""
    load_fonts()
    drawing = Drawing(width, _ROW * len(rows) + 4)
    most = max((row.cents for row in rows), default=0) or 1
    room = width - _NAME - _VALUE
    for k, row in enumerate(rows):
        y = _ROW * (len(rows) - k - 1) + 4
        drawing.add(_text(0, y + 3, _cut(row.name, _NAME - 6), 8))
        drawing.add(
            _rect(_NAME, y, max(0.7, room * max(0, row.cents) / most), 11, HIGH if k == 0 else FILL_2)
        )
        said = f"{money(row.cents, currency)}, {row.minutes / 60:,.1f} h"
        drawing.add(_text(width, y + 3, said, 8, "end"))
    return drawing


def below(row: PlaceFigures) -> bool:
    """True when the figure lies under its target."""
    return row.oee.oee is not None and row.target is not None and row.oee.oee < row.target - 0.0005


def _rect(x: float, y: float, width: float, height: float, paint: str) -> Rect:
    rect = Rect(x, y, max(0.0, width), height)
    rect.fillColor, rect.strokeColor = colour(paint), None
    return rect


def _line(x1: float, y1: float, x2: float, y2: float, paint: str, width: float = 0.7) -> Line:
    return Line(x1, y1, x2, y2, strokeColor=colour(paint), strokeWidth=width)


def _text(
    x: float, y: float, words: str, size: float, anchor: Anchor = "start", font: str = PLAIN, paint: str = INK
) -> String:
    return String(x, y, words, fontName=font, fontSize=size, textAnchor=anchor, fillColor=colour(paint))


def _cut(words: str, room: float, size: float = 8) -> str:
    while words and stringWidth(words, PLAIN, size) > room:
        words = words[:-2] + "\u2026" if len(words) > 2 else ""
    return words


def _folded(words: str, room: float) -> list[str]:
    """At most three lines; a word longer than the room is cut."""
    found: list[str] = []
    for word in words.split():
        if found and stringWidth(f"{found[-1]} {word}", PLAIN, 6.4) <= room:
            found[-1] += f" {word}"
        else:
            found.append(_cut(word, room, 6.4))
    return found[:3]


def as_svg(report: Report) -> tuple[tuple[str, str], ...]:
    """(title, SVG text) of every chart of a report."""
    drawn = (
        ("From calendar time to good parts", waterfall(report.waterfall)),
        ("OEE by line, at its constraint", lines(report.lines)),
        ("Losses in planned time", losses(report.losses, report.site.currency)),
    )
    return tuple((title, _svg(drawing)) for title, drawing in drawn)


def _svg(drawing: Drawing) -> str:
    """SVG text in the fonts of the screen."""
    text = str(renderSVG.drawToString(drawing))
    fonts = "font-family: DejaVu Sans Condensed, Inter, Arial, sans-serif"
    return text.replace(f"font-family: {BOLD}", f"font-weight: 600; {fonts}").replace(
        f"font-family: {PLAIN}", fonts
    )
