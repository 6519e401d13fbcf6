"""Parts that inspections scrapped and the machine counted as good: how many, and in which cells.

Of one order on one machine, at a moment t:
- excess(t): what inspections up to t scrapped beyond what the machine counted as scrap. The same bad parts
  may be in both, and its count may come some minutes behind: so what the machine counts up to a bucket
  after an inspection, and in the buckets at the edges of the operations, is taken for the same parts.
- good(t): the least that the machine's good parts less the excess come to at t or at any later
  inspection. What is inspected was made before: parts that are scrapped beyond the machine's count are the
  newest that were made by then, be it in the shift before or in one that ended long ago.
A cell has the increase of good(t). So what is taken in the cells of an order adds up to its excess, however
time is cut, and the machine's own count, where it catches up later, gives back.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from sqlalchemy import Connection

from data.store import kpi_counts
from data.store.inspected import Inspected, Scrapped, spoken_of
from data.store.kpi_counts import BUCKET_US, Counted
from data.store.kpi_facts import Recorded
from domain.time_model import Span, merged
from services.kpi.engine import within
from services.kpi.grid import Cell

_HALF_US = BUCKET_US // 2
Place = tuple[int, str]  # position of the cell, order


@dataclass(frozen=True, slots=True)
class Excess:
    """Parts to take from good to scrap (below zero: to give back) by cell and order; and by cell and order
    those that inspections had scrapped beyond all that was made by then."""

    parts: Mapping[Place, float] = field(default_factory=dict)
    beyond: Mapping[Place, float] = field(default_factory=dict)


def edges(inspected: Inspected) -> list[int]:
    """Where sums of buckets must be apart so that what was scrapped is known at each inspection."""
    found = {at + BUCKET_US for order in inspected.orders for at, _ in order.found}
    return sorted(found | _ends(_scrap_in(order) for order in inspected.orders))


def read(
    tx: Connection, unit: str, recorded: Recorded, cells: Sequence[Cell], away: Sequence[Span]
) -> Excess:
    """What inspections scrapped beyond the machine's count, in these cells. What is counted while the machine
    is `away` (out of the plant) is none of it."""
    orders = _in_excess(tx, unit, recorded, cells[0].from_us, away)
    if not orders:
        return Excess()
    grid = _Cells([cell.from_us for cell in cells], [cell.to_us for cell in cells])
    counts = _Counts.of(_counted(tx, unit, orders, grid, away), away)
    parts: dict[Place, float] = {}
    beyond: dict[Place, float] = {}
    for order in orders:
        one = _Order.of(order, counts)
        parts |= {(index, order.order_id): much for index, much in one.taken(grid) if much}
        beyond |= {(index, order.order_id): much for index, much in one.beyond(grid)}
    return Excess(parts, beyond)


def _in_excess(
    tx: Connection, unit: str, recorded: Recorded, from_us: int, away: Sequence[Span]
) -> Sequence[Scrapped]:
    """Those orders of which inspections may have scrapped more than the machine counted, at a moment or at an
    inspection after it: mostly none, and then nothing else is to be read."""
    orders, near = recorded.inspected.orders, recorded.near
    if not orders or away:
        return orders
    counts, found = _Counts.of(recorded.counted, away), []
    for order in orders:
        one = _Order.of(order, counts)
        before = sum(
            kpi_counts.scrapped(tx, unit, span.from_us, min(span.to_us, near.from_us))
            for span in one.scrap_in
            if span.from_us < near.from_us
        )
        if any(one.excess(at) > before for at in (from_us, *(at for at in one.at if at > from_us))):
            found.append(order)
    return found


def _ends(spans: Iterable[Iterable[Span]]) -> set[int]:
    return {at for some in spans for span in some for at in (span.from_us, span.to_us)}


def _good_in(order: Scrapped) -> list[Span]:
    """Where buckets begin whose good parts are the order's: most of the bucket lies in an operation."""
    return merged(Span(s.from_us - _HALF_US, s.to_us - _HALF_US) for s in order.worked)


def _scrap_in(order: Scrapped) -> list[Span]:
    """Where buckets begin whose scrap may be the order's: all that an operation touches."""
    return merged(Span(s.from_us - BUCKET_US + 1, s.to_us + 1) for s in order.worked)


