"""Keeps intervals, cells, days, months and losses equal to a recomputation from the facts.

`refresh(tx, line, stretches, now)` recomputes whole cells of the machines named, from stored facts,
so the order in which facts arrive does not matter. Waits are charged anew for the line around the
stretches, because one machine's stop is another one's wait.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from sqlalchemy import Connection

from data.store import activity, kpi_facts, kpi_rows
from data.store import standing as stood_cells
from data.store.kpi_facts import Recorded
from data.store.statements import Row
from domain.clock import HOUR
from domain.time_model import Cause, Leaf, Span
from domain.waits import LOOKBACK_US
from services.kpi import charges, flags, inspecting, recharge, standing
from services.kpi.engine import CAUSES, LEAVES, Ints, Parts, cause_code, classify
from services.kpi.grid import Cell
from services.kpi.measuring import Sums, cuts, measure, whole
from services.kpi.planned import Line, read_line, unit_of
from services.kpi.reach import with_orders, with_setups, with_stops

RUNNING = cause_code(Cause.RUNNING)


@dataclass(frozen=True, slots=True)
class Done:
    """One machine over whole cells: its parts, what they cost whom, and what they add up to."""

    unit: str
    cells: list[Cell]
    parts: Parts
    recorded: Recorded
    sums: Sums


def refresh(
    tx: Connection, line_id: str, stretches: Mapping[str, Sequence[Span]], now_us: int
) -> list[tuple[str, Span]]:
    """Bring the cells of the stretches (by unit of one line) up to date; nothing beyond `now_us` counts.
    Returns where machines turned out to have worked, or not, other than was stored before."""
    moved = {unit: [_reach(tx, unit, s, now_us) for s in found] for unit, found in stretches.items()}
    spans = [span for found in moved.values() for span in found]
    low, high = min(s.from_us for s in spans), min(now_us, max(s.to_us for s in spans))
    if low >= high:
        return []
    wider = {unit: [with_stops(tx, unit, s, now_us) for s in found] for unit, found in moved.items()}
    first = min(s.from_us for found in wider.values() for s in found)
    last = max(s.to_us for found in wider.values() for s in found)
    line = read_line(tx, line_id, first - HOUR, max(high, min(last, now_us)) + HOUR)
    otherwise: list[tuple[str, Span]] = []
    for unit, wanted in wider.items():
        for run in runs(line, wanted, now_us):
            changed = store(tx, line, compute(tx, line, unit, run, now_us))
            otherwise += [(unit, changed)] if changed else []
    recharge.recharge(tx, line, Span(low, high + LOOKBACK_US))
    return otherwise


def _reach(tx: Connection, unit: str, span: Span, now_us: int) -> Span:
    """A stretch with all that counts in it may change, but for stops and waits."""
    setups, orders = with_setups(tx, unit, span, now_us), with_orders(tx, unit, span, now_us)
    return Span(min(setups.from_us, orders.from_us), max(setups.to_us, orders.to_us))


def runs(line: Line, wanted: Iterable[Span], now_us: int) -> list[list[Cell]]:
    """The cells touched, as runs of neighbours."""
    touched = {
        index
        for span in wanted
        for index, cell in enumerate(line.cells)
        if cell.to_us > span.from_us and cell.from_us < min(span.to_us, now_us)
    }
    return runs_of([line.cells[index] for index in sorted(touched)])


def runs_of(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Cells in time order as runs of neighbours."""
    result: list[list[Cell]] = []
    for cell in cells:
        last = result[-1][-1] if result else None
        if last is None or last.to_us != cell.from_us:
            result.append([])
        result[-1].append(cell)
    return result


def compute(tx: Connection, line: Line, unit: str, cells: list[Cell], now_us: int) -> Done:
    """Classify and measure a machine over neighbouring cells. Waits are not charged yet."""
    begin, end = cells[0].from_us, min(cells[-1].to_us, now_us)
    low, high = kpi_facts.stood_since(tx, unit, begin), kpi_facts.stands_until(tx, unit, end, now_us)
    away = line.away.get(unit, ())
    recorded = kpi_facts.read(tx, unit, low, high, partial(cuts, cells, away=away))
    edges = np.array([*(c.from_us for c in cells), end], np.int64)
    found = classify(unit_of(tx, line, unit, recorded), edges, low, high)
    parts = found.take((found.from_us >= begin) & (found.to_us <= end))
    if int((parts.to_us - parts.from_us).sum()) != end - begin:
        raise AssertionError("the leaves do not add up to the window")
    excess = inspecting.read(tx, unit, recorded, cells, away)
    return Done(unit, cells, parts, recorded, measure(parts, cells, recorded, away, excess))


