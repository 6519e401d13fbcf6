"""Charges waits anew around a stretch, and moves the losses that this changes."""

from collections import defaultdict

import numpy as np
from sqlalchemy import Connection

from data.store import kpi_rows
from data.store.statements import Row, Statement
from domain.time_model import Cause, Span
from services.kpi import charges
from services.kpi.engine import CAUSES, LEAVES, Parts, cause_code
from services.kpi.planned import Line

_CODES = {cause.value: cause_code(cause) for cause in Cause}
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
_ADD = Statement(
    f"INSERT INTO kpi_losses ({', '.join(kpi_rows.LOSS)}) VALUES (:level, :unit, :from_us, :cause,"  # noqa: S608
    " :charged_to, :shift, :day_us, :month_us, :us, :times) ON CONFLICT (level, equipment_id, from_us, cause,"
    " charged_to) DO UPDATE SET lost_us = kpi_losses.lost_us + :us, times = kpi_losses.times + :times"
)
_CLEAR = Statement(
    "DELETE FROM kpi_losses WHERE level = :level AND equipment_id = :unit AND from_us = :from_us"
    " AND cause = :cause AND charged_to = :charged_to AND times = 0 AND lost_us = 0"
)
Rows = dict[str, list[Row]]


def recharge(tx: Connection, line: Line, around: Span) -> int:
    """Charge every wait of the line that touches the stretch; returns how many changed."""
    rows = _read(tx, line, around)
    waits = [row for found in rows.values() for row in found if _waits(row) and row[2] > around.from_us]
    if not waits:
        return 0
    since = min(row[1] for row in waits) - charges.LOOKBACK_US
    if since < around.from_us:
        rows = _read(tx, line, Span(since, around.to_us))
    line_parts = [_parts(rows[unit]) for unit in line.units]
    changes: list[dict[str, object]] = []
    moved: Moved = defaultdict(int)
    for unit, (cause, to) in zip(line.units, charges.charge(line_parts), strict=True):
        for index, row in enumerate(rows[unit]):
            if not _waits(row) or row[2] <= around.from_us:
                continue
            charged = line.units[int(to[index])] if to[index] >= 0 else ""
            why = CAUSES[int(cause[index])].value
            if (why, charged) != (row[4], row[5]):
                changes.append({"cause": why, "charged_to": charged, "unit": unit, "from_us": row[1]})
                _move(moved, line, row, why, charged)
    if changes:
        _SET.run_many(tx, changes)
        _book(tx, moved)
    return len(changes)


def _read(tx: Connection, line: Line, around: Span) -> Rows:
    values = {"line": line.line_id, "from_us": around.from_us, "to_us": around.to_us}
    found: Rows = defaultdict(list)
    for row in _AROUND.rows(tx, values):
        found[row[0]].append(row)
    return found


def _waits(row: Row) -> bool:
    return row[4] in (Cause.WAITING, Cause.BLOCKED, Cause.STARVED)


def _parts(rows: list[Row]) -> Parts:
    begin = np.array([row[1] for row in rows], np.int64)
    nothing = np.full(len(rows), -1)
    return Parts(
        begin,
        np.array([row[2] for row in rows], np.int64),
        np.array([_LEAVES[row[3]] for row in rows], np.int64),
        np.array([_CODES[row[4]] for row in rows], np.int64),
        nothing, nothing, nothing > 0, nothing > 0,
    )  # fmt: skip


Moved = dict[tuple[str, str, int, str, str, str, int, int], int]


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
            moved[level, unit, at, why, whom, shift, day_us, cell.month_us] += sign * (end - begin)
            moved[level + "#", unit, at, why, whom, shift, day_us, cell.month_us] += sign


def _book(tx: Connection, moved: Moved) -> None:
    """Add to the losses what moved, and drop those that nothing is left of."""
    for key, us in moved.items():
        level, unit, at, why, whom, shift, day_us, month_us = key
        if level.endswith("#"):
            continue
        row = {
            "level": level, "unit": unit, "from_us": at, "cause": why, "charged_to": whom, "shift": shift,
            "day_us": day_us, "month_us": month_us, "us": us, "times": moved[(f"{level}#", *key[1:])],
        }  # fmt: skip
        _ADD.run(tx, row)
        _CLEAR.run(tx, row)
