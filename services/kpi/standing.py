"""Time in which machines stood with an order, packed by machine and cell: what stops are made of.

Written with the intervals of a cell, in the same transaction, so that both always say the same. A stretch is
one interval (a state), cut at the edges of cells as intervals are; what meets is one stop (domain.stops).
"""

from collections.abc import Sequence

import numpy as np

from data.store import standing as store
from data.store.database import Database
from data.store.standing import STOOD, Stood
from data.store.statements import Row
from domain.time_model import Cause, Leaf
from services.kpi.engine import Parts, cause_code, leaf_code
from services.kpi.grid import Cell

_DOWN, _DELAY, _NO_ORDER = leaf_code(Leaf.DOWN), leaf_code(Leaf.DELAY), cause_code(Cause.NO_ORDER)


def stood(parts: Parts) -> Stood:
    """The stretches in which a machine stood with an order, in order of time."""
    mine = ((parts.leaf == _DOWN) | (parts.leaf == _DELAY)) & (parts.cause != _NO_ORDER)
    found = np.empty(int(np.count_nonzero(mine)), STOOD)
    columns = (parts.from_us, parts.to_us, parts.state, parts.leaf == _DELAY)
    for name, column in zip(STOOD.names or (), columns, strict=True):
        found[name] = column[mine]
    return found


def rows(unit: str, cells: list[Cell], parts: Parts) -> list[Row]:
    """Rows of `stood_cells`: one a cell, also where the machine never stood."""
    upto = int(parts.to_us[-1])
    return _rows(unit, [(c.from_us, c.to_us, min(c.to_us, upto)) for c in cells], stood(parts))


def _rows(unit: str, cells: Sequence[tuple[int, int, int]], found: Stood) -> list[Row]:
    ends = np.searchsorted(found["from_us"], np.array([to_us for _, to_us, _ in cells], np.int64)).tolist()
    begins = np.searchsorted(found["from_us"], np.array([begin for begin, _, _ in cells], np.int64)).tolist()
    return [(unit, *cell, found[a:b].tobytes()) for cell, a, b in zip(cells, begins, ends, strict=True)]


def fill(database: Database) -> bool:
    """Pack the cells of one machine that were classified before there was this table; False when none is
    left."""
    with database.read() as tx:
        unit = store.unfilled(tx)
    if not unit:
        return False
    with database.write() as tx:
        found = np.array(store.stretches(tx, unit), STOOD)
        store.add(tx, _rows(unit, store.lacking(tx, unit), found))
    return True
