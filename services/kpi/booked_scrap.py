"""Scrap that the MES booked with the work on orders, beside what machines and inspections counted of it.

What was counted is what the figures have: the machine's own count, and what only inspections scrapped. Where
a machine counts no scrap it is what inspections scrapped; where nobody inspected there is nothing beside it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from data.store import booked_scrap as store
from data.store.booked_scrap import Cells, Flagged, Place, Work
from data.store.kpi_counts import BUCKET_US
from domain.booked_scrap import Booked, Counted, agrees, doubt, same_parts
from domain.equipment import line_of
from services.kpi import part_costs, reading
from services.kpi.lines import Line
from services.rows.booked_scrap import BookedScrap, ScrapOfProduct, ScrapRow
from services.rows.kpi import Ask

MOST = 600  # operations that are compared, the newest
LISTED = 100  # of those that differ, the worst
_NOTHING, _SOUND = Cells(), Flagged([], [])


class _Pair(NamedTuple):
    """Work with what was counted of it; `good` is None where no part was."""

    work: Work
    scrap: float
    good: float | None
    by_counter: bool
    cells: Cells

    @property
    def more(self) -> float:
        """Booked less counted scrap."""
        return self.work.scrap - self.scrap


Costs = Mapping[tuple[str, str], float]  # (machine, product) -> cents


def read(tx: Connection, ask: Ask, now_us: int) -> BookedScrap:
    """Of the work that ended in the stretch, whatever its shift. What was worked on an order on a machine is
    compared whole, once all of it has ended and the figures have it."""
    lines = reading.lines_of(tx, ask.scope)
    every = [unit.equipment_id for line in lines for unit in line.units]
    units = [ask.scope] if ask.scope in every else every
    span = ask.from_us, min(ask.to_us, now_us)
    places, since_us = store.ended(tx, units, span, ask.product, MOST)
    over = [work for work in store.booked(tx, units, places) if work.over]
    sound, reach = [work for work in over if not work.negative], store.reach(tx, units)
    whole = [work for work in sound if _measured(work, reach)]
    pairs = _pairs(tx, units, whole)
    differing = sorted((pair for pair in pairs if not agrees(pair.more)), key=_worst)
    costs = part_costs.cents_each(tx, lines, {(p.work.unit, p.work.product_id) for p in differing}, now_us)
    names = store.products(tx, {pair.work.product_id for pair in differing})
    return BookedScrap(
        _rows(tx, differing[:LISTED], lines, names, costs),
        _products(pairs, names, costs),
        len(pairs),
        len(differing),
        len(whole) - len(pairs),
        len(sound) - len(whole),
        tuple(sorted({work.order_id for work in over if work.negative})),
        since_us,
    )


def _measured(work: Work, reach: Mapping[str, tuple[int, int]]) -> bool:
    from_us, upto_us = reach.get(work.unit, (0, 0))
    return from_us <= work.start_us and work.end_us <= upto_us


def _worst(pair: _Pair) -> tuple[float, str, str]:
    return -abs(pair.more), pair.work.order_id, pair.work.unit


def _pairs(tx: Connection, units: Sequence[str], works: Sequence[Work]) -> list[_Pair]:
    """Those that were counted, or inspected where the machine counts no scrap."""
    places = {work.place for work in works}
    cells, counters = store.counted(tx, units, places), store.counts_scrap(tx, units)
    blind = [unit for unit in units if not counters.get(unit, False)]
    inspected = store.inspected(tx, blind, places)
    found = []
    for work in works:
        its = cells.get(work.place, _NOTHING)
        some = its.good + its.scrap > 0
        if counters.get(work.unit, some):
            found.append(_Pair(work, its.scrap, its.good, True, its))
        elif (scrap := inspected.get(work.place)) is not None:
            found.append(_Pair(work, scrap, its.good if some else None, False, its))
    return found


def _rows(
    tx: Connection, pairs: Sequence[_Pair], lines: Sequence[Line], products: Mapping[str, str], costs: Costs
) -> tuple[ScrapRow, ...]:
    counting = {pair.work.place for pair in pairs if pair.by_counter}
    edges, flags = store.edges(tx, counting), store.flags(tx, counting)
    names = {node.equipment_id: node.name for line in lines for node in (line.node, *line.units)}
    return tuple(_row(pair, _counted(pair, edges, flags), names, products, costs) for pair in pairs)


def _counted(
    pair: _Pair, edges: Mapping[Place, tuple[float, float]], flags: Mapping[str, Flagged]
) -> Counted:
    """With what the machine's counter may have missed."""
    if not pair.by_counter:
        return Counted(pair.scrap, pair.good)
    work, cells = pair.work, pair.cells
    scrap, parts = edges.get(work.place, (0.0, 0.0))
    its = flags.get(work.unit, _SOUND)
    fell = sum(work.start_us - BUCKET_US < at <= work.end_us for at in its.fell)
    shared = sum(work.start_us <= at < work.end_us for at in its.shared)
    return Counted(pair.scrap, pair.good, scrap, parts, fell, shared, cells.silent_us, cells.running_us)


def _row(
    pair: _Pair, counted: Counted, names: Mapping[str, str], products: Mapping[str, str], costs: Costs
) -> ScrapRow:
    work, booked = pair.work, Booked(pair.work.scrap, pair.work.good)
    return ScrapRow(
        work.order_id, products.get(work.product_id, work.product_id), names[work.unit],
        names[line_of(work.unit)], work.end_us, booked, counted, pair.by_counter, pair.more,
        doubt(pair.more, counted), same_parts(booked, counted), _cents([pair], costs),
    )  # fmt: skip


def _cents(pairs: Sequence[_Pair], costs: Costs) -> int | None:
    """What the differences come to; None where a part of one has no known cost."""
    each = [costs.get((pair.work.unit, pair.work.product_id)) for pair in pairs]
    known = [pair.more * cents for pair, cents in zip(pairs, each, strict=True) if cents is not None]
    return round(sum(known)) if len(known) == len(pairs) else None


def _products(pairs: Sequence[_Pair], names: Mapping[str, str], costs: Costs) -> tuple[ScrapOfProduct, ...]:
    """Those with a difference, the largest first."""
    found: dict[str, list[_Pair]] = defaultdict(list)
    for pair in pairs:
        found[pair.work.product_id].append(pair)
    totals = (_product(names.get(product, product), its, costs) for product, its in found.items())
    some = (one for one in totals if one.differing)
    return tuple(sorted(some, key=lambda one: (-abs(one.difference), one.product)))


def _product(name: str, pairs: Sequence[_Pair], costs: Costs) -> ScrapOfProduct:
    differing = [pair for pair in pairs if not agrees(pair.more)]
    booked, counted = sum(pair.work.scrap for pair in pairs), sum(pair.scrap for pair in pairs)
    return ScrapOfProduct(name, len(pairs), len(differing), booked, counted, _cents(differing, costs))
