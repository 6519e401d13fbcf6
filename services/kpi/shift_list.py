"""Which shifts of lines have figures, and which of them are closed: what a list of shifts is paged by."""

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from operator import itemgetter

from sqlalchemy import Connection

from data.store.statements import Among, Row
from domain.equipment import line_of
from services.kpi.lines import Line
from services.rows.kpi import Begun

_REACH = Among("SELECT equipment_id, from_us, upto_us FROM kpi_progress WHERE equipment_id {among}")
# A year of a plant is thousands of rows: each column of a machine comes as one text.
_PACKED = {
    "sqlite": ("json_group_array({})", "group_concat({})"),
    "postgresql": ("CAST(json_agg({}) AS TEXT)", "string_agg(CAST({} AS TEXT), ',')"),
}
_BEGUN = {
    name: Among(
        f"SELECT equipment_id, {words.format('shift')}, {times.format('from_us')},"  # noqa: S608
        f" {times.format('to_us')} FROM kpi_cells WHERE equipment_id {{among}}"
        " AND from_us >= :from_us AND from_us < :to_us AND shift <> '' GROUP BY equipment_id"
    )
    for name, (words, times) in _PACKED.items()
}
_CLOSED = {
    name: Among(
        f"SELECT line_id, {times.format('from_us')} FROM shift_closings WHERE line_id {{among}}"  # noqa: S608
        " AND from_us >= :from_us AND from_us < :to_us AND reopened_us IS NULL GROUP BY line_id"
    )
    for name, (_, times) in _PACKED.items()
}


def begun(tx: Connection, lines: Sequence[Line], from_us: int, to_us: int) -> tuple[Begun, ...]:
    """The shifts of lines that begin in [from_us, to_us) and have figures, newest first, then by the name of
    their line."""
    stretch, kind = {"from_us": from_us, "to_us": to_us}, tx.dialect.name
    closed = {
        line: set(times.split(","))
        for line, times in _CLOSED[kind].rows(tx, [line.node.equipment_id for line in lines], stretch)
    }
    of_line: dict[str, set[tuple[str, str, str]]] = defaultdict(set)
    for unit, names, begins, ends in _BEGUN[kind].rows(tx, _telling(tx, lines), stretch):
        of_line[line_of(unit)].update(zip(json.loads(names), begins.split(","), ends.split(","), strict=True))
    by_name = sorted(lines, key=lambda line: (line.node.name, line.node.equipment_id))
    every: list[Begun] = []
    for line in (one.node.equipment_id for one in by_name):
        shut = closed.get(line, ())
        every += [
            Begun(line, name, int(begin), int(end), begin in shut) for name, begin, end in of_line[line]
        ]
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
