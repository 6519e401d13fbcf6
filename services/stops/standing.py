"""When the machines of lines stood, from what is packed by cell; the rest from facts.

A cell (shift) that is kept up to its end, or up to a moment ago where it runs, is read. Only what waits to be
counted is classified here, by the code that keeps the cells.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from data.store import standing as store
from data.store.standing import STOOD, Stood
from data.store.statements import Among, Row
from domain.clock import SECOND
from domain.stops import Stop
from domain.telemetry import MachineState
from services.kpi.engine import Bools, Ints
from services.kpi.grid import Cell
from services.kpi.planned import Line
from services.kpi.refresh import compute, runs_of
from services.kpi.standing import stood

BEHIND_US = 90 * SECOND  # a running cell that was packed longer ago is not good enough to be shown
_UPTO = Among("SELECT equipment_id, upto_us FROM kpi_progress WHERE equipment_id {among}")
_CHANGED = Among("SELECT equipment_id, MAX(to_us) FROM kpi_dirty WHERE equipment_id {among} GROUP BY 1")


def read(
    tx: Connection, lines: Sequence[Line], from_us: int, to_us: int, now_us: int, *, exact: bool
) -> dict[str, Stood]:
    """When machines stood in the cells that touch [from_us, to_us), in order of time; nothing from `to_us`
    on. `exact`: a running cell counts every fact that is stored, else it may be BEHIND_US old."""
    units = [unit for line in lines for unit in line.units]
    known = _Known.read(tx, lines, from_us, (to_us, now_us), exact=exact)
    found: dict[str, Stood] = {}
    for line in lines:
        cells = line.cells_in(from_us, to_us)
        for unit in line.units:
            kept = [row for cell in cells if (row := known.kept(line.line_id, unit, cell)) is not None]
            packed = _unpacked(kept, min(to_us, now_us))
            if len(kept) < len(cells):
                have = {row[1] for row in kept}
                runs = runs_of([cell for cell in cells if cell.from_us not in have])
                made = [stood(compute(tx, line, unit, run, now_us).parts) for run in runs]
                packed = np.concatenate([packed, *made])
                packed = packed[np.argsort(packed["from_us"], kind="stable")]
            found[unit] = _before(packed, to_us)
    return {unit: found[unit] for unit in units}


@dataclass(frozen=True, slots=True)
class _Known:
    """What is packed of some machines, how far their figures reach, and until when facts wait to be
    counted."""

    cells: Mapping[tuple[str, int], Row]
    upto: Mapping[str, int]
    changed: Mapping[str, int]
    to_us: int
    now_us: int

    @classmethod
    def read(
        cls, tx: Connection, lines: Sequence[Line], from_us: int, until: tuple[int, int], *, exact: bool
    ) -> "_Known":
        units = [unit for line in lines for unit in line.units]
        near = [cell.from_us for line in lines for cell in line.cells_in(from_us, until[0])]
        rows = store.read(tx, units, min(near, default=from_us), until[0])
        keys = [*units, *(line.line_id for line in lines)] if exact else []
        changed = {row[0]: row[1] for row in _CHANGED.rows(tx, keys, {})}
        upto = {row[0]: row[1] for row in _UPTO.rows(tx, units, {})}
        return cls({(row[0], row[1]): row for row in rows}, upto, changed, *until)

    def kept(self, line_id: str, unit: str, cell: Cell) -> Row | None:
        """The packed cell where it says all that is to be shown."""
        row, upto = self.cells.get((unit, cell.from_us)), self.upto.get(unit, 0)
        if row is None or row[2] != cell.to_us:
            return None
        if cell.to_us <= upto:
            return row if row[3] == cell.to_us else None
        changed = max(self.changed.get(unit, 0), self.changed.get(line_id, 0))
        new = self.to_us >= self.now_us and self.now_us - upto <= BEHIND_US and changed <= cell.from_us
        return row if new else None


def _unpacked(rows: Sequence[Row], end_us: int) -> Stood:
    """Cells in order as one array; how a machine stood in a running one when it was packed goes on."""
    found = np.frombuffer(b"".join(row[4] for row in rows), STOOD)
    if rows and len(found) and rows[-1][3] < end_us <= rows[-1][2] and found["to_us"][-1] == rows[-1][3]:
        found = found.copy()
        found["to_us"][-1] = end_us
    return found


def _before(found: Stood, to_us: int) -> Stood:
    mine = found[: np.searchsorted(found["from_us"], to_us)]
    if len(mine) and mine["to_us"][-1] > to_us:
        mine = mine.copy()
        mine["to_us"][-1] = to_us
    return mine


@dataclass(frozen=True, slots=True)
class Stops:
    """Stops (n,) by machine and time: the place of the machine, from, to, the state that lasted longest (-1
    in a gap), and whether the machine waited for another one in it."""

    place: Ints
    from_us: Ints
    to_us: Ints
    state: Ints
    external: Bools

    def take(self, wanted: Bools) -> "Stops":
        """Some of them."""
        return Stops(*(getattr(self, name)[wanted] for name in self.__slots__))

    def objects(self, units: Sequence[str], now_us: int) -> list[Stop]:
        """One by one; `units` by place, open where they last until `now_us`."""
        columns = (self.place, self.from_us, self.to_us, self.state, self.external)
        return [
            Stop(units[place], begin, end, None if state < 0 else MachineState(state), waits, end >= now_us)
            for place, begin, end, state, waits in zip(*(c.tolist() for c in columns), strict=True)
        ]


def joined(found: Sequence[Stood]) -> Stops:
    """What meets is one stop: the stops of machines, as `domain.stops.stops` finds them."""
    every = np.frombuffer(b"".join(one.tobytes() for one in found), STOOD)  # ten times np.concatenate
    place = np.repeat(np.arange(len(found)), [len(one) for one in found])
    begin, end, states, waits = (np.ascontiguousarray(every[name]) for name in STOOD.names or ())
    first = np.ones(len(every), bool)
    first[1:] = (place[1:] != place[:-1]) | (begin[1:] != end[:-1])
    starts = np.flatnonzero(first)
    if not len(starts):
        nothing = np.empty(0, np.int64)
        return Stops(nothing, nothing, nothing, nothing, nothing.astype(bool))
    stop, length = np.cumsum(first) - 1, end - begin
    longest = np.flatnonzero(length == np.maximum.reduceat(length, starts)[stop])
    which = longest[np.diff(stop[longest], prepend=-1) > 0]  # of equals the first
    ends = np.append(starts[1:], len(every)) - 1
    return Stops(place[starts], begin[starts], end[ends], states[which].astype(np.int64), waits[which])
