"""Sums of measures out of the roll-ups: by machine and one more dimension, over whole local days.

Whole months come from `kpi_months`, the days beside them from `kpi_days`: what is read grows with the
number of machines and with the days at the edges, not with the length of the history.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Connection, func, select

from data.store import tables as t
from domain.kpi import Measures, total
from domain.measures import NAMES
from domain.shift_calendar import at_minute, local_day
from services.rows.kpi import Ask

ByKey = dict[tuple[str, str], Measures]  # (equipment id, product | shift | day)
MONTHS_FROM_DAYS = 62


def pieces(ask: Ask, zone: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """(months, days): the stretch as whole months [from, to) and the days at its edges."""
    first, end = local_day(ask.from_us, zone), local_day(ask.to_us, zone)
    if (end - first).days < MONTHS_FROM_DAYS:
        return [], [(ask.from_us, ask.to_us)]
    low = first if first.day == 1 else _next_month(first)
    high = end.replace(day=1)
    months = [(at_minute(low, 0, zone), at_minute(high, 0, zone))]
    edges = [(ask.from_us, months[0][0]), (months[0][1], ask.to_us)]
    return months, [edge for edge in edges if edge[0] < edge[1]]


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def by_product(tx: Connection, units: Sequence[str], ask: Ask, zone: str) -> ByKey:
    """Sums per machine and product."""
    return _sum(tx, units, ask, zone, lambda table: table.c.product_id)


def by_shift(tx: Connection, units: Sequence[str], ask: Ask, zone: str) -> ByKey:
    """Sums per machine and name of shift."""
    return _sum(tx, units, ask, zone, lambda table: table.c.shift)


def by_day(tx: Connection, units: Sequence[str], ask: Ask) -> dict[tuple[str, int], Measures]:
    """Sums per machine and local day (its midnight)."""
    d = t.kpi_days
    query = (
        select(d.c.equipment_id, d.c.day_us, *(func.sum(d.c[name]).label(name) for name in NAMES))
        .where(*_where(d, d.c.day_us, units, ask, (ask.from_us, ask.to_us)))
        .group_by(d.c.equipment_id, d.c.day_us)
        .order_by(d.c.day_us)
    )
    return {(row["equipment_id"], row["day_us"]): Measures.of(row) for row in _maps(tx, query)}


def _sum(
    tx: Connection, units: Sequence[str], ask: Ask, zone: str, key: Callable[..., ColumnElement[str]]
) -> ByKey:
    months, days = pieces(ask, zone)
    found: dict[tuple[str, str], list[Measures]] = defaultdict(list)
    for table, at, spans in (
        (t.kpi_months, t.kpi_months.c.month_us, months),
        (t.kpi_days, t.kpi_days.c.day_us, days),
    ):
        for span in spans:
            query = (
                select(
                    table.c.equipment_id,
                    key(table).label("key"),
                    *(func.sum(table.c[name]).label(name) for name in NAMES),
                )
                .where(*_where(table, at, units, ask, span))
                .group_by(table.c.equipment_id, key(table))
            )
            for row in _maps(tx, query):
                found[row["equipment_id"], row["key"]].append(Measures.of(row))
    return {place: total(parts) if len(parts) > 1 else parts[0] for place, parts in found.items()}


def _where(table, at, units, ask: Ask, span):  # type: ignore[no-untyped-def]
    conditions = [table.c.equipment_id.in_(list(units)), at >= span[0], at < span[1]]
    if ask.shift:
        conditions.append(table.c.shift == ask.shift)
    if ask.product:
        conditions.append(table.c.product_id == ask.product)
    return conditions


def _maps(tx: Connection, query):  # type: ignore[no-untyped-def]
    return tx.execute(query).mappings().all()


Lost = dict[tuple[str, str, str], tuple[int, int]]  # (machine, cause, charged to) -> (us, times)


def losses(tx: Connection, units: Sequence[str], ask: Ask, zone: str) -> Lost:
    """Time by cause and by the machine that it is charged to. By shift where one is asked for; time is
    not split by product."""
    losses_ = t.kpi_losses
    months, days = pieces(ask, zone)
    if ask.shift:
        plan = [("cell", span) for span in [(ask.from_us, ask.to_us)]]
    else:
        plan = [*(("month", span) for span in months), *(("day", span) for span in days)]
    found: dict[tuple[str, str, str], tuple[int, int]] = {}
    for level, (low, high) in plan:
        c = losses_.c
        conditions = [c.level == level, c.equipment_id.in_(list(units)), c.from_us >= low]
        if level == "cell":
            conditions += [c.from_us < high + 48 * 3_600_000_000, c.day_us >= low, c.day_us < high]
            conditions.append(c.shift == ask.shift)
        else:
            conditions.append(c.from_us < high)
        query = (
            select(c.equipment_id, c.cause, c.charged_to, func.sum(c.lost_us), func.sum(c.times))
            .where(*conditions)
            .group_by(c.equipment_id, c.cause, c.charged_to)
        )
        for unit, cause, whom, us, times in tx.execute(query):
            old = found.get((unit, cause, whom), (0, 0))
            found[unit, cause, whom] = (old[0] + int(us), old[1] + int(times))
    return found
