"""Orders, operations, quality results and shifts of one line."""

from collections.abc import Sequence
from typing import Any

from domain.clock import DAY, HOUR, SECOND
from simulator.mes import schema
from simulator.mes.book import Book
from simulator.mes.lots import Lots
from simulator.mes.plan import Planner, shift_row
from simulator.mes.settings import Settings
from simulator.records.chance import between, drawn

AHEAD = 3
REWORK = 0.3
FLAWS = 0.02  # small defects a part, beside the one that makes a part bad
RUNNING = "Running"


class Production:
    """The order that runs, those that wait, and what was made. The constraint counts for the order."""

    def __init__(self, book: Book, planner: Planner) -> None:
        self._book, self._planner = book, planner
        self._lots = Lots(book, planner)
        self._settings = Settings(book)
        self._memory = book.memory
        self._pace = planner.constraint.position

    def product(self, at_us: int, opened: bool) -> int:
        """Index of the product of the running order, or -1. Begins the next order when it is time."""
        memory = self._memory
        if memory.shifts_until_us - at_us < 2 * DAY:
            self._plan_shifts(at_us)
        if not self._running() and opened and at_us >= max(memory.ready_us, memory.tick_us):
            self._begin(at_us)
        return self._planner.product(memory.number) if self._running() else -1

    def used(self) -> set[str]:
        """The commands whose set points an order was set by since the last call."""
        return self._settings.used()

    def _running(self) -> bool:
        orders = self._memory.orders
        return bool(orders) and orders[0]["status"] == RUNNING

    def spoils(self) -> list[float]:
        """The share of good parts that each unit spoils as it is set now, in order of the line's units."""
        return self._memory.spoils or [0.0] * len(self._book.machines)

    def _plan_shifts(self, at_us: int) -> None:
        memory = self._memory
        for shift in self._planner.shifts_from(at_us - DAY, 5):
            if shift.end_us > memory.shifts_until_us:
                self._book.put(schema.shifts, shift_row(self._book.line, shift))
                memory.shifts_until_us = shift.end_us

    def _begin(self, at_us: int) -> None:
        memory = self._memory
        if memory.orders:
            memory.orders.pop(0)
            memory.number += 1
        while len(memory.orders) <= AHEAD:
            after = memory.orders[-1]["planned_end"] if memory.orders else at_us
            row = self._planner.order(memory.number + len(memory.orders), max(after, at_us), at_us)
            memory.orders.append(row)
            self._book.put(schema.work_orders, row)
        order = memory.orders[0]
        order |= {"actual_start": at_us, "status": RUNNING}
        self._book.put(schema.work_orders, order)
        self._lots.begin(memory.number, order, at_us)
        product = self._planner.product
        same = memory.number > 0 and product(memory.number - 1) == product(memory.number)
        for place in range(len(self._book.machines)):
            self._begin_operation(place, order, at_us, at_us if same else None)
        memory.spoils = self._settings.begin(order["order_no"], product(memory.number), memory.operations)

    def _begin_operation(self, place: int, order: dict[str, Any], at_us: int, ready: int | None) -> None:
        operation = {
            "operation_no": f"{order['order_no']}-{(place + 1) * 10:03d}",
            "order_no": order["order_no"],
            "machine_id": self._book.machines[place],
            "product_no": order["product_no"],
            "started_at": at_us,
            "setup_ended_at": ready,
            "ended_at": None,
            "good": 0.0,
            "scrap": 0.0,
        }
        self._memory.operations[place] = operation
        self._book.put(schema.operations, operation)

    def set_up(self, place: int, at_us: int) -> None:
        """The unit runs: its setup, if there was one, is over."""
        operation = self._memory.operations[place]
        if operation is not None and operation["setup_ended_at"] is None:
            operation["setup_ended_at"] = at_us
            self._book.put(schema.operations, operation)

    def count(self, from_us: int, to_us: int, good: Sequence[float], scrap: Sequence[float]) -> None:
        """Take the parts of a tick, in order of the line's units."""
        memory = self._memory
        for place, made in enumerate(memory.made):
            if good[place] or scrap[place]:
                made[0] += good[place]
                made[1] += scrap[place]
                operation = memory.operations[place]
                if operation is not None:
                    operation["good"] += good[place]
                    operation["scrap"] += scrap[place]
        if self._running():
            order = memory.orders[0]
            order["good"] += good[self._pace]
            order["scrap"] += scrap[self._pace]
            if order["good"] >= order["quantity"]:
                self._end(order, to_us)
        if to_us // HOUR != from_us // HOUR:
            self._hour(to_us // HOUR * HOUR)
        memory.tick_us = to_us

    def _end(self, order: dict[str, Any], at_us: int) -> None:
        self._hour(at_us)
        order |= {"actual_end": at_us, "status": "Completed"}
        self._book.put(schema.work_orders, order)
        self._lots.end(order, at_us)
        memory = self._memory
        for place, operation in enumerate(memory.operations):
            if operation is not None:
                operation["ended_at"] = at_us
                self._book.put(schema.operations, operation)
                memory.operations[place] = None
        memory.ready_us = at_us + self._planner.gap_us(memory.number + 1)

    def _hour(self, at_us: int) -> None:
        """Write what was made since the last hour, or since the order began."""
        memory = self._memory
        for place, (good, scrap) in enumerate(memory.made):
            if good or scrap:
                self._quality(place, at_us, good, scrap)
                memory.made[place] = [0.0, 0.0]
        if self._running():
            self._book.put(schema.work_orders, memory.orders[0])

    def _quality(self, place: int, at_us: int, good: float, scrap: float) -> None:
        machine, operation = self._book.machines[place], self._memory.operations[place]
        rework = float(int(scrap * between(0, REWORK, "rework", machine, at_us)))
        row = {
            "result_no": f"Q-{machine}-{at_us // SECOND}",
            "machine_id": machine,
            "order_no": operation["order_no"] if operation else None,
            "checked_at": at_us,
            "good": good,
            "scrap": scrap - rework,
            "rework": rework,
            "defects": scrap + drawn(FLAWS * (good + scrap), "defects", machine, at_us),
        }
        self._book.put(schema.quality_results, row)
        if operation is not None:
            self._book.put(schema.operations, operation)
