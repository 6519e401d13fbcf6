"""What a MES booked with the work on orders, and what was counted of the same work, in SQL.

A place is (order, machine): all operations of the order on the machine.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from data.store.kpi_counts import BUCKET_US
from data.store.statements import Among
from domain.clock import DAY

Place = tuple[str, str]
_ENDED = Among(
    "SELECT order_id, equipment_id, end_us FROM operations WHERE equipment_id {among} AND scrap IS NOT NULL"
    " AND end_us >= :from_us AND end_us < :to_us AND (:product = '' OR product_id = :product)"
    " ORDER BY end_us DESC, order_id, equipment_id LIMIT :most"
)
_OF_PLACES = "WHERE order_id {among:orders} AND equipment_id {among}"
_BOOKED = Among(
    "SELECT order_id, equipment_id, MIN(product_id), SUM(scrap),"  # noqa: S608
    " CASE WHEN COUNT(good) = COUNT(*) THEN SUM(good) END, MIN(start_us), MAX(end_us),"
    " COUNT(scrap) = COUNT(*) AND COUNT(end_us) = COUNT(*), MIN(scrap) < 0 OR MIN(COALESCE(good, 0)) < 0"
    f" FROM operations {_OF_PLACES} GROUP BY order_id, equipment_id"
)
_COUNTED = Among(
    "SELECT order_id, equipment_id, SUM(scrap), SUM(good), CAST(SUM(no_data_us) AS BIGINT),"  # noqa: S608
    f" CAST(SUM(production_us) AS BIGINT) FROM kpi_cells {_OF_PLACES} GROUP BY order_id, equipment_id"
)
_INSPECTED = Among(
    "SELECT order_id, equipment_id, SUM(scrap) FROM quality_results"  # noqa: S608
    f" {_OF_PLACES} AND good >= 0 AND scrap >= 0 AND rework >= 0 GROUP BY order_id, equipment_id"
)
_TOUCHED = (
    f"SELECT order_id, equipment_id, {{at}} / {BUCKET_US} * {BUCKET_US} AS bucket_us FROM operations"  # noqa: S608
    f" {_OF_PLACES} AND order_id || ' ' || equipment_id {{among:places}}"
)
_EDGES = Among(
    "SELECT o.order_id, o.equipment_id, c.scrap, c.good"  # noqa: S608
    f" FROM ({_TOUCHED.replace('{at}', 'start_us')} UNION {_TOUCHED.replace('{at}', 'end_us')}) o"
    " JOIN counts c ON c.equipment_id = o.equipment_id AND c.bucket_us = o.bucket_us"
)
_FLAGS = Among(
    "SELECT DISTINCT f.equipment_id, f.code, f.at_us FROM operations o JOIN kpi_flags f"  # noqa: S608
    f" ON f.equipment_id = o.equipment_id AND f.from_us > o.start_us - {2 * DAY} AND f.from_us <= o.end_us"
    " AND f.code IN ('counter_reset', 'counter_fell', 'negative_counter', 'overlapping_orders')"
    " WHERE o.order_id {among:orders} AND o.equipment_id {among}"
    " AND o.order_id || ' ' || o.equipment_id {among:places}"
)
_TELLS = Among(
    "SELECT equipment_id, MAX(CASE WHEN name = 'scrap_count' THEN 1 ELSE 0 END) FROM metrics"
    " WHERE equipment_id {among} GROUP BY equipment_id"
)
_REACH = Among("SELECT equipment_id, from_us, upto_us FROM kpi_progress WHERE equipment_id {among}")
_NAMES = Among("SELECT product_id, name FROM products WHERE product_id {among}")


class Work(NamedTuple):
    """What is booked of a place; `good` is None where it is not booked with each operation. `over`: all have
    ended and are booked with their scrap; `negative`: one with less than none."""

    order_id: str
    unit: str
    product_id: str
    scrap: float
    good: float | None
    start_us: int
    end_us: int
    over: bool
    negative: bool

    @property
    def place(self) -> Place:
        """Its order and machine."""
        return self[:2]


class Cells(NamedTuple):
    """What the figures have of a place: parts, time without data and at work."""

    scrap: float = 0.0
    good: float = 0.0
    silent_us: int = 0
    running_us: int = 0


class Flagged(NamedTuple):
    """Of a machine: the buckets in which its counter fell, and when two orders began to be booked at once."""

    fell: list[int]
    shared: list[int]


def ended(
    tx: Connection, units: Sequence[str], span: tuple[int, int], product: str, most: int
) -> tuple[set[Place], int | None]:
    """The places of operations that ended in [from, to) and were booked with their scrap, of the newest
    `most`; and where there are more, the end of the oldest of them."""
    values = {"from_us": span[0], "to_us": span[1], "product": product, "most": most + 1}
    rows = _ENDED.rows(tx, units, values)
    kept = rows[:most]
    return {(order, unit) for order, unit, _ in kept}, kept[-1][2] if len(rows) > most else None


def booked(tx: Connection, units: Sequence[str], places: Collection[Place]) -> list[Work]:
    """All that is booked of these places."""
    return [Work(*row) for row in _BOOKED.rows(tx, units, _orders(places)) if row[:2] in places]


def counted(tx: Connection, units: Sequence[str], places: Collection[Place]) -> dict[Place, Cells]:
    """What the figures have, with scrap that only inspections found."""
    return {row[:2]: Cells(*row[2:]) for row in _COUNTED.rows(tx, units, _orders(places))}


def inspected(tx: Connection, units: Sequence[str], places: Collection[Place]) -> dict[Place, float]:
    """What inspections scrapped; without the places that nobody inspected."""
    return {row[:2]: row[2] for row in _INSPECTED.rows(tx, units, _orders(places))} if units else {}


def edges(tx: Connection, places: Collection[Place]) -> dict[Place, tuple[float, float]]:
    """(scrap, all parts) that machines counted in the buckets in which work begins or ends."""
    found: dict[Place, tuple[float, float]] = {}
    for order, unit, scrap, good in _EDGES.rows(tx, _machines(places), _named(places)):
        before = found.get((order, unit), (0.0, 0.0))
        found[order, unit] = before[0] + scrap, before[1] + scrap + good
    return found


def flags(tx: Connection, places: Collection[Place]) -> dict[str, Flagged]:
    """By machine what is remarked of its counter, in the shifts and days around this work."""
    found: dict[str, Flagged] = defaultdict(lambda: Flagged([], []))
    for unit, code, at in _FLAGS.rows(tx, _machines(places), _named(places)):
        its = found[unit]
        (its.shared if code == "overlapping_orders" else its.fell).append(at)
    return found


def counts_scrap(tx: Connection, units: Sequence[str]) -> dict[str, bool]:
    """Of machines that tell signals: whether one is a counter of scrap."""
    return {unit: bool(found) for unit, found in _TELLS.rows(tx, units, {})}


def reach(tx: Connection, units: Sequence[str]) -> dict[str, tuple[int, int]]:
    """From when to when the figures of machines go."""
    return {unit: (from_us, upto_us) for unit, from_us, upto_us in _REACH.rows(tx, units, {})}


def products(tx: Connection, product_ids: Collection[str]) -> dict[str, str]:
    """Their names, where the MES has them."""
    return dict(_NAMES.rows(tx, sorted(product_ids), {}))


def _orders(places: Collection[Place]) -> dict[str, list[str]]:
    return {"orders": sorted({order for order, _ in places})}


def _machines(places: Collection[Place]) -> list[str]:
    return sorted({unit for _, unit in places})


def _named(places: Collection[Place]) -> dict[str, list[str]]:
    return {**_orders(places), "places": sorted(" ".join(place) for place in places)}
