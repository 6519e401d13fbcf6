"""The bottleneck of each line, from its machines' figures."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from domain import bottleneck
from domain.kpi import Measures, total
from services.rows.kpi import BottleneckRow

if TYPE_CHECKING:
    from services.kpi.lines import Line


def find(
    lines: "Sequence[Line]", cells: dict[tuple[str, str], Measures], charged: Mapping[str, int]
) -> tuple[BottleneckRow, ...]:
    """One row a line with data. `charged`: how long others waited, by the machine that made them wait."""
    by_unit: dict[str, list[Measures]] = defaultdict(list)
    for (at, _), m in cells.items():
        by_unit[at].append(m)
    rows = []
    for line in lines:
        names = {u.equipment_id: u.name for u in line.units}
        activities = []
        for unit in line.units:
            m = total(by_unit[unit.equipment_id])
            declared = unit.equipment_id == line.constraint.equipment_id
            activities.append(
                bottleneck.Activity(
                    unit.equipment_id, declared, m.pbt_us, m.delay_us, charged.get(unit.equipment_id, 0)
                )
            )
        found = bottleneck.find(activities)
        if found is not None:
            declared_name = names.get(found.declared, "")
            rows.append(BottleneckRow(line.node.name, names[found.equipment_id], declared_name, found))
    return tuple(rows)
