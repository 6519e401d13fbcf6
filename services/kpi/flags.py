"""What is odd in a cell: the cause in plain words, and the record to look at."""

from collections.abc import Iterator, Sequence

import numpy as np
from sqlalchemy import Connection

from data.store import kpi_rows, plan_facts
from data.store.kpi_facts import Recorded
from data.store.statements import Statement
from domain.clock import MINUTE, SECOND, utc
from domain.measures import NAMES
from domain.oee import STANDING_FROM_S
from domain.telemetry import MachineMode, MachineState
from domain.time_model import MINOR_US, Cause, Leaf, OperationSpan
from services.kpi.check_flags import of_inspections
from services.kpi.count_flags import Flag, of_counts, recorded_from
from services.kpi.engine import Parts, cause_code, executing, leaf_code
from services.kpi.grid import Cell
from services.kpi.measuring import Sums
from services.kpi.planned import Line

FASTER_FROM_S = 900.0  # in less, a bucket of parts more or less says nothing
_COLUMNS = ("equipment_id", "from_us", "code", "record", "at_us", "words")
_DROP = Statement(
    "DELETE FROM kpi_flags WHERE equipment_id = :unit AND from_us >= :from_us AND from_us < :to_us"
)
_ZEROS = Statement(
    "SELECT product_id FROM product_rates WHERE equipment_id = :unit"
    " AND (planned_cycle_s <= 0 OR cavities <= 0)"
)
_DOWN, _DELAY, _SETUP = leaf_code(Leaf.DOWN), leaf_code(Leaf.DELAY), leaf_code(Leaf.SETUP)
_FAILED = [
    int(s) for s in (MachineState.ABORTING, MachineState.ABORTED, MachineState.HOLDING, MachineState.HELD)
]
_IDEAL, _MADE, _UNRATED, _UNCOUNTED = (
    NAMES.index(name) for name in ("ideal_s", "production_us", "unrated", "uncounted_us")
)
_WORKED = [NAMES.index(name) for name in ("production_us", "setup_us", "off_plan_us")]
_PARTS = [NAMES.index(name) for name in ("good", "scrap")]


def write(
    tx: Connection, line: Line, unit: str, cells: list[Cell], parts: Parts, recorded: Recorded, sums: Sums
) -> None:
    """Replace the flags of the cells."""
    _DROP.run(tx, {"unit": unit, "from_us": cells[0].from_us, "to_us": cells[-1].to_us})
    found = {
        (unit, flag.cell_us, flag.code, flag.record): (flag.at_us, flag.words)
        for flag in _all(tx, line, unit, cells, parts, recorded, sums)
    }
    kpi_rows.insert(tx, "kpi_flags", _COLUMNS, [(*key, *rest) for key, rest in found.items()])


def _all(
    tx: Connection, line: Line, unit: str, cells: list[Cell], parts: Parts, recorded: Recorded, sums: Sums
) -> Iterator[Flag]:
    starts = np.array([c.from_us for c in cells], np.int64)
    yield from _of_time(cells, starts, parts)
    yield from _of_setups(cells, starts, parts, recorded)
    yield from of_counts(cells, starts, recorded)
    yield from _of_sums(cells, sums)
    yield from _of_machine(cells, sums)
    yield from of_inspections(cells, recorded.inspected, sums)
    yield from _of_orders(tx, unit, cells, recorded.operations)
    yield from _of_stops(tx, unit, cells, parts)
    for cell in cells:
        yield from _of_bookings(cell, recorded)
        for overlap in line.overlaps:
            if cell.covers(overlap.from_us):
                both = f"{overlap.first} and {overlap.second}"
                words = f"Shifts {both} overlap: each minute counts once, for {overlap.counts}."
                if overlap.goes_on:
                    other = overlap.first if overlap.counts == overlap.second else overlap.second
                    words = f"{words[:-1]}; {other} goes on behind it."
                yield Flag(cell.from_us, "overlapping_shifts", both, overlap.from_us, words)


