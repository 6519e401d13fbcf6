"""The planned run times (PRI) that the figures of a stretch rest on, with their basis."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, func, or_, select

from data.store import plan_facts
from data.store import tables as t
from domain.clock import DAY
from domain.rates import rate_at
from services.rows.kpi import Ask, RateRow

LONGEST_OPERATION_US = 40 * DAY


def read(
    tx: Connection, units: Mapping[str, str], ask: Ask, products: Mapping[str, str]
) -> tuple[RateRow, ...]:
    """By machine (id and name), product and tool of what was worked on; the rate of its newest operation."""
    o = t.operations.c
    tool = func.coalesce(o.tool, "")
    query = (
        select(o.equipment_id, o.product_id, tool, func.max(o.start_us))
        .where(
            o.equipment_id.in_(list(units)),
            o.start_us >= ask.from_us - LONGEST_OPERATION_US,
            o.start_us < ask.to_us,
            or_(o.end_us.is_(None), o.end_us > ask.from_us),
            o.product_id != "",
        )
        .group_by(o.equipment_id, o.product_id, tool)
        .order_by(o.equipment_id, o.product_id, tool)
    )
    if ask.product:
        query = query.where(o.product_id == ask.product)
    worked: Sequence[tuple[str, str, str, int]] = [tuple(row) for row in tx.execute(query)]
    rates = {unit: plan_facts.rates(tx, unit) for unit in {row[0] for row in worked}}
    rows = []
    for unit, product, its, at_us in worked:
        rate = rate_at(rates[unit].get(product, ()), its, at_us)
        known = rate if rate and rate.per_part_s else None
        rows.append(
            RateRow(
                units[unit], products.get(product, product), its or (known.tool if known else ""),
                known.per_part_s if known else None, known.cycle_s if known else None,
                known.cavities if known else None, known.basis if known else "",
                known.valid_from_us if known else None,
            )
        )  # fmt: skip
    return tuple(rows)
