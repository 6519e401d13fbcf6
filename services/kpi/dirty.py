"""Marks stretches whose figures must follow, in the transaction that changed a fact."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from data.store import inspected
from data.store import tables as t
from data.store.statements import Among, Statement
from domain.clock import FOR_EVER_US, HOUR
from domain.setups import LONGEST_US
from domain.time_model import Span
from services.kpi.taken import taken_since

Mark = tuple[str, int, int]  # equipment id (a unit, or a line for all its units), from, to
_INSPECTED = Among(
    "SELECT order_id, at_us FROM quality_results WHERE equipment_id = :unit AND order_id {among}"
)
_MARK = Statement("INSERT INTO kpi_dirty (equipment_id, from_us, to_us) VALUES (:unit, :low, :high)")


def mark(tx: Connection, marks: Iterable[Mark]) -> None:
    """Note stretches, one row each; what is marked twice is recomputed once."""
    widest: dict[str, tuple[int, int]] = {}
    for unit, from_us, to_us in marks:
        low, high = widest.get(unit, (from_us, to_us))
        widest[unit] = (min(low, from_us), max(high, to_us))
    if widest:
        _MARK.run_many(tx, [{"unit": u, "low": low, "high": high} for u, (low, high) in widest.items()])


def of_mes(tx: Connection, entity: str, rows: Sequence[Mapping[str, Any]]) -> list[Mark]:
    """What rows read from a MES may change: call it with the rows before and after they are stored."""
    if entity == "shifts":
        return [(r["line_id"], r["start_us"] - 26 * HOUR, r["end_us"] + 26 * HOUR) for r in rows]
    if entity == "product_rates":
        return _rated(tx, rows)
    reach = {"operations": 2 * LONGEST_US, "downtimes": 0, "maintenance": 0}.get(entity)
    if reach is not None:
        begun = [r for r in rows if r.get("start_us") is not None]
        marks = [(r["equipment_id"], r["start_us"] - reach, _end(r, reach)) for r in begun]
        return [*marks, *(_inspected(tx, begun) if entity == "operations" else ())]
    return _spoken(tx, rows) if entity == "quality_results" else []


def _end(row: Mapping[str, Any], reach: int) -> int:
    end = row.get("end_us")
    return FOR_EVER_US if end is None else max(end, row["start_us"]) + max(reach, 1)


def _spoken(tx: Connection, results: Sequence[Mapping[str, Any]]) -> list[Mark]:
    """The moments that inspections speak of; and the work on the orders of which they scrapped parts: all of
    it where one says something else than before, for a new one as far as its parts may be taken there."""
    worked = inspected.worked_of(tx, results)
    times = Counter(_key(row) for row in results)
    parts = Counter[tuple[str, str]]()
    for row in results:
        parts[row["equipment_id"], row.get("order_id") or ""] += max(0, row["scrap"])
    found: list[Mark] = []
    for row in results:
        unit, at, order = row["equipment_id"], row["at_us"], row.get("order_id") or ""
        mine = worked.get((unit, order), [])
        spoken = inspected.spoken_of(at, mine)
        found.append((unit, spoken - 1, spoken))
        if mine and row["scrap"] > 0:
            first = min(span.from_us for span in mine)
            if times[_key(row)] == 1:
                first = taken_since(tx, unit, order, mine, at, parts[unit, order])
            found.append((unit, first, max(span.to_us for span in mine)))
    return found


def _key(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["instance"], row["result_id"]


def _inspected(tx: Connection, operations: Sequence[Mapping[str, Any]]) -> list[Mark]:
    """The inspections of their orders, which may lie days behind them, and all work on those: an operation
    names their product, says of what moment they speak, and whose parts the machine counted."""
    worked, found = inspected.worked_of(tx, operations), list[Mark]()
    for unit, orders in inspected.orders_of(operations).items():
        for order, at in _INSPECTED.rows(tx, sorted(orders), {"unit": unit}):
            found.append((unit, at - 1, at))
            found += [(unit, span.from_us, span.to_us) for span in worked.pop((unit, order), [])]
    return found


def _rated(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> list[Mark]:
    """A planned cycle changes the operations of its product from the moment on from which it holds."""
    o = t.operations.c
    found: list[Mark] = []
    for row in rows:
        first = select(o.start_us).where(
            o.equipment_id == row["equipment_id"],
            o.product_id == row["product_id"],
            o.start_us >= row["valid_from_us"],
        )
        at = tx.execute(first.order_by(o.start_us).limit(1)).scalar()
        if at is not None:
            found.append((row["equipment_id"], at - LONGEST_US, FOR_EVER_US))
    return found


def spans_of(marks: Iterable[Mark], now_us: int) -> list[Span]:
    """The stretches of marks up to now."""
    return [Span(low, min(high, now_us)) for _, low, high in marks if low < now_us]
