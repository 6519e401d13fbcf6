"""The recipes of one line: set points that a request may move, inside the limits of the MES's own.

A request holds from the next order of the product on; until one is set by it, it can be taken back.
"""

import math
from typing import Any

from sqlalchemy import select

from domain.messages import SetPointChange
from simulator.layout import Layout, Line, Product, Unit
from simulator.mes import schema
from simulator.mes.names import machine_no
from simulator.mes.settings import recipe, recipe_no
from simulator.physics.process import SETTINGS, Setting
from simulator.records.engine import Writer

WIDEST = 1.5  # reaches from the recipe with which the plant began: the limits of the MES
_R = schema.recipes


class Recipes:
    """Set points of one line's machines and products."""

    def __init__(self, layout: Layout, line: Line) -> None:
        self._line = line
        self._units = {layout.units[index].equipment_id: layout.units[index] for index in line.units}
        self._products = {layout.products[i].product_id: layout.products[i] for i in line.products}
        self._settings = {setting.name: setting for setting in SETTINGS.get(line.machine_type, ())}

    def move(self, writer: Writer, command_id: str, change: SetPointChange) -> str | None:
        """Write the set point into the recipe; returns why not, in words for people, or None."""
        unit, product = self._units.get(change.equipment_id), self._products.get(change.product_id)
        setting = self._settings.get(change.parameter)
        if unit is None:
            return f"{change.equipment_id[:100]} is no machine of {self._line.name}."
        if product is None:
            return f"{self._line.name} does not make {change.product_id[:60]}."
        if setting is None or setting.unit != change.unit:
            return f"{unit.name} has no setting {change.parameter[:60]} in {change.unit[:20]}."
        return self._written(writer, command_id, change, (unit, product, setting))

    def _written(
        self, writer: Writer, command_id: str, change: SetPointChange, of: tuple[Unit, Product, Setting]
    ) -> str | None:
        unit, product, setting = of
        number = recipe_no(machine_no(unit), product.product_id, setting.name)
        first = recipe(setting, product, unit.machine_type)
        row = writer.tx.execute(select(_R.c.set_point).where(_R.c.recipe_no == number)).first()
        stands = first if row is None else float(row.set_point)
        if not math.isclose(stands, change.from_value):
            return f"The set point is {stands:g} {setting.unit}, not {change.from_value:g}."
        low, high = first - WIDEST * setting.reach, first + WIDEST * setting.reach
        if not low <= change.to_value <= high:
            return f"This system takes {low:g} to {high:g} {setting.unit}."
        writer.upsert(_R, [_row(number, unit, change, stands, command_id)])
        return None

    def take_back(self, writer: Writer, command_id: str) -> bool:
        """The set point stands again where it stood; False where no recipe has it from this command."""
        row = writer.tx.execute(select(_R).where(_R.c.external_id == command_id)).mappings().first()
        if row is None:
            return False
        writer.upsert(_R, [{**row, "set_point": row["before"], "external_id": ""}])
        return True


def _row(number: str, unit: Unit, change: SetPointChange, before: float, command_id: str) -> dict[str, Any]:
    return {
        "recipe_no": number,
        "machine_id": machine_no(unit),
        "product_no": change.product_id,
        "setting": change.parameter,
        "set_point": change.to_value,
        "before": before,
        "external_id": command_id,
    }
