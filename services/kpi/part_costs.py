"""What a scrapped part costs: time of the machine that sets the pace of its line, at the rate of the line."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select

from data.store import plan_facts
from data.store import tables as t
from domain.equipment import line_of
from domain.rates import rate_at
from domain.saving import part_cents
from services.kpi.lines import Line
from services.situation import stated_for_all


def per_part_s(tx: Connection, unit: str, product_id: str, at_us: int) -> float | None:
    """Planned run time of a part on a machine, with the tool of the newest operation; None without a rate."""
    o = t.operations.c
    newest = select(o.tool).where(o.equipment_id == unit, o.product_id == product_id)
    tool = tx.execute(newest.order_by(o.start_us.desc()).limit(1)).scalar()
    rate = rate_at(plan_facts.rates(tx, unit).get(product_id, ()), tool or "", at_us)
    return rate.per_part_s if rate else None


def cents_each(
    tx: Connection, lines: Sequence[Line], made: Iterable[tuple[str, str]], at_us: int
) -> dict[tuple[str, str], float]:
    """By machine and product what a part scrapped there costs. Without those before the machine that sets the
    pace, whose scrap costs none of its time, and those without a rate of the line or a planned cycle."""
    pace = {line.node.equipment_id: line.constraint.equipment_id for line in lines}
    behind = {unit for line in lines for unit in (line.constraint.equipment_id, *line.after)}
    rates = {
        line: stated.rates.downtime_cents_per_hour
        for line, stated in stated_for_all(tx, list(pace)).items()
        if stated.rates.downtime_cents_per_hour > 0
    }
    asked = {(unit, product) for unit, product in made if unit in behind and line_of(unit) in rates}
    seconds = {
        place: per_part_s(tx, *place, at_us)
        for place in {(pace[line_of(unit)], product) for unit, product in asked}
    }
    return {
        (unit, product): part_cents(s, rates[line_of(unit)])
        for unit, product in asked
        if (s := seconds[pace[line_of(unit)], product]) is not None
    }
