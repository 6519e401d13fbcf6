"""Which shifts of lines have figures, and which of them are closed: what a list of shifts is paged by."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from itertools import groupby
from operator import itemgetter

from sqlalchemy import Connection

from data.store.statements import Among, Row
from domain.equipment import line_of
from services.kpi.lines import Line
from services.rows.kpi import Begun

_REACH = Among("SELECT equipment_id, from_us, upto_us FROM kpi_progress WHERE equipment_id {among}")
_BEGUN = Among(
    "SELECT equipment_id, shift, from_us, to_us FROM kpi_cells WHERE equipment_id {among}"
    " AND from_us >= :from_us AND from_us < :to_us AND shift <> ''"
)
_CLOSED = Among(
    "SELECT line_id, from_us FROM shift_closings WHERE line_id {among} AND from_us >= :from_us"
    " AND from_us < :to_us AND reopened_us IS NULL"
)


def begun(tx: Connection, lines: Sequence[Line], from_us: int, to_us: int) -> tuple[Begun, ...]:
    """The shifts of lines that begin in [from_us, to_us) and have figures, newest first, then by the name of
    their line."""
    stretch = {"from_us": from_us, "to_us": to_us}
    closed = set(_CLOSED.rows(tx, [line.node.equipment_id for line in lines], stretch))
    of_line: dict[str, set[tuple[str, int, int]]] = defaultdict(set)
    for unit, group in groupby(_BEGUN.rows(tx, _telling(tx, lines), stretch), itemgetter(0)):
        of_line[line_of(unit)].update(map(itemgetter(1, 2, 3), group))
    by_name = sorted(lines, key=lambda line: (line.node.name, line.node.equipment_id))
    every: list[Begun] = []
    for line in (one.node.equipment_id for one in by_name):
        rows = of_line[line]
        shut = [(line, begin) in closed for _, begin, _ in rows]
        every += [Begun(line, *row, done) for row, done in zip(rows, shut, strict=True)]
    every.sort(key=itemgetter(2), reverse=True)
    return tuple(every)


def _telling(tx: Connection, lines: Sequence[Line]) -> list[str]:
    """Machines that together have every shift of their lines: all machines of a line share its shifts."""
    units = [u.equipment_id for line in lines for u in line.units]
    reach = {row[0]: row for row in _REACH.rows(tx, units, {})}
    return [
        unit for line in lines for unit in _covering([u.equipment_id for u in line.units], reach)
    ]  # fmt: skip


def _covering(units: Sequence[str], reach: dict[str, Row]) -> Collection[str]:
    """The machine whose figures begin first and the one whose figures reach furthest; all where those two
    leave a hole, or it is not known how far the figures of one reach."""
    if any(unit not in reach for unit in units):
        return units
    rows = [reach[unit] for unit in units]
    first, last = min(rows, key=lambda row: (row[1], -row[2])), max(rows, key=lambda row: (row[2], -row[1]))
    return units if first[2] < last[1] else {first[0], last[0]}
