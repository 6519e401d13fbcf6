"""Charges waits anew around a stretch, and moves the losses that this changes."""

from collections import defaultdict

import numpy as np
from sqlalchemy import Connection

from data.store import kpi_rows
from data.store.statements import Row, Statement
from domain.time_model import Cause, Span
from domain.waits import LOOKBACK_US
from services.kpi import charges
from services.kpi.engine import CAUSES, LEAVES, Ints, cause_code
from services.kpi.planned import Line

_CODES = {cause.value: cause_code(cause) for cause in Cause}
_WAITS = frozenset(cause.value for cause in (Cause.WAITING, Cause.BLOCKED, Cause.STARVED))
_LEAVES = {leaf.value: code for code, leaf in enumerate(LEAVES)}
_AROUND = Statement(
    "SELECT i.equipment_id, i.from_us, i.to_us, i.leaf, i.cause, i.charged_to"
    " FROM equipment e JOIN intervals i ON i.equipment_id = e.equipment_id AND i.from_us < :to_us"
    " AND i.from_us >= (SELECT COALESCE(MAX(m.from_us), :from_us) FROM intervals m"
    " WHERE m.equipment_id = e.equipment_id AND m.from_us <= :from_us)"
    " WHERE e.parent_id = :line AND e.level = 'unit' ORDER BY i.equipment_id, i.from_us"
)
_SET = Statement(
    "UPDATE intervals SET cause = :cause, charged_to = :charged_to"
    " WHERE equipment_id = :unit AND from_us = :from_us"
)
Rows = dict[str, list[Row]]


def recharge(tx: Connection, line: Line, around: Span) -> int:
    """Charge every wait of the line that touches the stretch; returns how many changed."""
    read_from = around.from_us - 4 * LOOKBACK_US  # most waits are short: one look is enough
    rows = _read(tx, line, Span(read_from, around.to_us))
    waits = [row for found in rows.values() for row in found if _waits(row) and row[2] > around.from_us]
    if not waits:
        return 0
    whole = Span(min(row[1] for row in waits) - LOOKBACK_US, max(row[2] for row in waits))
    if whole.from_us < read_from or whole.to_us > around.to_us:
        rows = _read(tx, line, Span(min(whole.from_us, read_from), max(whole.to_us, around.to_us)))
    every = [row for unit in line.units for row in rows[unit]]
    cause, to = _charged(every, [len(rows[unit]) for unit in line.units])
    changes: list[dict[str, object]] = []
    moved: Moved = defaultdict(lambda: [0, 0])
    for index, row in enumerate(every):
        if not _waits(row) or row[2] <= around.from_us or row[1] >= around.to_us:
            continue
        charged = line.units[int(to[index])] if to[index] >= 0 else ""
        why = CAUSES[int(cause[index])].value
        if (why, charged) != (row[4], row[5]):
            changes.append({"cause": why, "charged_to": charged, "unit": row[0], "from_us": row[1]})
            _move(moved, line, row, why, charged)
    if changes:
        _SET.run_many(tx, changes)
        kpi_rows.book_losses(tx, [(*key, *much) for key, much in moved.items()])
    return len(changes)


def _read(tx: Connection, line: Line, around: Span) -> Rows:
    values = {"line": line.line_id, "from_us": around.from_us, "to_us": around.to_us}
    found: Rows = defaultdict(list)
    for row in _AROUND.rows(tx, values):
        found[row[0]].append(row)
    return found


def _waits(row: Row) -> bool:
    return row[4] in _WAITS


def _charged(rows: list[Row], lengths: list[int]) -> tuple[Ints, Ints]:
    """Cause and machine charged of the rows of all machines, which lie one behind the other."""
    begin, end = (np.array([row[k] for row in rows], np.int64) for k in (1, 2))
    leaf = np.array([_LEAVES[row[3]] for row in rows], np.int64)
    why = np.array([_CODES[row[4]] for row in rows], np.int64)
    cause, to, _ = charges.charge_columns(begin, end, leaf, why, lengths)
    return cause, to


Moved = dict[Row, list[int]]  # level, unit, start, cause, charged to, shift, day, month: time and times


def _move(moved: Moved, line: Line, row: Row, cause: str, charged_to: str) -> None:
    """Take a wait from its old loss to its new one, in its cell, day and month."""
    unit, begin, end = row[0], row[1], row[2]
    cell = next(c for c in line.cells if c.covers(begin))
    levels = (
        ("cell", cell.from_us, cell.shift, cell.day_us),
        ("day", cell.day_us, "", cell.day_us),
        ("month", cell.month_us, "", cell.month_us),
    )
    for level, at, shift, day_us in levels:
        for why, whom, sign in ((row[4], row[5], -1), (cause, charged_to, 1)):
            amount = moved[level, unit, at, why, whom, shift, day_us, cell.month_us]
            amount[0] += sign * (end - begin)
            amount[1] += sign
