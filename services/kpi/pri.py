"""The planned run times (PRI) that the figures of a stretch rest on, with their basis."""

from collections.abc import Mapping

from sqlalchemy import Connection

from data.store import plan_facts
from data.store.statements import Among
from domain.clock import DAY
from domain.rates import rate_at
from services.rows.kpi import Ask, RateRow

LONGEST_OPERATION_US = 40 * DAY
_WORKED = Among(
    "SELECT equipment_id, product_id, COALESCE(tool, ''), MAX(start_us) FROM operations"
    " WHERE equipment_id {among} AND start_us >= :old_us AND start_us < :to_us"
    " AND (end_us IS NULL OR end_us > :from_us) AND product_id <> ''"
    " AND (:product = '' OR product_id = :product) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
)


def read(
    tx: Connection, units: Mapping[str, str], ask: Ask, products: Mapping[str, str]
) -> tuple[RateRow, ...]:
    """By machine (id and name), product and tool of what was worked on; the rate of its newest operation."""
    stretch = {"old_us": ask.from_us - LONGEST_OPERATION_US, "from_us": ask.from_us, "to_us": ask.to_us}
    worked = _WORKED.rows(tx, list(units), {**stretch, "product": ask.product})
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
