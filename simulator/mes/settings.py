"""How the units of a line are set for an order: what the recipe says, and what people make of it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from domain.equipment import MachineType
from simulator.layout import Product
from simulator.mes import schema
from simulator.mes.book import Book
from simulator.physics.process import SETTINGS, Setting, Truth, places, spoiled, truth


def recipe(setting: Setting, product: Product, machine_type: MachineType) -> float:
    """The set point of a product with which the plant began."""
    factor = product.heat_factor if machine_type is MachineType.OVEN else product.load_factor
    return round(setting.recipe * factor, 1)


def recipe_no(machine: str, product_no: str, setting: str) -> str:
    """The key of a set point in `recipes`."""
    return f"{machine}-{product_no}-{setting}"


class Settings:
    """The settings of one line's units. A set point that was changed holds from the next order on."""

    def __init__(self, book: Book) -> None:
        self._book, self._layout = book, book.layout
        self._settings = SETTINGS.get(book.line.machine_type, ())
        self._used: set[str] = set()

    def begin(self, order_no: str, product: int, operations: Sequence[dict[str, Any] | None]) -> list[float]:
        """Write down how each unit is set for an order; returns the share of good parts that each spoils."""
        if not self._settings:
            return []
        changed = self._changed()
        made = self._layout.products[product]
        found = truth(self._layout.site, made.product_id)
        return [
            self._unit(machine, order_no, made, found, operation, changed)
            for machine, operation in zip(self._book.machines, operations, strict=True)
        ]

    def used(self) -> set[str]:
        """The commands whose set points an order was set by since the last call."""
        found, self._used = self._used, set()
        return found

    def _unit(
        self, machine: str, order_no: str, made: Product, found: Truth,
        operation: dict[str, Any] | None, changed: dict[str, tuple[float, str]],
    ) -> float:  # fmt: skip
        turned, share = places(found, self._layout.site, order_no, machine), 0.0
        for place, setting in enumerate(self._settings):
            first = recipe(setting, made, self._book.line.machine_type)
            aimed, asked_by = changed.get(recipe_no(machine, made.product_id, setting.name), (first, ""))
            actual = round(aimed + turned[place] * setting.reach, 2)
            if place == found.driver:
                share = spoiled(found, (actual - first) / setting.reach)
            if operation is not None:
                self._used |= {asked_by} - {""}
                self._book.put(schema.process_values, _row(machine, operation, setting, aimed, actual))
        return share

    def _changed(self) -> dict[str, tuple[float, str]]:
        r = schema.recipes.c
        with self._book.records.read() as tx:
            rows = tx.execute(select(r.recipe_no, r.set_point, r.external_id)).all()
        return {row.recipe_no: (row.set_point, row.external_id) for row in rows}


def _row(
    machine: str, operation: dict[str, Any], setting: Setting, aimed: float, actual: float
) -> dict[str, Any]:
    return {
        "value_no": f"{operation['operation_no']}-{setting.name}",
        "operation_no": operation["operation_no"],
        "machine_id": machine,
        "setting": setting.name,
        "set_point": aimed,
        "actual": actual,
        "unit": setting.unit,
    }
