"""The bottleneck of each line, from its machines' figures."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from domain import bottleneck
from domain.kpi import Measures, total
from services.rows.kpi import BottleneckRow

if TYPE_CHECKING:
    from services.kpi.lines import Line
    from services.kpi.sums import Lost


def find(
    lines: "Sequence[Line]", cells: dict[tuple[str, str], Measures], lost: "Lost"
) -> tuple[BottleneckRow, ...]:
    """One row a line with data."""
    charged: dict[str, int] = defaultdict(int)
    for (_, _, whom), (us, _) in lost.items():
        charged[whom] += us
    rows = []
    for line in lines:
        names = {u.equipment_id: u.name for u in line.units}
        activities = []
        for unit in line.units:
            m = total(found for (at, _), found in cells.items() if at == unit.equipment_id)
            declared = unit.equipment_id == line.constraint.equipment_id
            activities.append(
                bottleneck.Activity(
                    unit.equipment_id, declared, m.pbt_us, m.delay_us, charged[unit.equipment_id]
                )
            )
        found = bottleneck.find(activities)
        if found is not None:
            declared_name = names.get(found.declared, "")
            rows.append(BottleneckRow(line.node.name, names[found.equipment_id], declared_name, found))
    return tuple(rows)
