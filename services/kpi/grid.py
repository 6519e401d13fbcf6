"""Cells: the shifts of a line, and its local days outside them. Every moment lies in one cell."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from sqlalchemy import Connection

from data.store import plan_facts
from data.store.statements import Row
from domain.shift_calendar import Overlap, Shift, apart, at_minute, day_span, local_day, overlaps
from domain.time_model import Span

NEAR_US = 26 * 3_600_000_000  # no shift and no local day is longer


@dataclass(frozen=True, slots=True)
class Cell(Span):
    """A shift of one day, or (with an empty name) what of a local day lies outside shifts."""

    shift: str
    day_us: int
    month_us: int


def read(tx: Connection, line_id: str, zone: str, from_us: int, to_us: int) -> list[Cell]:
    """The cells of a line that touch [from_us, to_us), whole, by start."""
    return of_lines(tx, {line_id: Span(from_us, to_us)}, zone)[line_id]


def of_lines(tx: Connection, spans: Mapping[str, Span], zone: str) -> dict[str, list[Cell]]:
    """The same of several lines, of each around its stretch; asked for at once."""
    rows = plan_facts.shift_rows(
        tx, {line: Span(span.from_us - NEAR_US, span.to_us + NEAR_US) for line, span in spans.items()}
    )
    return {
        line: list(planned(tuple(rows[line]), zone, span.from_us, span.to_us)[0])
        for line, span in spans.items()
    }


@lru_cache(maxsize=64)
def planned(
    rows: tuple[Row, ...], zone: str, from_us: int, to_us: int
) -> tuple[tuple[Cell, ...], tuple[Overlap, ...]]:
    """The cells that touch [from_us, to_us), whole, and where shifts run at once in it, from the rows of
    shifts by start, which reach NEAR_US beyond it. Lines with one calendar share the work."""
    shifts = shifts_of(rows, zone)
    return tuple(within(shifts, zone, from_us, to_us)), tuple(overlaps_in(shifts, from_us, to_us))


def shifts_of(rows: Iterable[Row], zone: str) -> list[Shift]:
    """Shifts from rows (start, end, name, ...) by start; those without a length are left out."""
    return [Shift(r[0], r[1], local_day(r[0], zone), r[2]) for r in rows if r[0] < r[1]]


def within(shifts: Sequence[Shift], zone: str, from_us: int, to_us: int) -> list[Cell]:
    """The cells that touch [from_us, to_us), whole; `shifts` reach NEAR_US beyond it."""
    found = cells(shifts, zone, from_us, to_us)
    return [cell for cell in found if cell.to_us > from_us and cell.from_us < to_us]


def overlaps_in(shifts: Sequence[Shift], from_us: int, to_us: int) -> list[Overlap]:
    """Where shifts of a line run at once within [from_us, to_us)."""
    return [o for o in overlaps(shifts) if o.to_us > from_us and o.from_us < to_us]


def cells(shifts: Sequence[Shift], zone: str, from_us: int, to_us: int) -> list[Cell]:
    """Shifts cut apart, and the days between them, from the day of `from_us` to that of `to_us`."""
    result: list[Cell] = []
    at = day_span(local_day(from_us, zone), zone).from_us
    end = day_span(local_day(to_us, zone), zone).to_us
    for shift in apart(shifts):
        if shift.to_us <= at:
            continue
        result += _between(at, min(shift.from_us, end), zone)
        result.append(_cell(shift.from_us, shift.to_us, shift.name, shift.day, zone))
        at = max(at, shift.to_us)
    return [*result, *_between(at, end, zone)]


def _between(from_us: int, to_us: int, zone: str) -> list[Cell]:
    result: list[Cell] = []
    while from_us < to_us:
        day = local_day(from_us, zone)
        end = min(to_us, day_span(day, zone).to_us)
        result.append(_cell(from_us, end, "", day, zone))
        from_us = end
    return result


def _cell(from_us: int, to_us: int, shift: str, day: date, zone: str) -> Cell:
    return Cell(from_us, to_us, shift, at_minute(day, 0, zone), at_minute(day.replace(day=1), 0, zone))
