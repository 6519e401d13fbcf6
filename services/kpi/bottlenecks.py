"""The bottleneck of each line, from its machines' figures."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from domain import bottleneck
from services.rows.kpi import BottleneckRow

if TYPE_CHECKING:
    from services.kpi.lines import Line


def find(
    lines: "Sequence[Line]", busy: Mapping[str, tuple[int, int]], charged: Mapping[str, int]
) -> tuple[BottleneckRow, ...]:
    """One row a line with data. `busy`: (planned busy time, of it delay) by machine; `charged`: how long
    others waited, by the machine that made them wait."""
    rows = []
    for line in lines:
        names = {u.equipment_id: u.name for u in line.units}
        activities = [
            bottleneck.Activity(
                unit, unit == line.constraint.equipment_id, *busy.get(unit, (0, 0)), charged.get(unit, 0)
            )
            for unit in names
        ]
        found = bottleneck.find(activities)
        if found is not None:
            declared_name = names.get(found.declared, "")
            rows.append(BottleneckRow(line.node.name, names[found.equipment_id], declared_name, found))
    return tuple(rows)
