"""Operations of a press with their settings and what came of them."""

from sqlalchemy import Connection, insert

from data.store import tables as t
from domain.clock import HOUR
from tests import factories as f

LINE = "north/forming/line-2"
FORCE, SPEED = "blank_holder_force", "ram_speed"
_UNITS = {FORCE: "kN", SPEED: "mm/s"}


def press(tx: Connection, number: int = 21) -> str:
    """A press of the line."""
    return f.machine(tx, f"{LINE}/press-{number}", f"Press {number}", "press")


def ran(
    tx: Connection, unit: str, number: int, values: dict[str, float], *, product: str = "P-201",
    good: float = 990.0, scrap: float = 10.0, start_us: int = f.NOW - 20 * HOUR, hours: float = 8,
    set_point: float | None = None, ended: bool = True,
) -> str:  # fmt: skip
    """One operation with its settings, and its inspection at the end; returns its id."""
    order, operation = f"WO-{number}", f"WO-{number}-{unit.rsplit('-', 1)[-1]}"
    end_us = start_us + round(hours * HOUR)
    rest = {"instance": "line-2", "updated_us": 1}
    tx.execute(
        insert(t.operations).values(
            operation_id=operation, order_id=order, equipment_id=unit, product_id=product, start_us=start_us,
            end_us=end_us if ended else None, setup_end_us=start_us, **rest,
        )
    )  # fmt: skip
    for name, value in values.items():
        row = {"operation_id": operation, "parameter": name, "equipment_id": unit, "value": value}
        given = value if set_point is None else set_point
        tx.execute(insert(t.process_parameters).values(**row, set_point=given, unit=_UNITS[name], **rest))
    counted = {"result_id": operation, "equipment_id": unit, "order_id": order, "at_us": end_us}
    tx.execute(insert(t.quality_results).values(**counted, good=good, scrap=scrap, rework=0.0, **rest))
    return operation
