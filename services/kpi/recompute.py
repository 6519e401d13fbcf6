"""Recomputes a whole stretch of a line from the facts: after a change of rules, or for a new history.

The same classification as `refresh`, over years at once and with all waits of a line charged together.
"""

from collections.abc import Callable

from sqlalchemy import Connection, delete

from data.store import kpi_rows
from data.store import standing as stood_cells
from data.store import tables as t
from services.kpi import charges, flags, standing
from services.kpi.engine import Ints
from services.kpi.planned import Line, read_line
from services.kpi.refresh import Done, cell_rows, compute, interval_rows, loss_rows

Report = Callable[[float], None]


def recompute(
    tx: Connection, line_id: str, from_us: int, to_us: int, report: Report = lambda _share: None
) -> int:
    """Classify and measure every machine of a line over the cells that touch [from_us, to_us); nothing
    beyond `to_us` counts. Returns the number of intervals."""
    line = read_line(tx, line_id, from_us, to_us)
    if not line.units or not line.cells:
        return 0
    _forget(tx, line)
    count = 0
    done = []
    for position, unit in enumerate(line.units):
        done.append(compute(tx, line, unit, line.cells, to_us))
        report((position + 1) / len(line.units))
    for one, (cause, to, _) in zip(done, charges.charge([d.parts for d in done]), strict=True):
        count += _write(tx, line, one, cause, to)
    days, months = [c.day_us for c in line.cells], [c.month_us for c in line.cells]
    for unit in line.units:
        kpi_rows.add_up(tx, unit, (min(days), max(days)), (min(months), max(months)))
    return count


def _forget(tx: Connection, line: Line) -> None:
    begin, end = line.cells[0].from_us, line.cells[-1].to_us
    for table in (t.intervals, t.kpi_cells, t.stood_cells):
        c = table.c
        here = (c.from_us >= begin) & (c.from_us < end)
        tx.execute(delete(table).where(c.equipment_id.in_(line.units), here))
    c = t.kpi_losses.c
    here = (c.from_us >= begin) & (c.from_us < end) & (c.level == "cell")
    tx.execute(delete(t.kpi_losses).where(c.equipment_id.in_(line.units), here))


def _write(tx: Connection, line: Line, done: Done, cause: Ints, to: Ints) -> int:
    rows = interval_rows(line, done, cause, to)
    kpi_rows.insert(tx, "intervals", kpi_rows.INTERVAL, rows)
    stood_cells.add(tx, standing.rows(done.unit, done.cells, done.parts))
    kpi_rows.insert(tx, "kpi_cells", kpi_rows.CELL, cell_rows(done))
    kpi_rows.insert(tx, "kpi_losses", kpi_rows.LOSS, loss_rows(line, done, cause, to))
    flags.write(tx, line, done.unit, done.cells, done.parts, done.recorded, done.sums)
    return len(rows)
