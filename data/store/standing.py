"""Rows of `stood_cells`: when machines stood with an order, packed by cell. Nothing here commits."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from data.store import kpi_rows
from data.store.statements import Among, Row, Statement
from domain.clock import FOR_EVER_US

# A stretch in one state; `state` is a PackML code, -1 in a gap; `waits`: for another machine.
STOOD = np.dtype([("from_us", "<i8"), ("to_us", "<i8"), ("state", "i1"), ("waits", "?")])
Stood = NDArray[np.void]
COLUMNS = ("equipment_id", "from_us", "to_us", "upto_us", "packed")
_DROP = Statement(
    "DELETE FROM stood_cells WHERE equipment_id = :unit AND from_us >= :from_us AND from_us < :to_us"
)
_CELLS = Among(
    f"SELECT {', '.join(COLUMNS)} FROM stood_cells WHERE equipment_id {{among}}"  # noqa: S608
    " AND from_us >= :from_us AND from_us < :to_us"
)

_UNFILLED = Statement(
    "SELECT p.equipment_id FROM kpi_progress p"
    " WHERE (SELECT MIN(c.from_us) FROM kpi_cells c WHERE c.equipment_id = p.equipment_id)"
    " < (SELECT COALESCE(MIN(s.from_us), :never) FROM stood_cells s WHERE s.equipment_id = p.equipment_id)"
    " LIMIT 1"
)
_LACKING = Statement(
    "SELECT c.from_us, MIN(c.to_us), MAX(i.to_us) FROM kpi_cells c JOIN intervals i"
    " ON i.equipment_id = c.equipment_id AND i.from_us >= c.from_us AND i.from_us < c.to_us"
    " WHERE c.equipment_id = :unit AND NOT EXISTS (SELECT 1 FROM stood_cells s"
    " WHERE s.equipment_id = c.equipment_id AND s.from_us = c.from_us) GROUP BY c.from_us ORDER BY c.from_us"
)
_STRETCHES = Statement(
    "SELECT from_us, to_us, COALESCE(state, -1), leaf = 'delay' FROM intervals WHERE equipment_id = :unit"
    " AND leaf IN ('down', 'delay') AND cause <> 'no_order' ORDER BY from_us"
)


def unfilled(tx: Connection) -> str:
    """A machine that was classified before its first cell here; "" when there is none."""
    rows = _UNFILLED.rows(tx, {"never": FOR_EVER_US})
    return str(rows[0][0]) if rows else ""


def lacking(tx: Connection, unit: str) -> list[tuple[int, int, int]]:
    """(from, to, how far it was classified) of the cells of a machine that are not here, in order."""
    return [(row[0], row[1], row[2]) for row in _LACKING.rows(tx, {"unit": unit})]


def stretches(tx: Connection, unit: str) -> list[Row]:
    """All stretches of a machine out of its intervals, in order, as STOOD."""
    return _STRETCHES.rows(tx, {"unit": unit})


def replace(tx: Connection, unit: str, from_us: int, to_us: int, rows: Sequence[Row]) -> None:
    """Make the cells of a machine that begin in [from_us, to_us) these."""
    _DROP.run(tx, {"unit": unit, "from_us": from_us, "to_us": to_us})
    add(tx, rows)


def add(tx: Connection, rows: Sequence[Row]) -> None:
    """Add cells that are not there, as COLUMNS."""
    kpi_rows.insert(tx, "stood_cells", COLUMNS, rows)


def read(tx: Connection, units: Sequence[str], from_us: int, to_us: int) -> list[Row]:
    """The cells of machines that begin in [from_us, to_us), as COLUMNS."""
    return _CELLS.rows(tx, units, {"from_us": from_us, "to_us": to_us})
