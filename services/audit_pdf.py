"""The audit as PDF, for people: each signature with name, time and meaning."""

import io
from collections.abc import Mapping
from html import escape
from typing import Any

from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, TableStyle

from data.store.database import Database
from domain.clock import FOR_EVER_US
from services.audit_files import rows
from services.reports.style import BOLD, INK, INK_2, LINE, PLAIN, colour, load_fonts


def pdf(database: Database, title: str, from_wall_us: int = 0, to_wall_us: int = FOR_EVER_US) -> bytes:
    """A readable copy, A4 across: who did what and when, each signature with name, time and meaning."""
    load_fonts()
    plain = ParagraphStyle(
        "cell", fontName=PLAIN, fontSize=7, leading=9, textColor=colour(INK), splitLongWords=True
    )
    bold = ParagraphStyle("head", plain, fontName=BOLD, textColor=colour(INK_2))
    top = ParagraphStyle("title", plain, fontName=BOLD, fontSize=14, leading=20)
    heads = [Paragraph(h, bold) for h in ("Entry", "Time", "Who", "What", "Detail and signature", "Hash")]
    body = [heads]
    for row in rows(database, from_wall_us, to_wall_us):
        body.append([Paragraph(text, plain) for text in _cells(row)])
    table = LongTable(body, colWidths=[w * mm for w in (13, 32, 32, 40, 124, 26)], repeatRows=1)
    table.setStyle(
        TableStyle([("LINEBELOW", (0, 0), (-1, -1), 0.4, colour(LINE)), ("VALIGN", (0, 0), (-1, -1), "TOP")])
    )
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=landscape(A4), leftMargin=15 * mm, rightMargin=15 * mm, topMargin=14 * mm,
        bottomMargin=14 * mm, title=title, creator="Taktwise", lang="en", invariant=1,
    )  # fmt: skip
    document.build([Paragraph(escape(title), top), table])
    return out.getvalue()


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    detail, s = escape(row["detail"][:1_500]), row["signature"]
    if s is not None:
        detail += f"<br/><b>Signed: {escape(s['printed_name'])}, {s['time']}: {escape(s['meaning'])}</b>"
        detail += f"<br/>record {s['record_hash']}"
    what = escape(f"{row['action']} ({row['subject_kind']} {row['subject_id'][:13]})")
    return str(row["entry"]), row["time"], escape(row["name"]), what, detail, row["hash"][:16]
