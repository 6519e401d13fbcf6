"""Design tokens: the values of static/taktwise.css that Python needs, and the stylesheet itself.

Grey is normal. Colour means abnormal (`HIGH`, `CRITICAL`), advice of a model (`ADVICE`) or something
that can be pressed (`ACT`), and always comes with a word or a shape.
"""

from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "static"
STYLESHEET = STATIC / "taktwise.css"

CANVAS, PANEL, RAISED = "#dfe2e5", "#eef0f2", "#f7f8f9"
LINE, LINE_STRONG = "#c3c9ce", "#9aa3ab"
INK, INK_2, INK_3 = "#1d2429", "#4b565f", "#566169"
FILL, FILL_2 = "#b9c1c8", "#8d98a1"
ACT, ADVICE = "#175a86", "#6a4a9c"
CRITICAL, HIGH, MEDIUM, OK_INK = "#b5121b", "#a54800", "#756000", "#2f6b45"
FONT = 'Inter, "Segoe UI", Roboto, "DejaVu Sans", sans-serif'