def store(tx: Connection, line: Line, done: Done) -> Span | None:
    """Write one machine's cells, as far as they differ, and what is summed from them. Returns where it says
    something else now on whether the machine worked."""
    first, last = done.cells[0], done.cells[-1]
    begin, end = first.from_us, last.to_us
    old = kpi_rows.intervals_of(tx, done.unit, begin, end)
    cause, to = _charges_kept(line, done.parts, {row[1]: row for row in old})
    rows = interval_rows(line, done, cause, to)
    kpi_rows.replace_intervals(tx, done.unit, (begin, end), old, rows)
    stood_cells.replace(tx, done.unit, begin, end, standing.rows(done.unit, done.cells, done.parts))
    losses = loss_rows(line, done, cause, to)
    groups = kpi_rows.replace_cells(tx, done.unit, begin, end, cell_rows(done), losses)
    days, months = [c.day_us for c in done.cells], [c.month_us for c in done.cells]
    kpi_rows.add_up_cells(tx, done.unit, (min(days), max(days)), (min(months), max(months)), groups)
    flags.write(tx, line, done.unit, done.cells, done.parts, done.recorded, done.sums)
    return activity.moved(old, rows)


def _charges_kept(line: Line, parts: Parts, old: Mapping[int, Row]) -> tuple[Ints, Ints]:
    """Charges of waits that did not change; the others are found by `recharge`."""
    cause, to = parts.cause.copy(), np.full(len(parts.cause), -1)
    place = {unit: position for position, unit in enumerate(line.units)}
    for index in np.flatnonzero(charges.waits(parts)).tolist():
        row = old.get(int(parts.from_us[index]))
        if row is not None and row[2] == parts.to_us[index] and row[7] in place:
            cause[index], to[index] = cause_code(Cause(row[4])), place[row[7]]
    return cause, to


def interval_rows(line: Line, done: Done, cause: Ints, to: Ints) -> list[Row]:
    """The parts as rows of `intervals`."""
    parts, source, units = done.parts, done.recorded.source.value, line.units
    leaves, causes = [leaf.value for leaf in LEAVES], [c.value for c in CAUSES]
    orders = [("", ""), *((o.order_id, o.product_id) for o in done.recorded.operations)]
    starts = np.array([c.from_us for c in done.cells], np.int64)
    is_open = np.array([c.from_us not in line.closed for c in done.cells])
    provisional = is_open[np.searchsorted(starts, parts.from_us, side="right") - 1]
    columns = (
        parts.from_us, parts.to_us, parts.leaf, cause, parts.state, to, parts.operation, parts.off_plan,
        provisional,
    )  # fmt: skip
    return [
        (done.unit, a, b, leaves[leaf], causes[why], None if state < 0 else state, source,
         units[whom] if whom >= 0 else "", *orders[order + 1], off, open_still)
        for a, b, leaf, why, state, whom, order, off, open_still in zip(
            *(column.tolist() for column in columns), strict=True
        )
    ]  # fmt: skip


def cell_rows(done: Done) -> list[Row]:
    """The sums as rows of `kpi_cells`."""
    rows = []
    for (position, order, product), values in zip(done.sums.keys, whole(done.sums.values), strict=True):
        cell = done.cells[position]
        head = (done.unit, cell.from_us, order, product, cell.shift, cell.to_us, cell.day_us, cell.month_us)
        rows.append((*head, *values))
    return rows


def loss_rows(line: Line, done: Done, cause: Ints, to: Ints) -> list[Row]:
    """Time by cause as rows of `kpi_losses`; `times` counts stretches, of stops their beginnings."""
    parts, units = done.parts, len(line.units) + 1
    starts = np.array([c.from_us for c in done.cells], np.int64)
    cell = np.searchsorted(starts, parts.from_us, side="right") - 1
    key = (cell * len(CAUSES) + cause) * units + to + 1
    mine = cause != RUNNING
    stops = parts.leaf == LEAVES.index(Leaf.DOWN)
    times = np.where(stops, parts.begins, True).astype(np.int64)
    unique, inverse = np.unique(key[mine], return_inverse=True)
    amounts = np.bincount(inverse, (parts.to_us - parts.from_us)[mine]).astype(np.int64).tolist()
    counts = np.bincount(inverse, times[mine]).astype(np.int64).tolist()
    rows = []
    for number, us, often in zip(unique.tolist(), amounts, counts, strict=True):
        rest, whom = divmod(number, units)
        position, why = divmod(rest, len(CAUSES))
        c = done.cells[position]
        charged = line.units[whom - 1] if whom else ""
        head = ("cell", done.unit, c.from_us, CAUSES[why].value, charged)
        rows.append((*head, c.shift, c.day_us, c.month_us, us, often))
    return rows