def _of_stops(tx: Connection, unit: str, cells: list[Cell], parts: Parts) -> Iterator[Flag]:
    """Planned stops whose end nobody told: a whole shift may be called planned by them."""
    for record, span in plan_facts.endless_stops(tx, unit, cells[0].from_us, int(parts.to_us[-1])):
        for cell in cells:
            at, end = max(span.from_us, cell.from_us), min(span.to_us, cell.to_us)
            if at < end:
                minutes = f"{(end - at) / MINUTE:.0f} min of it count as planned."
                words = f"Stop {record} is planned and has no end yet: {minutes}"
                yield Flag(cell.from_us, "planned_without_end", record, at, words)


def _of_bookings(cell: Cell, recorded: Recorded) -> Iterator[Flag]:
    for two in recorded.doubled:
        if cell.covers(two.at_us):
            both = f"{two.first} and {two.second}"
            words = f"Orders {both} are booked at once: each minute counts once, for {two.second}"
            words += f"; {two.first} goes on behind it." if two.goes_on else "."
            yield Flag(cell.from_us, "overlapping_orders", both, two.at_us, words)
    for late in recorded.late:
        if cell.covers(late.at_us):
            long, behind = ((b - a) // MINUTE for a, b in ((late.setup.from_us, late.setup.to_us),
                                                           (late.setup.to_us, late.at_us)))  # fmt: skip
            words = (
                f"The switch to order {late.order_id} was booked {behind} min after its parts had begun:"
                f" the stop of {long} min before them counts as its setup."
            )
            yield Flag(cell.from_us, "late_switch", late.order_id, late.at_us, words)


def _of_time(cells: list[Cell], starts: np.ndarray, parts: Parts) -> Iterator[Flag]:
    removed = parts.off_plan & (parts.cause == cause_code(Cause.REMOVED))
    by_mode = executing(parts.state) & ((parts.leaf == _DOWN) | (parts.leaf == _DELAY))
    off_plan = parts.off_plan & ~removed
    gap = parts.cause == cause_code(Cause.NO_DATA)
    mode = "a mode of maintenance or manual work"
    after, beside = "ran for {} min after it was removed; left out.", "in a break or outside the shifts"
    for code, mine, record, words in (
        ("state_after_removal", removed, "states", f"The machine {after}"),
        ("off_plan", off_plan, "states", f"Worked for {{}} min {beside}; counted as busy time."),
        ("mode_without_production", by_mode, "states", f"Executed for {{}} min in {mode}: no production."),
        ("no_data", gap, "silence", "No data for {} min; neither running nor down."),
    ):
        if not mine.any():
            continue
        place = np.searchsorted(starts, parts.from_us[mine], side="right") - 1
        length = np.bincount(place, (parts.to_us - parts.from_us)[mine], len(cells))
        for index in np.flatnonzero(length).tolist():
            at = int(parts.from_us[mine][place == index][0])
            minutes = f"{length[index] / MINUTE:.0f}" if length[index] >= MINUTE else "under 1"
            yield Flag(cells[index].from_us, code, recorded_from(record, at), at, words.format(minutes))


