"""Inspections of one machine: the moment that each speaks of, and the orders of which they scrapped parts.

What is inspected after the work on an order has ended speaks of that work: of the end of the order's last
operation on the machine that began before it. While the order runs it is the time of the inspection.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from data.store.statements import Row, Statement
from domain.clock import FOR_EVER_US
from domain.time_model import Span

# By order first: else SQLite walks through all that the machine ever had.
_OF_ORDERS = {
    "sqlite": "FROM json_each(:orders) j CROSS JOIN {table} q WHERE q.order_id = j.value AND",
    "postgresql": "FROM {table} q WHERE q.order_id = ANY(:orders) AND",
}
_FIELDS = (
    "SELECT q.at_us, COALESCE(q.order_id, ''), q.good, q.scrap, q.rework, q.result_id, q.reinspection IS TRUE"
)
_CHECKS = {
    dialect: Statement(
        f"{_FIELDS} FROM quality_results q WHERE q.equipment_id = :unit AND q.at_us > :from_us"
        f" AND q.at_us <= :to_us UNION ALL {_FIELDS} {of_orders.format(table='quality_results')}"
        " q.equipment_id = :unit AND (q.at_us <= :from_us OR q.at_us > :to_us)"
    )
    for dialect, of_orders in _OF_ORDERS.items()
}
_WORKED = {
    dialect: Statement(
        f"SELECT q.order_id, q.product_id, q.start_us, q.end_us {of_orders.format(table='operations')}"
        " q.equipment_id = :unit ORDER BY q.start_us DESC, q.operation_id DESC"
    )
    for dialect, of_orders in _OF_ORDERS.items()
}


@dataclass(frozen=True, slots=True)
class Scrapped:
    """An order of which inspections scrapped parts, on one machine: its operations as they are booked, and
    (moment, parts) of these inspections in order of time."""

    order_id: str
    worked: list[Span]
    found: list[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class Inspected:
    """The inspections that speak of a stretch: (moment, order, good, scrap, rework, id, of parts inspected
    before). Those `refused` (at, id) have a negative quantity. `products` are what the machine made of each
    order, however long ago (of several what it made first). `orders` are those that it worked on in the
    stretch and of which inspections of any time scrapped parts."""

    checks: Sequence[Row] = ()
    refused: Sequence[tuple[int, str]] = ()
    products: Mapping[str, str] = field(default_factory=dict)
    orders: Sequence[Scrapped] = ()


def read(tx: Connection, unit: str, from_us: int, to_us: int, worked_on: Iterable[str]) -> Inspected:
    """The inspections of (from, to] and those of orders that the machine `worked_on` in it."""
    wanted = set(worked_on) - {""}
    stretch = {"unit": unit, "from_us": from_us, "to_us": to_us, "orders": _listed(tx, wanted)}
    rows = _CHECKS[tx.dialect.name].rows(tx, stretch)
    if not rows:
        return Inspected()
    products, worked = _operations(tx, unit, {row[1] for row in rows})
    sound = [row for row in rows if min(row[2:5]) >= 0]
    scrapped: dict[str, list[tuple[int, float]]] = {}
    for at, order, _, scrap, *_ in sound:
        if scrap and order in wanted:
            scrapped.setdefault(order, []).append((at, scrap))
    told = ((spoken_of(row[0], worked.get(row[1], ())), row) for row in sound)
    return Inspected(
        [(at, *row[1:]) for at, row in told if from_us < at <= to_us],
        [(row[0], row[5]) for row in rows if min(row[2:5]) < 0 and from_us < row[0] <= to_us],
        products,
        [Scrapped(order, worked[order], sorted(scrapped[order])) for order in sorted(scrapped)],
    )


def spoken_of(at_us: int, worked: Sequence[Span]) -> int:
    """The moment that an inspection of an order speaks of; `worked` are its operations on the machine."""
    before = [span for span in worked if span.from_us < at_us]
    return min(at_us, max(before, key=lambda span: span.from_us).to_us) if before else at_us


def worked_on(tx: Connection, unit: str, orders: Iterable[str]) -> dict[str, list[Span]]:
    """The operations of orders on a machine; one that has not ended goes on for ever."""
    return _operations(tx, unit, set(orders))[1]


def worked_of(tx: Connection, rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], list[Span]]:
    """The same of the orders that some rows name (equipment_id, order_id), by machine and order."""
    return {
        (unit, order): spans
        for unit, orders in orders_of(rows).items()
        for order, spans in worked_on(tx, unit, orders).items()
    }


def orders_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, set[str]]:
    """The orders that rows name, by machine; "" for none."""
    units: dict[str, set[str]] = {}
    for row in rows:
        units.setdefault(row["equipment_id"], set()).add(row.get("order_id") or "")
    return units


def _operations(
    tx: Connection, unit: str, orders: Iterable[str]
) -> tuple[dict[str, str], dict[str, list[Span]]]:
    wanted = set(orders) - {""}
    values = {"unit": unit, "orders": _listed(tx, wanted)}
    products: dict[str, str] = {}
    worked: dict[str, list[Span]] = {}
    for order, product, start_us, end_us in _WORKED[tx.dialect.name].rows(tx, values) if wanted else ():
        end = FOR_EVER_US if end_us is None else max(end_us, start_us)
        products[order] = product
        worked.setdefault(order, []).append(Span(start_us, end))
    return products, worked


def _listed(tx: Connection, orders: Iterable[str]) -> list[str] | str:
    """Orders as the database takes a list."""
    return json.dumps(sorted(orders)) if tx.dialect.name == "sqlite" else sorted(orders)
