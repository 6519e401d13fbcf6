"""Validated limits of settings as a table that people hand in, and that they get to fill in.

The file is CSV in UTF-8 with the columns place, product, setting, low, high, unit, validated_by (in any
order, separated by commas or semicolons). place is an id or a name of a line or a machine, product an id or
a name, setting a parameter of the MES or its label; numbers have a decimal point and no marks of thousands.
A line with neither low nor high says nothing, so that a file may be filled in piece by piece.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.csv_file import Wrong, filled, rows_of, told
from domain.errors import InvalidInput

NAMED = ("place", "product", "setting")
COLUMNS = (*NAMED, "low", "high", "unit", "validated_by")


@dataclass(frozen=True, slots=True)
class Line:
    """One pair of limits of a file. `number` is the line of the file, 2 is the first after the names."""

    number: int
    place: str
    product: str
    setting: str
    low: float
    high: float
    unit: str
    validated_by: str


@dataclass(frozen=True, slots=True)
class Read:
    """The lines that say something, and everything that is wrong, as `domain.csv_file.told`."""

    lines: tuple[Line, ...]
    wrong: tuple[Wrong, ...]


def read(content: bytes) -> Read:
    """Read a file. Nothing raises: what is wrong is said line by line."""
    try:
        rows = rows_of(content, COLUMNS, "a file of limits")
    except InvalidInput as error:
        return Read((), (Wrong(0, str(error)),))
    lines: list[Line] = []
    wrong: list[Wrong] = []
    for number, row in rows:
        try:
            if row.get("low") or row.get("high"):
                lines.append(_line(number, row))
        except InvalidInput as error:
            wrong.append(Wrong(number, str(error)))
    if not lines and not wrong:
        wrong.append(Wrong(0, "no line has limits"))
    return Read(tuple(lines), told(wrong))


def _line(number: int, row: Mapping[str, str]) -> Line:
    place, product, setting, low, high, by = filled(row, (*NAMED, "low", "high", "validated_by"))
    return Line(number, place, product, setting, _number(low), _number(high), row.get("unit", ""), by)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise InvalidInput(f"{text!r} is no number; write it as 1234.5") from error
    if not math.isfinite(value):
        raise InvalidInput(f"{text!r} is no number")
    return value


def doubled(lines: Sequence[tuple[int, tuple[str, str, str]]]) -> list[Wrong]:
    """Lines (number, what they are about) that speak of what an earlier line speaks of."""
    first: dict[tuple[str, str, str], int] = {}
    wrong = []
    for number, about in lines:
        if about in first:
            wrong.append(Wrong(number, f"line {first[about]} has limits of the same setting"))
        first.setdefault(about, number)
    return wrong
