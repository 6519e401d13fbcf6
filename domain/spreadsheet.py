"""What a spreadsheet may be given: text that would run as a formula is made plain text.

Excel, LibreOffice and Google Sheets run a cell that begins with one of FORMULA, also after blanks or
behind a full-width twin of the sign; a machine name that arrived over MQTT must not (OWASP, CSV injection).
Where the system separates by semicolons, as in much of Europe, quotes within what is a cell there hold
nothing together: what follows a semicolon or a line break inside a text is a cell of its own.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_SEPARATOR = re.compile(r"([;\r\n])")
_BEFORE = " \"'\u00a0\v\f"  # what may stand before the sign in a part: quotes are doubled in a file


def dangerous(text: str) -> bool:
    """True when a spreadsheet might run the text, as the content of a cell."""
    if text[:1] in FORMULA:
        return True
    return unicodedata.normalize("NFKC", text).lstrip().startswith(FORMULA)


def plain(cell: object) -> object:
    """The cell as it may be written: numbers and None as they are, dangerous text behind an apostrophe.

    So is what stands behind a semicolon or a line break within the text.
    """
    if isinstance(cell, (int, float)) or cell is None:
        return cell
    text = str(cell)
    first, *rest = _SEPARATOR.split(text)
    shielded = first + "".join(f"'{part}" if _begins(part) else part for part in rest)
    return f"'{shielded}" if dangerous(text) else shielded


def _begins(part: str) -> bool:
    return unicodedata.normalize("NFKC", part).lstrip(_BEFORE).startswith(FORMULA[:4])


def csv_bytes(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """CSV for a spreadsheet (UTF-8 with mark), every cell made plain, the head too."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([plain(cell) for cell in head])
    writer.writerows([plain(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")
