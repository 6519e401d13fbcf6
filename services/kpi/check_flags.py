"""What inspections scrapped beyond the machine's own count: what it changed, and what it could not."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from data.store.inspected import Inspected
from domain.measures import NAMES
from services.kpi.count_flags import Flag
from services.kpi.grid import Cell
from services.kpi.inspecting import Place
from services.kpi.measuring import Sums

_SCRAP = NAMES.index("scrap")
_SAID_FROM = 0.5  # less than a part is no part


def of_inspections(cells: Sequence[Cell], inspected: Inspected, sums: Sums) -> Iterator[Flag]:
    """A remark for each order and cell."""
    for index, order in sorted({*sums.excess.parts, *sums.excess.beyond}):
        taken = sums.taken.get((index, order), 0.0)
        left = (
            sums.excess.parts.get((index, order), 0.0) - taken + sums.excess.beyond.get((index, order), 0.0)
        )
        words = []
        if taken >= _SAID_FROM:
            words.append(
                f"Inspections scrapped {taken:,.0f} parts of order {order} that the machine counted as good:"
                " they count as scrap here, in quality and OEE too."
            )
        elif taken <= -_SAID_FROM:
            words.append(
                f"The machine counted {-taken:,.0f} parts of order {order} as scrap that inspections had"
                " scrapped before: they count once."
            )
        if left >= _SAID_FROM:
            words.append(
                f"Inspections scrapped {left:,.0f} parts of order {order} more than the machine had made:"
                " these change nothing."
            )
        if words:
            at = cells[index].from_us
            yield Flag(at, "scrap_of_inspection", order, at, " ".join(words))
    yield from _of_no_operation(cells, inspected, sums)


def _of_no_operation(cells: Sequence[Cell], inspected: Inspected, sums: Sums) -> Iterator[Flag]:
    """Scrap of which nobody knows the parts."""
    found, counted = Counter[Place](), Counter[Place]()
    starts = np.array([cell.from_us for cell in cells], np.int64)
    for at, order, _, scrap, *_ in inspected.checks:
        index = int(np.searchsorted(starts, at - 1, side="right")) - 1
        if order not in inspected.products and index >= 0 and cells[index].covers(at - 1):
            found[index, order] += scrap
    for (index, order, _), values in zip(sums.keys, sums.values, strict=True) if found else ():
        counted[index, order] += values[_SCRAP]
    for (index, order), scrap in found.items():
        if scrap >= counted[index, order] + 1:
            of = f"of order {order}, of which it has no operation" if order else "without an order"
            words = (
                f"Inspections scrapped {scrap:,.0f} parts {of}; the machine counted"
                f" {counted[index, order]:,.0f}. Nobody knows which parts they are: they are in first pass"
                " yield, not in quality and OEE."
            )
            at = cells[index].from_us
            yield Flag(at, "scrap_of_inspection", order, at, words)
