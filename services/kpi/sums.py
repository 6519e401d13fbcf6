"""Sums of measures out of the roll-ups: by machine and one more dimension, over whole local days.

Whole months come from `kpi_months`, the days beside them from `kpi_days`: what is read grows with the
number of machines and with the days at the edges, not with the length of the history.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar

from sqlalchemy import BigInteger, ColumnElement, Connection, cast, column, func, select

from data.store import tables as t
from domain.kpi import Measures, total
from domain.measures import LEAF_COLUMNS, NAMES, REAL, WHOLE
from domain.shift_calendar import at_minute, local_day
from services.rows.kpi import Ask

Key = TypeVar("Key")
ByKey = dict[tuple[str, str], Measures]  # (equipment id, product | shift)
_DAILY = (*LEAF_COLUMNS.values(), "minor_us", "good", "scrap", "ideal_s", "ideal_good_s", "unrated")
_SUM: dict[str, ColumnElement[Any]] = {
    **{name: cast(func.sum(column(name)), BigInteger) for name in WHOLE},
    **{name: func.sum(column(name)) for name in REAL},
}
TOTALS, _DAILY_SUMS = tuple(_SUM[name] for name in NAMES), tuple(_SUM[name] for name in _DAILY)
MONTHS_FROM_DAYS = 62
DAYS_SHOWN = 100


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


@dataclass(frozen=True, slots=True)
class Cube:
    """Sums per machine, name of shift and product, read at once."""

    cells: dict[tuple[str, str, str], Measures]

    def by_product(self) -> ByKey:
        """Sums per machine and product."""
        return _grouped(((unit, product), m) for (unit, _, product), m in self.cells.items())

    def by_shift(self, units: Collection[str]) -> ByKey:
        """Sums per machine, of some of them, and name of shift."""
        return _grouped(((unit, shift), m) for (unit, shift, _), m in self.cells.items() if unit in units)


def read(tx: Connection, units: Sequence[str], ask: Ask, zone: str) -> Cube:
    """The sums of a stretch: whole months, and the days beside them."""
    months, days = pieces(ask, zone)
    found: list[tuple[tuple[str, str, str], Measures]] = []
    for table, at, spans in (
        (t.kpi_months, t.kpi_months.c.month_us, months),
        (t.kpi_days, t.kpi_days.c.day_us, days),
    ):
        key = (table.c.equipment_id, table.c.shift, table.c.product_id)
        for span in spans:
            query = select(*key, *TOTALS).where(*_where(table, at, units, ask, span)).group_by(*key)
            found += [((row[0], row[1], row[2]), Measures(*row[3:])) for row in tx.execute(query)]
    return Cube(_grouped(found))


def by_month(ask: Ask, zone: str) -> bool:
    """True for a stretch that is too long to be shown day by day."""
    return (local_day(ask.to_us, zone) - local_day(ask.from_us, zone)).days > DAYS_SHOWN


def trend(tx: Connection, units: Sequence[str], ask: Ask, zone: str) -> dict[int, dict[str, Measures]]:
    """What the ratios of OEE need, per local day (its midnight) and machine, by time; of a long stretch per
    month (the midnight of its first day), so that what is read does not grow with it."""
    d, m = t.kpi_days, t.kpi_months
    if by_month(ask, zone):
        months, edges = pieces(ask, zone)
        plan = [*((m, m.c.month_us, m.c.month_us, span) for span in months)]
        plan += [(d, d.c.day_us, d.c.month_us, span) for span in edges]
    else:
        plan = [(d, d.c.day_us, d.c.day_us, (ask.from_us, ask.to_us))]
    rows: list[tuple[tuple[int, str], Measures]] = []
    for table, at, key, span in plan:
        group = (table.c.equipment_id, key)
        query = select(*group, *_DAILY_SUMS).where(*_where(table, at, units, ask, span)).group_by(*group)
        for row in tx.execute(query):
            rows.append(((row[1], row[0]), Measures(**dict(zip(_DAILY, row[2:], strict=True)))))
    found: dict[int, dict[str, Measures]] = defaultdict(dict)
    for (when, unit), measured in sorted(_grouped(rows).items()):
        found[when][unit] = measured
    return dict(found)


def _grouped(rows: Iterable[tuple[Key, Measures]]) -> dict[Key, Measures]:
    found: dict[Key, list[Measures]] = defaultdict(list)
    for key, m in rows:
        found[key].append(m)
    return {key: total(parts) if len(parts) > 1 else parts[0] for key, parts in found.items()}


def _where(table, at, units, ask: Ask, span):  # type: ignore[no-untyped-def]
    conditions = [table.c.equipment_id.in_(list(units)), at >= span[0], at < span[1]]
    if ask.shift:
        conditions.append(table.c.shift == ask.shift)
    if ask.product:
        conditions.append(table.c.product_id == ask.product)
    return conditions


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
