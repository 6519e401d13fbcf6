"""From classified parts, counts and records to the measures of cells (domain.measures)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.store.inspected import Inspected
from data.store.kpi_counts import BUCKET_US, SILENCE_US, Cut
from data.store.kpi_facts import Recorded
from domain.clock import SECOND
from domain.measures import LEAF_COLUMNS, NAMES, REAL
from domain.time_model import Cause, Leaf, OperationSpan, Span, merged
from services.kpi.engine import LEAVES, Bools, Floats, Ints, Parts, Spans, cause_code, leaf_code, within
from services.kpi.grid import Cell
from services.kpi.inspecting import Excess, Place, edges

Key = tuple[int, str, str]  # position of the cell, order, product
BUSY = (Leaf.DELAY, Leaf.DOWN, Leaf.SETUP, Leaf.PRODUCTION)
_BUCKET_S = BUCKET_US / SECOND
_IS_BUSY = np.array([leaf in BUSY for leaf in LEAVES])
_COLUMN = {name: place for place, name in enumerate(NAMES)}
_QUALITY = [_COLUMN[name] for name in ("good", "scrap", "ideal_s", "ideal_good_s")]


@dataclass(frozen=True, slots=True)
class Sums:
    """Measures per key: one column of `values` a name of domain.measures.NAMES, exact up to 2^53. `taken` are
    the parts of a cell and order that inspections made scrap of good ones (below zero: that the machine's own
    count gave back), of what they found in `excess`."""

    keys: list[Key]
    values: NDArray[np.float64]
    taken: Mapping[Place, float]
    excess: Excess


@dataclass(frozen=True, slots=True)
class Loss:
    """Time of one cell lost (or planned, or unknown) for one cause, charged to a machine or to none."""

    cell: int
    cause: Cause
    charged_to: str
    us: int
    times: int


class _Ledger:
    """Adds up by (cell, group); groups are the orders of a machine, 0 for none. Few of all pairs occur."""

    def __init__(self, cells: int, groups: int) -> None:
        self._groups, self._size = groups, cells * groups
        self._entries: list[tuple[str, Ints, Floats | Ints]] = []

    def add(self, name: str, cell: Ints, group: Ints, amount: Floats | Ints) -> None:
        if len(cell):
            self._entries.append((name, cell * self._groups + group, amount))

    def rows(self) -> tuple[Ints, Floats]:
        touched = np.zeros(self._size, bool)
        for _, key, _ in self._entries:
            touched[key] = True
        keys = np.flatnonzero(touched)
        place = np.cumsum(touched) - 1
        values = np.zeros((len(keys), len(NAMES)))
        for name, key, amount in self._entries:
            values[:, _COLUMN[name]] += np.bincount(place[key], amount, len(keys))
        return keys, values


def measure(
    parts: Parts,
    cells: list[Cell],
    recorded: Recorded,
    away: Sequence[Span] = (),
    excess: Excess = Excess(),  # noqa: B008 - frozen
) -> Sums:
    """The measures of every cell, by order. `parts` are cut at the cells' edges; what is counted while the
    machine is `away` (out of the plant) belongs to none. What inspections scrapped in `excess` of the
    machine's count is scrap, not good."""
    starts = np.array([c.from_us for c in cells], np.int64)
    ends = np.array([c.to_us for c in cells], np.int64)
    products = recorded.inspected.products
    booked = [(o.order_id, o.product_id) for o in recorded.operations]
    names = list(dict.fromkeys([("", ""), *booked, *products.items()]))
    place = {name: number for number, name in enumerate(names)}
    group_of = np.array([0, *(place[o.order_id, o.product_id] for o in recorded.operations)])
    ledger = _Ledger(len(cells), len(names))
    cell = np.searchsorted(starts, parts.from_us, side="right") - 1
    _times(ledger, parts, cell, group_of, counts=not recorded.uncounted)
    _counts(ledger, recorded, starts, ends, group_of, away)
    orders = {order: place[order, product] for order, product in products.items()}
    _checks(ledger, recorded.inspected, starts, ends, orders)
    _work(ledger, recorded, starts, ends)
    keys, values = ledger.rows()
    found = [(int(k) // len(names), *names[int(k) % len(names)]) for k in keys]
    return Sums(found, values, _inspect(found, values, excess), excess)


def _inspect(keys: Sequence[Key], values: Floats, excess: Excess) -> dict[Place, float]:
    """Make scrap of good parts in `values`, and back, never more than there are; returns how many. Of an
    order with several products in a cell the first by name goes first."""
    rows: dict[Place, list[int]] = {}
    for index in sorted(range(len(keys)), key=lambda k: keys[k]) if excess.parts else ():
        rows.setdefault(keys[index][:2], []).append(index)
    taken = {}
    for place, wanted in excess.parts.items():
        left = wanted
        for index in rows.get(place, ()):
            good, scrap, ideal, ideal_good = values[index, _QUALITY].tolist()
            much = min(max(left, -scrap), good)
            if much > 0:
                ideal_good *= (good - much) / good
            elif much < 0:
                ideal_good = min(ideal, ideal_good - much * ideal / (good + scrap))
            values[index, _QUALITY] = good - much, scrap + much, ideal, ideal_good
            left -= much
        taken[place] = wanted - left
    return taken


def _times(ledger: _Ledger, parts: Parts, cell: Ints, group_of: Ints, *, counts: bool) -> None:
    length, group = parts.to_us - parts.from_us, group_of[parts.operation + 1]
    for code in np.flatnonzero(np.bincount(parts.leaf)).tolist():
        mine = parts.leaf == code
        ledger.add(LEAF_COLUMNS[LEAVES[code]], cell[mine], group[mine], length[mine])
    minor, running = parts.cause == cause_code(Cause.MINOR_STOP), leaf_code(Leaf.PRODUCTION)
    alone = parts.operation < 0
    runs = parts.leaf == running
    chosen = {
        "waiting_us": (parts.leaf == leaf_code(Leaf.DELAY)) & (parts.operation >= 0),
        "minor_us": minor,
        "off_plan_us": parts.off_plan,
        "unordered_us": alone & (runs | (parts.leaf == leaf_code(Leaf.SETUP))),
        "unordered_run_us": alone & runs,
        **({} if counts else {"uncounted_us": _IS_BUSY[parts.leaf], "uncounted_run_us": runs}),
    }
    for name, mine in chosen.items():
        if mine.any():
            ledger.add(name, cell[mine], group[mine], length[mine])
    for name, mine in (("minor_stops", parts.begins & minor), ("failures", parts.begins & ~minor)):
        ledger.add(name, cell[mine], group[mine], np.ones(int(mine.sum())))


def _counts(
    ledger: _Ledger, recorded: Recorded, starts: Ints, ends: Ints, group_of: Ints, away: Sequence[Span]
) -> None:
    """Parts and energy by bucket, or stretch of buckets that `cuts` leaves whole: its cell is that of its
    start, its order the one that fills most of it.

    The first bucket after a silence holds what was made in all of it. Those parts are counted, but at rate
    no more than a bucket allows: the time in which the others were made is not known to be production.
    """
    counted, operations = recorded.counted, recorded.operations
    cell = np.searchsorted(starts, counted.bucket_us, side="right") - 1
    inside = (cell >= 0) & (counted.bucket_us < ends[np.maximum(cell, 0)]) & ~within(counted.bucket_us, away)
    at, cell = counted.bucket_us[inside], cell[inside]
    good, scrap = counted.good[inside], counted.scrap[inside]
    which = most_of(at, spans_of(operations))
    group = group_of[which + 1]
    cycles = np.array([0.0, *(o.planned_cycle_s or 0.0 for o in operations)])[which + 1]
    setup_end = np.array([0, *(o.setup_end_us for o in operations)], np.int64)[which + 1]
    startup = (which >= 0) & (at + BUCKET_US // 2 < setup_end)
    ledger.add("good", cell, group, good)
    ledger.add("scrap", cell, group, scrap)
    ledger.add("startup_scrap", cell, group, np.where(startup, scrap, 0.0))
    ideal = cycles * (good + scrap)
    rated = np.where(
        after_silence(recorded)[inside], np.minimum(1.0, _BUCKET_S / np.maximum(ideal, 1e-9)), 1.0
    )
    ledger.add("ideal_s", cell, group, ideal * rated)
    ledger.add("ideal_good_s", cell, group, cycles * good * rated)
    ledger.add("unrated", cell, group, np.where(cycles > 0, 0.0, good + scrap))
    ledger.add("energy_kwh", cell, group, counted.energy_kwh[inside])


def after_silence(recorded: Recorded) -> Bools:
    """Which of the buckets (n,) are the first after a silence."""
    at, silent = recorded.counted.bucket_us, np.array(recorded.silent, np.int64)
    found = np.zeros(len(at), bool)
    place = np.searchsorted(at, silent)
    inside = place < len(at)
    found[place[inside][at[place[inside]] == silent[inside]]] = True
    return found


def cuts(
    cells: Sequence[Cell],
    operations: Sequence[OperationSpan],
    inspected: Inspected,
    away: Sequence[Span] = (),
) -> Cut:
    """Where sums of buckets must be apart: at another cell, around a bucket that the end of a cell lies
    within, at another order, the end of a setup, around the first bucket after a silence, where the machine
    is taken out of the plant or put back, and where inspections are held against what it counted."""
    starts = np.array([c.from_us for c in cells], np.int64)
    ends = np.array([c.to_us for c in cells], np.int64)
    spans = spans_of(operations)
    setup_end = np.concatenate(([0], spans.code))
    compared = np.array(edges(inspected), np.int64)

    def cut(at: Ints) -> Bools:
        cell = np.searchsorted(starts, at, side="right")
        inside = at < np.concatenate(([0], ends))[cell]
        which = most_of(at, spans)
        startup = at + BUCKET_US // 2 < setup_end[which + 1]
        begins = np.ones(len(at), bool)
        begins[1:] = np.diff(cell) != 0
        for values in (inside, which, startup, within(at, away), np.isin(at, split_buckets(ends))):
            begins[1:] |= values[1:] != values[:-1]
        silent = np.flatnonzero(np.diff(at) > SILENCE_US) + 1
        begins[silent] = True
        begins[silent[silent < len(at) - 1] + 1] = True
        place = np.searchsorted(at, compared)
        begins[place[place < len(at)]] = True
        return begins

    return cut


def split_buckets(ends: Ints) -> Ints:
    """The buckets that the end of a cell lies within: what they hold counts for the cell they begin in."""
    odd: Ints = ends[ends % BUCKET_US != 0]
    return odd - odd % BUCKET_US


def spans_of(operations: Sequence[OperationSpan]) -> Spans:
    """The operations as spans; `code` is the end of the setup."""
    rows = [(o.from_us, o.to_us, o.setup_end_us) for o in operations]
    found = np.array(rows, np.int64).reshape(-1, 3)
    return Spans(found[:, 0], found[:, 1], found[:, 2])


def most_of(bucket_us: Ints, operations: Spans) -> Ints:
    """Per bucket the operation that covers most of it (the first of equals), -1 for none."""
    best = np.zeros(len(bucket_us), np.int64)
    which = np.full(len(bucket_us), -1)
    if not len(operations.from_us):
        return which
    index = np.searchsorted(operations.to_us, bucket_us, side="right")
    last = len(operations.from_us) - 1
    while True:
        at = np.minimum(index, last)
        begins, ends = operations.from_us[at], operations.to_us[at]
        open_still = (index <= last) & (begins < bucket_us + BUCKET_US)
        if not open_still.any():
            return which
        covered = np.minimum(ends, bucket_us + BUCKET_US) - np.maximum(begins, bucket_us)
        better = open_still & (covered > best)
        best, which = np.where(better, covered, best), np.where(better, at, which)
        index = index + 1


def _checks(ledger: _Ledger, inspected: Inspected, starts: Ints, ends: Ints, orders: dict[str, int]) -> None:
    """Inspection results belong to the time before them: those of 06:00 to the shift that ended then. Those
    of reworked parts say nothing of the first pass, in which these parts were inspected before."""
    if not inspected.checks:
        return
    at = np.array([row[0] for row in inspected.checks], np.int64) - 1
    group = np.array([orders.get(row[1], 0) for row in inspected.checks])
    good, scrap, rework = (np.array([row[k] for row in inspected.checks], float) for k in (2, 3, 4))
    cell = np.searchsorted(starts, at, side="right") - 1
    again = np.array([bool(row[6]) for row in inspected.checks])
    inside = (cell >= 0) & (at < ends[np.maximum(cell, 0)]) & ~again
    for name, amount in (("rework", rework), ("inspected", good + scrap + rework), ("first_pass", good)):
        ledger.add(name, cell[inside], group[inside], amount[inside])


def _work(ledger: _Ledger, recorded: Recorded, starts: Ints, ends: Ints) -> None:
    """Maintenance by kind; jobs of a kind that overlap count each minute once."""
    jobs: dict[str, list[Span]] = {}
    for begin, end, kind in recorded.work:
        jobs.setdefault(kind, []).append(Span(begin, end))
    for kind, begin, end in ((k, s.from_us, s.to_us) for k, found in jobs.items() for s in merged(found)):
        first = max(0, int(np.searchsorted(ends, begin, side="right")))
        last = int(np.searchsorted(starts, end, side="left"))
        if first >= last:
            continue
        cell = np.arange(first, last)
        length = np.minimum(ends[cell], end) - np.maximum(starts[cell], begin)
        ledger.add(f"{kind}_us", cell, np.zeros(len(cell), np.int64), np.maximum(length, 0))


def whole(values: NDArray[np.float64]) -> list[tuple[int | float, ...]]:
    """Rows of values as Python numbers: whole ones where the column is whole."""
    split = len(NAMES) - len(REAL)
    times = values[:, :split].astype(np.int64).tolist()
    parts = values[:, split:].tolist()
    return [(*a, *b) for a, b in zip(times, parts, strict=True)]
