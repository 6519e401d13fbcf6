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
    released_us: int | None
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
        lead_us=None
        if order.end_us is None or order.released_us is None
        else order.end_us - order.released_us,
        late_us=None if order.end_us is None else order.end_us - order.planned_end_us,
        on_time=None if order.end_us is None else order.end_us <= order.planned_end_us,
        allocation_ratio=ratio(order.busy_us, execution or 0),
        process_ratio=ratio(order.production_us, execution or 0),
        throughput_per_hour=ratio(order.produced * 3600 * SECOND, execution or 0),
        cycle_s=ratio(order.production_us / SECOND, order.produced),
        completion=ratio(order.good, order.quantity),
    )


@dataclass(frozen=True, slots=True)
class Adherence:
    """Orders that were to end in a stretch: how many, and how many of them did so by their planned end."""

    due: int
    kept: int

    @property
    def share(self) -> float | None:
        """Schedule adherence; None where no order was due."""
        return ratio(self.kept, self.due)


def adherence(orders: Iterable[tuple[int, int | None]], now_us: int) -> Adherence:
    """Schedule adherence of orders as (planned end, end or None): what is due by now and has not ended, or
    was never begun, is late; what is not due yet counts only once it has ended in time."""
    due = [(plan, end) for plan, end in orders if plan <= now_us or (end is not None and end <= now_us)]
    return Adherence(len(due), sum(end is not None and end <= plan for plan, end in due))
