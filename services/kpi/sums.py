"""Sums of measures out of the roll-ups: by machine and one more dimension, over whole local days.

Whole months come from `kpi_months`, the days beside them from `kpi_days`: what is read grows with the
number of machines and with the days at the edges, not with the length of the history.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar

from sqlalchemy import BigInteger, ColumnElement, Connection, Table, cast, column, func, select

from data.store import tables as t
from domain.clock import DAY
from domain.kpi import Measures, behind, total
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
TOTALS = tuple(_SUM[name] for name in NAMES)
MONTHS_FROM_DAYS = 62
DAYS_SHOWN = 100
TWO_DAYS_US = 2 * DAY


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


def read(tx: Connection, units: Sequence[str], after: Mapping[str, str], ask: Ask, zone: str) -> Cube:
    """The sums of a stretch: whole months, and the days at its edges. Machines `after` a constraint count by
    their scrap only, which is booked to the machine that stands for them."""
    found: list[tuple[tuple[str, str, str], Measures]] = []
    scrapped: dict[tuple[str, str, str], float] = defaultdict(float)
    for table, at, span in _levels(ask, zone):
        key = (table.c.equipment_id, table.c.shift, table.c.product_id)
        rows = _rows(tx, table, key, NAMES, _where(table, at, units, ask, span))
        found += [((row[0], row[1], row[2]), Measures(*row[3:])) for row in rows]
        behind_it = _where(table, at, list(after), ask, span)
        for unit, shift, product, scrap in _rows(tx, table, key, ("scrap",), behind_it) if after else ():
            scrapped[after[unit], shift, product] += scrap
    found += [(place, Measures(scrap=scrap)) for place, scrap in scrapped.items()]
    return Cube(_grouped(found))


def busy(tx: Connection, units: Sequence[str], ask: Ask, zone: str) -> dict[str, tuple[int, int]]:
    """(planned busy time, of it delay) of each machine."""
    found: dict[str, tuple[int, int]] = {}
    names = ("delay_us", "down_us", "setup_us", "production_us")
    for table, at, span in _levels(ask, zone):
        rows = _rows(tx, table, (table.c.equipment_id,), names, _where(table, at, units, ask, span))
        for unit, delay, *rest in rows:
            pbt, waited = found.get(unit, (0, 0))
            found[unit] = (pbt + delay + sum(rest), waited + delay)
    return found


def _levels(ask: Ask, zone: str) -> list[tuple[Table, Any, tuple[int, int]]]:
    """(table, column of its time, stretch) that together cover what is asked."""
    months, days = pieces(ask, zone)
    m, d = t.kpi_months, t.kpi_days
    return [*((m, m.c.month_us, span) for span in months), *((d, d.c.day_us, span) for span in days)]


def _rows(
    tx: Connection, table: Table, key: tuple[Any, ...], names: Sequence[str], where: Sequence[Any]
) -> Sequence[Any]:
    """The key and the sums of every group."""
    query = select(*key, *(_SUM[name] for name in names)).where(*where).group_by(*key)
    return tx.execute(query.select_from(table)).all()


def _with(names: tuple[str, ...]) -> Callable[..., Measures]:
    """Measures of some names by position; what is not named is 0."""
    places = [NAMES.index(name) for name in names]
    none: list[Any] = [getattr(Measures(), name) for name in NAMES]

    def make(*values: float) -> Measures:
        row = none.copy()
        for place, value in zip(places, values, strict=True):
            row[place] = value
        return Measures(*row)

    return make


_DAY = _with(_DAILY)


def by_month(ask: Ask, zone: str) -> bool:
    """True for a stretch that is too long to be shown day by day."""
    return (local_day(ask.to_us, zone) - local_day(ask.from_us, zone)).days > DAYS_SHOWN


def trend(
    tx: Connection, pace: Sequence[str], after: Mapping[str, str], ask: Ask, zone: str
) -> dict[int, list[Measures]]:
    """What the ratios of OEE need, of the machines that set the pace with the good output of their lines, per
    local day (its midnight), by time; of a long stretch per month (the midnight of its first day), so that
    what is read does not grow with it. `after` names for each machine behind a constraint that constraint."""
    measured: dict[tuple[int, str], list[Measures]] = defaultdict(list)
    scrapped: dict[tuple[int, str], float] = defaultdict(float)
    for table, at, when, span in _steps(ask, zone):
        key = (table.c.equipment_id, when)
        for unit, begin, *values in _rows(tx, table, key, _DAILY, _where(table, at, pace, ask, span)):
            measured[begin, unit].append(_DAY(*values))
        behind_it = _where(table, at, list(after), ask, span)
        for unit, begin, scrap in _rows(tx, table, key, ("scrap",), behind_it) if after else ():
            scrapped[begin, after[unit]] += scrap
    found: dict[int, list[Measures]] = defaultdict(list)
    for (begin, unit), parts in sorted(measured.items()):
        found[begin].append(behind(total(parts), scrapped[begin, unit]))
    return dict(found)


def _steps(ask: Ask, zone: str) -> list[tuple[Table, Any, Any, tuple[int, int]]]:
    """(table, column of its time, what to group by, stretch) of a trend."""
    d, m = t.kpi_days, t.kpi_months
    if not by_month(ask, zone):
        return [(d, d.c.day_us, d.c.day_us, (ask.from_us, ask.to_us))]
    months, edges = pieces(ask, zone)
    whole = [(m, m.c.month_us, m.c.month_us, span) for span in months]
    return [*whole, *((d, d.c.day_us, d.c.month_us, span) for span in edges)]


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
    c = t.kpi_losses.c
    found: Lost = {}
    for where in _lost(units, ask, zone):
        key = (c.equipment_id, c.cause, c.charged_to)
        query = select(*key, func.sum(c.lost_us), func.sum(c.times)).where(*where).group_by(*key)
        for unit, cause, whom, us, times in tx.execute(query):
            old = found.get((unit, cause, whom), (0, 0))
            found[unit, cause, whom] = (old[0] + int(us), old[1] + int(times))
    return found


def charged(tx: Connection, units: Sequence[str], ask: Ask, zone: str) -> dict[str, int]:
    """How long these machines waited, by the machine that it is charged to."""
    c = t.kpi_losses.c
    found: dict[str, int] = defaultdict(int)
    for where in _lost(units, ask, zone):
        query = select(c.charged_to, func.sum(c.lost_us)).where(*where, c.charged_to != "")
        for whom, us in tx.execute(query.group_by(c.charged_to)):
            found[whom] += int(us)
    return dict(found)


def _lost(units: Sequence[str], ask: Ask, zone: str) -> list[list[ColumnElement[bool]]]:
    """The conditions on `kpi_losses` that together cover a stretch."""
    c = t.kpi_losses.c
    mine = c.equipment_id.in_(list(units))
    if ask.shift:
        near = (c.from_us >= ask.from_us, c.from_us < ask.to_us + TWO_DAYS_US)
        whole = (c.day_us >= ask.from_us, c.day_us < ask.to_us, c.shift == ask.shift)
        return [[c.level == "cell", mine, *near, *whole]]
    months, days = pieces(ask, zone)
    plan = [*(("month", span) for span in months), *(("day", span) for span in days)]
    return [[c.level == level, mine, c.from_us >= low, c.from_us < high] for level, (low, high) in plan]
