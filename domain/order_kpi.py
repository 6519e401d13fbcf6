"""KPIs of orders after ISO 22400-2: execution, lead and cycle time, adherence. Pure functions."""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.clock import SECOND
from domain.kpi import ratio


@dataclass(frozen=True, slots=True)
class OrderTimes:
    """An order as planned and as it went; times in microseconds, AOET from start to end."""

    quantity: float
    planned_end_us: int
    due_us: int
    released_us: int
    start_us: int | None
    end_us: int | None
    busy_us: int  # AUBT, of the machine that sets the pace of its line
    production_us: int  # APT, of the same
    produced: float
    good: float


@dataclass(frozen=True, slots=True)
class OrderFigures:
    """KPIs of one order. `late_us` is negative when it was early; None while it runs."""

    execution_us: int | None
    lead_us: int | None
    late_us: int | None
    on_time: bool | None
    allocation_ratio: float | None
    process_ratio: float | None
    throughput_per_hour: float | None
    cycle_s: float | None
    completion: float | None


def order_figures(order: OrderTimes, now_us: int) -> OrderFigures:
    """Allocation ratio AUBT/AOET, production process ratio APT/AOET, throughput rate PQ/AOET, lead time
    from release to end, and adherence against the planned end."""
    execution = None if order.start_us is None else (order.end_us or now_us) - order.start_us
    return OrderFigures(
        execution_us=execution,
        lead_us=None if order.end_us is None else order.end_us - order.released_us,
        late_us=None if order.end_us is None else order.end_us - order.planned_end_us,
        on_time=None if order.end_us is None else order.end_us <= order.planned_end_us,
        allocation_ratio=ratio(order.busy_us, execution or 0),
        process_ratio=ratio(order.production_us, execution or 0),
        throughput_per_hour=ratio(order.produced * 3600 * SECOND, execution or 0),
        cycle_s=ratio(order.production_us / SECOND, order.produced),
        completion=ratio(order.good, order.quantity),
    )


def adherence(orders: Iterable[OrderFigures]) -> float | None:
    """Schedule adherence: the share of ended orders that ended by their planned end."""
    ended = [o.on_time for o in orders if o.on_time is not None]
    return ratio(sum(ended), len(ended))
