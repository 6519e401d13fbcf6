"""Colours and fonts of a report: the desk's own tokens, and a font that lies beside this file.

DejaVu Sans Condensed shows Latin, Greek and Cyrillic letters and the currency signs; it is embedded, so
that a report looks the same wherever it is opened.
"""

from functools import cache
from pathlib import Path

from reportlab.lib.colors import Color, HexColor
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

FOLDER = Path(__file__).resolve().parent / "fonts"
PLAIN, BOLD = "TaktwiseSans", "TaktwiseSans-Bold"
INK, INK_2, LINE, LINE_STRONG = "#1d2429", "#4b565f", "#c3c9ce", "#9aa3ab"
FILL, FILL_2, PANEL, HIGH = "#b9c1c8", "#8d98a1", "#eef0f2", "#a54800"


def colour(value: str) -> Color:
    """A token as reportlab wants it."""
    return HexColor(value)


@cache
def load_fonts() -> None:
    """Make the two fonts known; done once a process."""
    pdfmetrics.registerFont(TTFont(PLAIN, FOLDER / "DejaVuSansCondensed.ttf"))
    pdfmetrics.registerFont(TTFont(BOLD, FOLDER / "DejaVuSansCondensed-Bold.ttf"))
    pdfmetrics.registerFontFamily(PLAIN, normal=PLAIN, bold=BOLD, italic=PLAIN, boldItalic=BOLD)
