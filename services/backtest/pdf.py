"""The backtest as PDF, for those who decide whether the desk is switched on."""

import io
from collections.abc import Sequence
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from domain.clock import utc
from domain.wording import percent
from services.reports.style import BOLD, INK, INK_2, LINE, PANEL, PLAIN, colour, load_fonts

WORDS = {
    "hit": "hit",
    "false": "false case",
    "masked": "maintained instead",
    "unfinished": "history ends first",
}
ADVICE = {
    "now": "now",
    "inspect_first": "inspect first",
    "slow_down": "slow down",
    "other_machine": "other machine",
    "shift_change": "shift change",
    "planned_stop": "planned stop",
    "week_end": "week-end",
    "when_part_arrives": "with the part",
}
SHOWN = 200


def write(found: dict[str, Any]) -> bytes:
    """The whole document."""
    load_fonts()
    out = io.BytesIO()
    title = f"Backtest of {found['model']} at {found['site']}"
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=15 * mm, rightMargin=15 * mm, topMargin=15 * mm, bottomMargin=15 * mm,
        title=title, creator="Taktwise", invariant=1, lang="en",
    )  # fmt: skip
    document.build(_story(found, title))
    return out.getvalue()


def _text(words: str, size: float = 9, *, bold: bool = False, ink: str = INK) -> Paragraph:
    style = ParagraphStyle(
        f"s{size}{bold}{ink}", fontName=BOLD if bold else PLAIN, fontSize=size, leading=size * 1.35,
        textColor=colour(ink), spaceAfter=size * 0.4, keepWithNext=bold,
    )  # fmt: skip
    return Paragraph(escape(words), style)


def _story(found: dict[str, Any], title: str) -> list[Flowable]:
    first, last = (_moment(found[name], found["time_zone"])[:10] for name in ("from_us", "to_us"))
    span = f"{first} to {last}, {found['days']:g} days, {found['machines']} machines"
    return [
        _text(title, 17, bold=True),
        _text(span, 9, ink=INK_2),
        _text(_summary(found), 11),
        Spacer(1, 6),
        _text("By month", 11, bold=True),
        _months(found),
        Spacer(1, 8),
        _text("What the plant lacks", 11, bold=True),
        *[_text(f"\u2022 {gap}") for gap in found["readiness_gaps"] or ["Nothing was found missing."]],
        Spacer(1, 8),
        _text("Cases that would have been opened", 11, bold=True),
        _cases(found),
        Spacer(1, 8),
        _text("Failures that would have been missed", 11, bold=True),
        _missed(found),
        Spacer(1, 8),
        _text("How it was counted", 11, bold=True),
        *[_text(f"\u2022 {line}") for line in found["assumptions"]],
    ]


def _summary(found: dict[str, Any]) -> str:
    lead = f", {found['lead_h_median']:g} h ahead in the middle" if found["lead_h_median"] is not None else ""
    return (
        f"Of {found['failures']} failures {found['failures_caught']} would have been announced{lead}, "
        f"{found['misses']} missed. {found['cases']} cases in all, {found['false_cases']} of them false, "
        f"{found['masked']} on machines that were maintained instead. Followed, they would have saved "
        f"{_money(found['saved_cents'], found)}, the false ones already taken off "
        f"({_money(found['lost_on_false_cents'], found)})."
    )


def _months(found: dict[str, Any]) -> Flowable:
    head = ("Month", "Cases", "Hits", "False", "Missed", "Lead, h", "Saved")
    rows = [
        (m["month"], m["cases"], m["hits"], m["false_cases"], m["misses"], _hours(m["lead_h_median"]),
         _money(m["saved_cents"], found))
        for m in found["months"]
    ]  # fmt: skip
    return _table(head, rows)


def _cases(found: dict[str, Any]) -> Flowable:
    head = ("Opened", "Machine", "Risk", "Cause", "Advice", "What came", "Lead, h", "Promised", "Saved")
    rows = [
        (_moment(c["at_us"], found["time_zone"]), c["machine"], percent(c["risk"], 0), c["cause"],
         ADVICE.get(c["choice"], c["choice"]), WORDS[c["verdict"]], _hours(c["lead_h"]),
         _money(c["promised_cents"], found), _money(c["saved_cents"], found))
        for c in found["cases_list"][:SHOWN]
    ]  # fmt: skip
    return _table(head, rows)


def _missed(found: dict[str, Any]) -> Flowable:
    rows = [(_moment(m["at_us"], found["time_zone"]), m["machine"]) for m in found["missed_list"][:SHOWN]]
    return _table(("Failed", "Machine"), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> Flowable:
    if not rows:
        return _text("None.", ink=INK_2)
    table = Table([list(head), *[[str(cell) for cell in row] for row in rows]], repeatRows=1, hAlign="LEFT")
    table.setStyle(
        TableStyle(
            [
                ("FONT", (0, 0), (-1, 0), BOLD, 8),
                ("FONT", (0, 1), (-1, -1), PLAIN, 8),
                ("TEXTCOLOR", (0, 0), (-1, -1), colour(INK)),
                ("BACKGROUND", (0, 0), (-1, 0), colour(PANEL)),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, colour(LINE)),
            ]
        )
    )
    return table


def _hours(value: float | None) -> str:
    return "\u2013" if value is None else f"{value:g}"


def _money(cents: int, found: dict[str, Any]) -> str:
    return f"{found['currency']} {cents / 100:,.0f}".replace("-", "\u2212")


def _moment(us: int, zone: str) -> str:
    return utc(us).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
