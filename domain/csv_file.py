"""CSV files that people hand in: bounds, separators, and what is wrong line by line."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.errors import InvalidInput

LARGEST_BYTES, MOST_LINES, MOST_ERRORS = 200_000, 2_000, 30
Rows = list[tuple[int, Mapping[str, str]]]


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong, and in which line (0: the file as a whole)."""

    number: int
    why: str

    def __str__(self) -> str:
        return f"line {self.number}: {self.why}" if self.number else self.why


def rows_of(content: bytes, columns: Sequence[str], what: str) -> Rows:
    """The lines of a file with their numbers (2 is the first after the names), cells by the names of columns,
    stripped. CSV in UTF-8, separated by commas or semicolons, columns in any order, LARGEST_BYTES and
    MOST_LINES at most. `what` the file is, in words (`a roster`). Raises InvalidInput."""
    if len(content) > LARGEST_BYTES:
        raise InvalidInput(f"the file is larger than {LARGEST_BYTES // 1_000} kB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput("the file is not in UTF-8; save it as CSV UTF-8") from error
    head = text.split("\n", 1)[0]
    found = csv.reader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",")
    try:
        table = [
            (found.line_num, [cell.strip() for cell in row]) for row in found if any(map(str.strip, row))
        ]
    except csv.Error as error:
        raise InvalidInput(f"the file is no CSV ({error})") from error
    names = [name.lower() for name in table[0][1]] if table else []
    missing = [name for name in columns if name not in names]
    if missing:
        raise InvalidInput(f"the first line has to name the columns; missing: {', '.join(missing)}")
    if not 1 <= len(table) - 1 <= MOST_LINES:
        raise InvalidInput(f"{what} has 1 to {MOST_LINES:,} lines; this one has {len(table) - 1:,}")
    return [(number, dict(zip(names, row, strict=False))) for number, row in table[1:]]


def filled(row: Mapping[str, str], columns: Sequence[str]) -> list[str]:
    """The cells of these columns. Raises InvalidInput that names those without content."""
    cells = [row.get(name, "") for name in columns]
    empty = [name for name, cell in zip(columns, cells, strict=True) if not cell]
    if empty:
        raise InvalidInput(f"{' and '.join(empty)} {'is' if len(empty) == 1 else 'are'} missing")
    return cells


def told(wrong: Sequence[Wrong]) -> tuple[Wrong, ...]:
    """In the order of lines, MOST_ERRORS at most."""
    return tuple(sorted(wrong, key=lambda one: one.number)[:MOST_ERRORS])