def _of_setups(cells: list[Cell], starts: np.ndarray, parts: Parts, recorded: Recorded) -> Iterator[Flag]:
    """Setups in which the machine had failed, or was held, though its mode was that of production: from the
    last good piece to the first one all of it is setup, and a failure within is counted nowhere else."""
    setup = parts.leaf == _SETUP
    if not setup.any():
        return
    place = np.searchsorted(recorded.state_at, parts.from_us, side="right") - 1
    mode = recorded.mode[place] if len(recorded.mode) else np.zeros(len(place), np.int64)
    stood = setup & np.isin(parts.state, _FAILED)
    mine = np.flatnonzero(stood & (mode == int(MachineMode.PRODUCTION)) & (parts.operation >= 0))
    found: dict[tuple[int, str], list[int]] = {}
    for index in mine.tolist():
        cell = int(np.searchsorted(starts, parts.from_us[index], side="right")) - 1
        key = (cell, recorded.operations[int(parts.operation[index])].order_id)
        first = found.setdefault(key, [int(parts.from_us[index]), 0])
        first[1] += int(parts.to_us[index] - parts.from_us[index])
    for (cell, order), (at, length) in found.items():
        if length >= MINOR_US:
            words = (
                f"In the setup for order {order} the machine was aborted or held for"
                f" {length / MINUTE:.0f} min, from {utc(at):%Y-%m-%d %H:%M} UTC on: all of it counts as"
                " setup, none as a failure."
            )
            yield Flag(cells[cell].from_us, "setup_over_failure", order, at, words)


def _of_sums(cells: list[Cell], sums: Sums) -> Iterator[Flag]:
    for (position, order, product), values in zip(sums.keys, sums.values.tolist(), strict=True):
        cell = cells[position]
        made_s, ideal_s = values[_MADE] / SECOND, values[_IDEAL]
        if made_s >= FASTER_FROM_S and ideal_s > made_s:
            speed = 100 * ideal_s / made_s
            words = (
                f"Order {order} ({product}) ran at {speed:.{int(speed < 101)}f} % of the planned speed: "
                "check the planned cycle time."
            )
            yield Flag(cell.from_us, "faster_than_planned", order, cell.from_us, words)
        elif ideal_s - sum(values[k] for k in _WORKED) / SECOND >= STANDING_FROM_S:
            words = (
                f"{sum(values[k] for k in _PARTS):.0f} parts of order {order} were counted while the machine"
                " stood: its state or its counter is wrong, and so are availability and OEE."
            )
            yield Flag(cell.from_us, "parts_while_standing", order, cell.from_us, words)
        if values[_UNRATED]:
            where = f"in order {order}" if order else "without an order"
            words = f"{values[_UNRATED]:.0f} parts {where} have no planned cycle time: no rate for them."
            yield Flag(cell.from_us, "no_rate", order, cell.from_us, words)


def _of_machine(cells: list[Cell], sums: Sums) -> Iterator[Flag]:
    """A machine that counts no parts."""
    uncounted = np.bincount([key[0] for key in sums.keys], sums.values[:, _UNCOUNTED], len(cells))
    for index in np.flatnonzero(uncounted).tolist():
        words = (
            f"The machine has no counter of good parts: {uncounted[index] / MINUTE:.0f} min of planned time"
            " without quantities, left out of OEE."
        )
        yield Flag(cells[index].from_us, "no_counter", "good_count", cells[index].from_us, words)


def _of_orders(
    tx: Connection, unit: str, cells: list[Cell], operations: Sequence[OperationSpan]
) -> Iterator[Flag]:
    first, last = cells[0].from_us, cells[-1].to_us
    suspects = [o for o in operations if not o.planned_cycle_s and o.to_us > first and o.from_us < last]
    if not suspects:
        return
    zeros = {row[0] for row in _ZEROS.rows(tx, {"unit": unit})}
    for operation in suspects:
        for cell in cells:
            if operation.to_us > cell.from_us and operation.from_us < cell.to_us:
                yield from _of_order(operation, cell, operation.product_id in zeros)


def _of_order(operation: OperationSpan, cell: Cell, zero: bool) -> Iterator[Flag]:
    at = max(operation.from_us, cell.from_us)
    if not operation.product_id:
        words = f"Order {operation.order_id} names no product: no rate, no effectiveness."
        yield Flag(cell.from_us, "order_without_product", operation.order_id, at, words)
    elif zero:
        words = f"The planned cycle of {operation.product_id} (or its cavities) is 0 or less: it is no rate."
        yield Flag(cell.from_us, "cycle_zero", operation.product_id, at, words)
