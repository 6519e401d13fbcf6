"""A line is measured at its constraint, with the good output of the line; never a mean of machines."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.kpi import Measures, behind, total
from services.rows.floor import Node


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its units; the constraint sets the pace, and `after` are behind it."""

    node: Node
    units: tuple[Node, ...]

    @property
    def constraint(self) -> Node:
        """The marked unit, else the last one."""
        return next((u for u in self.units if u.constraint), self.units[-1])

    @property
    def after(self) -> tuple[str, ...]:
        """The units behind the constraint."""
        pace = self.constraint.position
        return tuple(u.equipment_id for u in self.units if u.position > pace)

    def paced_by(self, unit_id: str | None) -> "Line":
        """The line as it was when another machine of it set the pace; as it is where none is named."""
        if unit_id == self.constraint.equipment_id or unit_id not in {u.equipment_id for u in self.units}:
            return self
        marked = (replace(u, constraint=u.equipment_id == unit_id) for u in self.units)
        return replace(self, units=tuple(marked))


Cells = dict[tuple[str, str], Measures]  # (equipment id, product, or another key)


def at_pace(cells: Cells, lines: Sequence[Line], level: str, scope: str) -> Measures:
    """The measures of a unit, or of lines at their constraints; product by product, so that scrap behind
    a constraint is paid with the time of its own product."""
    if level == "unit":
        return total(m for (unit, _), m in cells.items() if unit == scope)
    pace = {line.constraint.equipment_id for line in lines}
    after = {unit: line.constraint.equipment_id for line in lines for unit in line.after}
    scrapped: dict[tuple[str, str], float] = defaultdict(float)
    for (unit, key), m in cells.items():
        if unit in after:
            scrapped[after[unit], key] += m.scrap
    return total(behind(m, scrapped[place]) for place, m in cells.items() if place[0] in pace)


def line_products(cells: Cells, line: Line) -> dict[str, Measures]:
    """A line's measures by product, or by whatever the cells' second key is."""
    scrapped: dict[str, float] = defaultdict(float)
    after, pace = set(line.after), line.constraint.equipment_id
    for (unit, key), m in cells.items():
        if unit in after:
            scrapped[key] += m.scrap
    return {key: behind(m, scrapped[key]) for (unit, key), m in cells.items() if unit == pace}
