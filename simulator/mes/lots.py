"""Material of one line: a lot of blanks serves several orders, each order makes a lot of its product."""

from typing import Any

from simulator.layout import Layout, Line, parts
from simulator.mes import schema
from simulator.mes.book import Book
from simulator.mes.plan import Planner

ORDERS_A_LOT = 4
EARLIER_US = 36 * 3_600 * 1_000_000  # a lot of blanks has lain in the store for so long


class Lots:
    """Writes lots and movements. It needs no memory: what a lot is called follows from the order's number."""

    def __init__(self, book: Book, planner: Planner) -> None:
        self._book, self._planner = book, planner

    def master_data(self, layout: Layout, line: Line) -> None:
        """The line's materials, and the trades that work on it."""
        for index in line.products:
            product = layout.products[index]
            for number, name in (
                (product.product_id, product.name),
                (blank_of(product.product_id), f"Blank for {product.name}"),
            ):
                row = {"material_no": number, "name": name, "unit": "pcs"}
                self._book.put(schema.materials, row)
        for skill in sorted({part.skill for part in parts()}):
            self._book.put(schema.skills, {"skill": skill, "name": skill.replace("_", " ").capitalize()})

    def begin(self, number: int, order: dict[str, Any], at_us: int) -> None:
        """An order takes its blanks from a lot."""
        material = blank_of(order["product_no"])
        first = number - number % ORDERS_A_LOT
        lot_no = f"{material}-{self._book.line.index + 1}-{first // ORDERS_A_LOT + 1:05d}"
        product = self._planner.product(number)
        if all(self._planner.product(earlier) != product for earlier in range(first, number)):
            self._lot(lot_no, material, order["quantity"] * ORDERS_A_LOT, at_us - EARLIER_US)
        self._move(order, lot_no, "in", order["quantity"], at_us)

    def end(self, order: dict[str, Any], at_us: int) -> None:
        """What an order has made is a lot of its own."""
        lot_no = f"{order['order_no']}-LOT"
        self._lot(lot_no, order["product_no"], order["good"], at_us)
        self._move(order, lot_no, "out", order["good"], at_us)

    def _lot(self, lot_no: str, material: str, quantity: float, at_us: int) -> None:
        row = {"lot_no": lot_no, "material_no": material, "quantity": quantity, "state": "free"}
        self._book.put(schema.lots, {**row, "received_at": at_us})

    def _move(self, order: dict[str, Any], lot_no: str, way: str, quantity: float, at_us: int) -> None:
        row = {"movement_no": f"{order['order_no']}-{way}", "lot_no": lot_no, "order_no": order["order_no"]}
        self._book.put(
            schema.lot_movements, {**row, "direction": way, "quantity": quantity, "moved_at": at_us}
        )


def blank_of(product_no: str) -> str:
    """The material that a product is made of."""
    return f"BL-{product_no}"
