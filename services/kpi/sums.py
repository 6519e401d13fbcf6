"""Sums of measures out of the roll-ups: by machine and one more dimension, over whole local days.

Whole months come from `kpi_months`, the days beside them from `kpi_days`: what is read grows with the
number of machines and with the days at the edges, not with the length of the history.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import Connection

from data.store.statements import Among, Row
from domain.clock import DAY
from domain.kpi import Measures, total
from domain.measures import LEAF_COLUMNS, NAMES, REAL, WHOLE, paid
from domain.shift_calendar import at_minute, local_day
from services.rows.kpi import Ask

Key = TypeVar("Key")
ByKey = dict[tuple[str, str], Measures]  # (equipment id, product | shift)
_DAILY = (*LEAF_COLUMNS.values(), "minor_us", "good", "scrap", "ideal_s", "ideal_good_s", "unrated",
          "uncounted_us", "uncounted_run_us", "off_plan_us")  # fmt: skip
_SUM = {
    **{name: f"CAST(SUM({name}) AS BIGINT)" for name in WHOLE},
    **{name: f"SUM({name})" for name in REAL},
}
_TIME = {"kpi_months": "month_us", "kpi_days": "day_us"}
MONTHS_FROM_DAYS = 62
DAYS_SHOWN = 100
TWO_DAYS_US = 2 * DAY


def summed(names: Sequence[str]) -> str:
    """The sums of some measures as the columns of a SELECT."""
    return ", ".join(_SUM[name] for name in names)


TOTALS_SQL = summed(NAMES)


def pieces(ask: Ask, zone: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """(months, days): the stretch as whole months [from, to) and the days at its edges."""
    first, end = local_day(ask.from_us, zone), local_day(ask.to_us, zone)
    if (end - first).days < MONTHS_FROM_DAYS:
        return [], [(ask.from_us, ask.to_us)]
    low = first if first.day == 1 else next_month(first)
    high = end.replace(day=1)
    months = [(at_minute(low, 0, zone), at_minute(high, 0, zone))]
    edges = [(ask.from_us, months[0][0]), (months[0][1], ask.to_us)]
    return months, [edge for edge in edges if edge[0] < edge[1]]


def next_month(day: date) -> date:
    """The first day of the month after that of a day."""
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
    key = ("equipment_id", "shift", "product_id")
    for table, span in _levels(ask, zone):
        rows = _rows(tx, table, key, NAMES, units, ask, span)
        found += [((row[0], row[1], row[2]), Measures(*row[3:])) for row in rows]
        for unit, shift, product, scrap in _rows(tx, table, key, ("scrap",), list(after), ask, span):
            scrapped[after[unit], shift, product] += scrap
    found += [(place, Measures(scrap=scrap)) for place, scrap in scrapped.items()]
    return Cube(_grouped(found))


BESIDE = ("energy_kwh", "rework", "inspected", "first_pass", "corrective_us", "preventive_us")
_BUSY = ("delay_us", "down_us", "setup_us", "production_us")


def beside(tx: Connection, units: Sequence[str], ask: Ask, zone: str) -> dict[str, dict[str, Any]]:
    """What counts of all machines, and not only of the one that sets the pace of its line, by machine: what a
    line has of each, and how long each was busy."""
    names = (*BESIDE, *_BUSY)
    found: dict[str, dict[str, Any]] = {unit: dict.fromkeys(names, 0) for unit in units}
    for table, span in _levels(ask, zone):
        for unit, *values in _rows(tx, table, ("equipment_id",), names, units, ask, span):
            for name, value in zip(names, values, strict=True):
                found[unit][name] += value
    return found


def busy(every: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[int, int]]:
    """(planned busy time, of it delay) of each machine, of what `beside` found."""
    return {unit: (sum(its[name] for name in _BUSY), its["delay_us"]) for unit, its in every.items()}


def _levels(ask: Ask, zone: str) -> list[tuple[str, tuple[int, int]]]:
    """(table, stretch) that together cover what is asked."""
    months, days = pieces(ask, zone)
    return [*(("kpi_months", span) for span in months), *(("kpi_days", span) for span in days)]


def _rows(
    tx: Connection,
    table: str,
    key: tuple[str, ...],
    names: tuple[str, ...],
    units: Sequence[str],
    ask: Ask,
    span: tuple[int, int],
) -> list[Row]:
    """The key and the sums of every group of some machines over a stretch."""
    if not units:
        return []
    values = {"from_us": span[0], "to_us": span[1], "shift": ask.shift, "product": ask.product}
    return _statement(table, key, names, bool(ask.shift), bool(ask.product)).rows(tx, units, values)


@lru_cache(maxsize=256)
def _statement(table: str, key: tuple[str, ...], names: tuple[str, ...], shift: bool, product: bool) -> Among:
    at, keys = _TIME[table], ", ".join(key)
    where = f"equipment_id {{among}} AND {at} >= :from_us AND {at} < :to_us"
    where += " AND shift = :shift" * shift + " AND product_id = :product" * product
    return Among(f"SELECT {keys}, {summed(names)} FROM {table} WHERE {where} GROUP BY {keys}")  # noqa: S608


def made_of(names: tuple[str, ...]) -> Callable[..., Measures]:
    """Measures of some names by position; what is not named is 0."""
    places = [NAMES.index(name) for name in names]
    none: list[Any] = [getattr(Measures(), name) for name in NAMES]

    def make(*values: float) -> Measures:
        row = none.copy()
        for place, value in zip(places, values, strict=True):
            row[place] = value
        return Measures(*row)

    return make


_DAY = made_of(_DAILY)
_GOOD, _SCRAP, _IDEAL_GOOD = (_DAILY.index(name) for name in ("good", "scrap", "ideal_good_s"))


def by_month(ask: Ask, zone: str) -> bool:
    """True for a stretch that is too long to be shown day by day."""
    return (local_day(ask.to_us, zone) - local_day(ask.from_us, zone)).days > DAYS_SHOWN


def trend(
    tx: Connection, pace: Sequence[str], after: Mapping[str, str], ask: Ask, zone: str
) -> dict[int, Measures]:
    """What the ratios of OEE need, of the machines that set the pace with the good output of their lines, per
    local day (its midnight), by time; of a long stretch per month (the midnight of its first day), so that
    what is read does not grow with it. `after` names for each machine behind a constraint that constraint."""
    measured: dict[tuple[int, str], list[list[float]]] = defaultdict(list)
    scrapped: dict[tuple[int, str], float] = defaultdict(float)
    for table, when, span in _steps(ask, zone):
        key = ("equipment_id", when)
        for unit, begin, *values in _rows(tx, table, key, _DAILY, pace, ask, span):
            measured[begin, unit].append(values)
        for unit, begin, scrap in _rows(tx, table, key, ("scrap",), list(after), ask, span):
            scrapped[begin, after[unit]] += scrap
    found: dict[int, list[list[float]]] = defaultdict(list)
    for (begin, unit), parts in sorted(measured.items()):
        line = _added(parts)
        line[_GOOD], line[_SCRAP], line[_IDEAL_GOOD] = paid(
            line[_GOOD], line[_SCRAP], line[_IDEAL_GOOD], scrapped[begin, unit]
        )
        found[begin].append(line)
    return {begin: _DAY(*_added(its)) for begin, its in found.items()}


def _added(rows: Sequence[list[float]]) -> list[float]:
    """The sums of columns; the row itself where there is one."""
    return rows[0] if len(rows) == 1 else list(map(sum, zip(*rows, strict=True)))


def _steps(ask: Ask, zone: str) -> list[tuple[str, str, tuple[int, int]]]:
    """(table, what to group by, stretch) of a trend."""
    if not by_month(ask, zone):
        return [("kpi_days", "day_us", (ask.from_us, ask.to_us))]
    return [(table, "month_us", span) for table, span in _levels(ask, zone)]


def _grouped(rows: Iterable[tuple[Key, Measures]]) -> dict[Key, Measures]:
    found: dict[Key, list[Measures]] = defaultdict(list)
    for key, m in rows:
        found[key].append(m)
    return {key: total(parts) if len(parts) > 1 else parts[0] for key, parts in found.items()}


Lost = dict[tuple[str, str, str], tuple[int, int]]  # (machine, cause, charged to) -> (us, times)
_LOST_HERE = "equipment_id {among} AND from_us >= :from_us AND from_us < :to_us AND level = :level"
_LOST_SHIFT = f"{_LOST_HERE} AND shift = :shift AND day_us >= :first_us AND day_us < :end_us"
_LOST = (
    "SELECT equipment_id, cause, charged_to, CAST(SUM(lost_us) AS BIGINT), CAST(SUM(times) AS BIGINT)"
    " FROM kpi_losses WHERE {here} GROUP BY equipment_id, cause, charged_to"
)
_WAITED = (
    "SELECT charged_to, CAST(SUM(lost_us) AS BIGINT) FROM kpi_losses{index} WHERE {here}"
    " AND charged_to <> '' GROUP BY charged_to"
)
_WAITED_SHIFT = _WAITED.replace("{index}", " {by:ix_kpi_losses_charged}")
_LOSSES = [Among(_LOST.replace("{here}", here)) for here in (_LOST_HERE, _LOST_SHIFT)]
_CHARGED = [
    Among(_WAITED.replace("{index}", "").replace("{here}", _LOST_HERE)),
    Among(_WAITED_SHIFT.replace("{here}", _LOST_SHIFT.replace(":level", "'cell'"))),  # as the index has it
]


def losses(tx: Connection, units: Sequence[str], ask: Ask, zone: str) -> Lost:
    """Time by cause and by the machine that it is charged to. By shift where one is asked for; time is
    not split by product."""
    found: Lost = {}
    for unit, cause, whom, us, times in _lost(tx, _LOSSES, units, ask, zone):
        old = found.get((unit, cause, whom), (0, 0))
        found[unit, cause, whom] = (old[0] + us, old[1] + times)
    return found


def charged(tx: Connection, units: Sequence[str], ask: Ask, zone: str) -> dict[str, int]:
    """How long these machines waited, by the machine that it is charged to."""
    found: dict[str, int] = defaultdict(int)
    for whom, us in _lost(tx, _CHARGED, units, ask, zone):
        found[whom] += us
    return dict(found)


def _lost(
    tx: Connection, statements: Sequence[Among], units: Sequence[str], ask: Ask, zone: str
) -> Iterator[Row]:
    """The rows of `kpi_losses` that together cover a stretch."""
    if ask.shift:
        near = {"level": "cell", "from_us": ask.from_us, "to_us": ask.to_us + TWO_DAYS_US}
        exact = {"shift": ask.shift, "first_us": ask.from_us, "end_us": ask.to_us}
        yield from statements[1].rows(tx, units, near | exact)
        return
    months, days = pieces(ask, zone)
    for level, (low, high) in (*(("month", span) for span in months), *(("day", span) for span in days)):
        yield from statements[0].rows(tx, units, {"level": level, "from_us": low, "to_us": high})
