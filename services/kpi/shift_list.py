"""Which shifts of lines have figures, and which of them are closed: what a list of shifts is paged by."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection

from data.store.statements import Among, Row
from domain.equipment import line_of
from services.kpi.lines import Line
from services.rows.kpi import Begun

_REACH = Among("SELECT equipment_id, from_us, upto_us FROM kpi_progress WHERE equipment_id {among}")
_BEGUN = Among(
    "SELECT DISTINCT equipment_id, shift, from_us, to_us FROM kpi_cells WHERE equipment_id {among}"
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
    found = {(line_of(row[0]), *row[1:]) for row in _BEGUN.rows(tx, _telling(tx, lines), stretch)}
    names = {line.node.equipment_id: line.node.name for line in lines}
    every = (Begun(line, shift, begin, end, (line, begin) in closed) for line, shift, begin, end in found)
    return tuple(sorted(every, key=lambda one: (-one.from_us, names[one.line_id], one.line_id)))


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