def _counted(
    tx: Connection, unit: str, orders: Sequence[Scrapped], cells: "_Cells", away: Sequence[Span]
) -> Counted:
    """Sums of all buckets of orders up to their last inspection or the last of the cells, apart wherever they
    are asked for."""
    at = _ends([_good_in(order) for order in orders]) | _ends([_scrap_in(order) for order in orders])
    first = min(at)
    at |= {moment + wait for order in orders for moment, _ in order.found for wait in (0, BUCKET_US)}
    at |= {*cells.starts, *cells.ends, *_ends([away])}
    last = max(cells.ends[-1], *(order.found[-1][0] + BUCKET_US for order in orders))
    return kpi_counts.between(tx, unit, sorted(edge for edge in at if first <= edge <= last))


@dataclass(frozen=True, slots=True)
class _Counts:
    """Stretches of buckets in order of time, and what was counted before each (one more than stretches)."""

    at: list[int]
    good: list[float]
    scrap: list[float]

    @classmethod
    def of(cls, counted: Counted, away: Sequence[Span]) -> "_Counts":
        here = ~within(counted.bucket_us, away)
        good, scrap = (
            accumulate((parts * here).tolist(), initial=0.0) for parts in (counted.good, counted.scrap)
        )
        return cls(counted.bucket_us.tolist(), list(good), list(scrap))

    def until(self, sums: Sequence[float], spans: Sequence[Span], at_us: int) -> float:
        """What lies in spans and begins before a moment."""
        return sum(
            sums[bisect_left(self.at, min(span.to_us, at_us))] - sums[bisect_left(self.at, span.from_us)]
            for span in spans
            if span.from_us < at_us
        )


@dataclass(frozen=True, slots=True)
class _Order:
    """An order on the machine: its inspections that scrapped parts by time, and what they had scrapped in all
    after each."""

    counts: _Counts
    worked: list[Span]
    good_in: list[Span]
    scrap_in: list[Span]
    at: list[int]
    scrapped: list[float]

    @classmethod
    def of(cls, order: Scrapped, counts: _Counts) -> "_Order":
        at, scrapped = [at for at, _ in order.found], list(accumulate(parts for _, parts in order.found))
        return cls(counts, order.worked, _good_in(order), _scrap_in(order), at, scrapped)

    def good(self, at_us: int) -> float:
        """Good parts that the machine counted up to a moment."""
        return self.counts.until(self.counts.good, self.good_in, at_us)

    def excess(self, at_us: int) -> float:
        """Parts that inspections scrapped beyond the machine's count up to a moment."""
        known = bisect_right(self.at, at_us)
        if not known:
            return 0.0
        seen = max(at_us, self.at[known - 1] + BUCKET_US)
        return max(0.0, self.scrapped[known - 1] - self.counts.until(self.counts.scrap, self.scrap_in, seen))

    def taken(self, cells: "_Cells") -> Iterator[tuple[int, float]]:
        """(position of a cell, parts to take from its good ones)."""
        least = [max(0.0, self.good(at) - self.excess(at)) for at in self.at]
        for index in range(len(least) - 2, -1, -1):
            least[index] = min(least[index], least[index + 1])

        def gone(at_us: int) -> float:
            made = self.good(at_us)
            later = bisect_left(self.at, at_us)
            return made - min([max(0.0, made - self.excess(at_us)), *least[later : later + 1]])

        for index in cells.touched(self.scrap_in):
            yield index, gone(cells.ends[index]) - gone(cells.starts[index])

    def beyond(self, cells: "_Cells") -> Iterator[tuple[int, float]]:
        """(position of a cell, parts beyond all that was made) at the last inspection that speaks of it."""
        for at in self.at:
            index = cells.at(spoken_of(at, self.worked) - 1)
            if index is not None:
                yield index, max(0.0, self.excess(at) - self.good(at))


@dataclass(frozen=True, slots=True)
class _Cells:
    """Where cells begin and end, in order of time."""

    starts: list[int]
    ends: list[int]

    def touched(self, spans: Sequence[Span]) -> list[int]:
        """The cells that share time with spans."""
        found: set[int] = set()
        for span in spans:
            found.update(range(bisect_right(self.ends, span.from_us), bisect_left(self.starts, span.to_us)))
        return sorted(found)

    def at(self, at_us: int) -> int | None:
        """The cell that holds a moment."""
        index = bisect_right(self.starts, at_us) - 1
        return index if index >= 0 and at_us < self.ends[index] else None
