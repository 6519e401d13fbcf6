"""What a spreadsheet may be given: text that would run as a formula is made plain text.

Excel, LibreOffice and Google Sheets run a cell that begins with one of FORMULA, also after blanks or
behind a full-width twin of the sign; a machine name that arrived over MQTT must not (OWASP, CSV injection).
"""

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def dangerous(text: str) -> bool:
    """True when a spreadsheet might run the text."""
    if text[:1] in FORMULA:
        return True
    return unicodedata.normalize("NFKC", text).lstrip().startswith(FORMULA)


def plain(cell: object) -> object:
    """The cell as it may be written: numbers and None as they are, dangerous text behind an apostrophe."""
    if isinstance(cell, (int, float)) or cell is None:
        return cell
    text = str(cell)
    return f"'{text}" if dangerous(text) else text


def csv_bytes(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """CSV for a spreadsheet (UTF-8 with mark), every cell made plain, the head too."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([plain(cell) for cell in head])
    writer.writerows([plain(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")
