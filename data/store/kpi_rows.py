"""Writes classified intervals and the roll-ups above them: cells, days, months, losses."""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection

from data.store.statements import Among, Row, Statement, ask_many
from domain.measures import NAMES
from domain.time_model import Leaf

INTERVAL = (
    "equipment_id", "from_us", "to_us", "leaf", "cause", "state", "source", "charged_to", "order_id",
    "product_id", "off_plan", "provisional",
)  # fmt: skip
CELL = ("equipment_id", "from_us", "order_id", "product_id", "shift", "to_us", "day_us", "month_us", *NAMES)
LOSS = (
    "level", "equipment_id", "from_us", "cause", "charged_to", "shift", "day_us", "month_us", "lost_us",
    "times",
)  # fmt: skip
_SUMS = ", ".join(f"SUM({name})" for name in NAMES)
_LIST = ", ".join(NAMES)
_STRETCH = " WHERE equipment_id = :unit AND from_us >= :from_us AND from_us < :to_us"
_INTERVALS = Statement(f"SELECT {', '.join(INTERVAL)} FROM intervals{_STRETCH} ORDER BY from_us")
_STRIPS, _STANDING = (
    Among(
        "SELECT equipment_id, from_us, to_us, leaf, cause, state, off_plan, charged_to FROM intervals"
        f" WHERE equipment_id {{among}} AND from_us >= :from_us AND from_us < :to_us{more}"
        " ORDER BY equipment_id, from_us"
    )
    for more in ("", f" AND leaf IN ('{Leaf.DOWN}', '{Leaf.DELAY}')")
)
_DROP_INTERVALS = Statement(f"DELETE FROM intervals{_STRETCH}")
_DROP_CELLS = Statement(f"DELETE FROM kpi_cells{_STRETCH}")
_DROP_LOSSES = Statement(f"DELETE FROM kpi_losses{_STRETCH} AND level = 'cell'")
_DAYS = " WHERE equipment_id = :unit AND day_us >= :from_us AND day_us <= :to_us"
_MONTHS = " WHERE equipment_id = :unit AND month_us >= :from_us AND month_us <= :to_us"
_DAY_STEPS = (
    f"DELETE FROM kpi_days{_DAYS}",
    "INSERT INTO kpi_days (equipment_id, day_us, shift, product_id, month_us, "
    f"{_LIST}) SELECT equipment_id, day_us, shift, product_id, MIN(month_us), {_SUMS} FROM kpi_cells{_DAYS}"
    " GROUP BY equipment_id, day_us, shift, product_id",
    "DELETE FROM kpi_losses WHERE level = 'day' AND equipment_id = :unit AND from_us >= :from_us"
    " AND from_us <= :to_us",
    f"INSERT INTO kpi_losses ({', '.join(LOSS)}) SELECT 'day', equipment_id, day_us, cause, charged_to, '',"
    f" day_us, MIN(month_us), SUM(lost_us), SUM(times) FROM kpi_losses{_DAYS} AND level = 'cell'"
    " AND from_us >= :near_us AND from_us < :end_us GROUP BY equipment_id, day_us, cause, charged_to",
)
_MONTH_STEPS = (
    f"DELETE FROM kpi_months{_MONTHS}",
    f"INSERT INTO kpi_months (equipment_id, month_us, shift, product_id, {_LIST}) SELECT equipment_id,"
    f" month_us, shift, product_id, {_SUMS} FROM kpi_days{_MONTHS}"
    " GROUP BY equipment_id, month_us, shift, product_id",
    "DELETE FROM kpi_losses WHERE level = 'month' AND equipment_id = :unit AND from_us >= :from_us"
    " AND from_us <= :to_us",
    f"INSERT INTO kpi_losses ({', '.join(LOSS)}) SELECT 'month', equipment_id, month_us, cause, charged_to,"
    f" '', month_us, month_us, SUM(lost_us), SUM(times) FROM kpi_losses{_MONTHS} AND level = 'day'"
    " AND from_us >= :near_us AND from_us < :end_us GROUP BY equipment_id, month_us, cause, charged_to",
)
_DAY_TEXTS = tuple(Statement(step) for step in _DAY_STEPS)
_MONTH_TEXTS = tuple(Statement(step) for step in _MONTH_STEPS)
_ONE_GROUP = " AND shift = :shift AND product_id = :product"
_GROUP_TEXTS = (
    Statement(_MONTH_STEPS[0] + _ONE_GROUP),
    Statement(_MONTH_STEPS[1].replace(_MONTHS, _MONTHS + _ONE_GROUP)),
)
_GROUPS = Statement(f"SELECT DISTINCT shift, product_id FROM kpi_cells{_STRETCH}")
_LOSSES = Statement(f"SELECT {', '.join(LOSS)} FROM kpi_losses{_STRETCH} AND level = 'cell'")
_MARKS = {"sqlite": ", ".join("?" * len(LOSS)), "postgresql": ", ".join(["%s"] * len(LOSS))}
_ADD = (
    f"INSERT INTO kpi_losses ({', '.join(LOSS)}) VALUES ({{}})"
    " ON CONFLICT (level, equipment_id, from_us, cause,"
    " charged_to) DO UPDATE SET lost_us = kpi_losses.lost_us + excluded.lost_us,"
    " times = kpi_losses.times + excluded.times"
)
_ADDS = {dialect: _ADD.format(marks) for dialect, marks in _MARKS.items()}
_CLEAR = Statement(
    "DELETE FROM kpi_losses WHERE level = :level AND equipment_id = :unit AND from_us = :from_us"
    " AND cause = :cause AND charged_to = :charged_to AND times = 0 AND lost_us = 0"
)
FEW_GROUPS = 4
Group = tuple[str, str]  # shift, product
_TWO_DAYS_US, _LONGEST_MONTH_US = 48 * 3_600_000_000, 33 * 24 * 3_600_000_000


def intervals_of(tx: Connection, unit: str, from_us: int, to_us: int) -> list[Row]:
    """The stored intervals that begin in [from_us, to_us), as INTERVAL."""
    return _INTERVALS.rows(tx, {"unit": unit, "from_us": from_us, "to_us": to_us})


def strips_of(
    tx: Connection, units: Sequence[str], from_us: int, to_us: int, *, standing: bool = False
) -> dict[str, list[tuple[Any, ...]]]:
    """By machine the columns (from, to, leaf, cause, state, off plan, charged to) of the stored intervals
    that begin in [from_us, to_us), by time; without the machines that have none. `standing`: only those in
    which a machine was down or delayed."""
    rows = (_STANDING if standing else _STRIPS).rows(tx, units, {"from_us": from_us, "to_us": to_us})
    return {unit: list(zip(*its, strict=True))[1:] for unit, its in groupby(rows, key=itemgetter(0))}


def replace_intervals(
    tx: Connection, unit: str, span: tuple[int, int], stored: Sequence[Row], rows: Sequence[Row]
) -> None:
    """Make the intervals that begin in a span, now `stored`, these; what is the same is not touched."""
    from_us, to_us = span
    old = {row[1]: row for row in stored}
    new = {row[1]: row for row in rows}
    if not old:
        insert(tx, "intervals", INTERVAL, rows)
        return
    changed = [row for at, row in new.items() if old.get(at) != row]
    gone = [at for at in old if at not in new or old[at] != new[at]]
    if len(gone) > len(old) // 2:
        _DROP_INTERVALS.run(tx, {"unit": unit, "from_us": from_us, "to_us": to_us})
        changed = list(rows)
    else:
        for at in gone:
            _DROP_INTERVALS.run(tx, {"unit": unit, "from_us": at, "to_us": at + 1})
    insert(tx, "intervals", INTERVAL, changed)


def replace_cells(
    tx: Connection, unit: str, from_us: int, to_us: int, cells: Sequence[Row], losses: Sequence[Row]
) -> set[Group]:
    """Make the cells that begin in [from_us, to_us), and their losses (of the days and months, too), these.
    Returns the shifts and products that they had before and have now."""
    stretch = {"unit": unit, "from_us": from_us, "to_us": to_us}
    groups = set(_GROUPS.rows(tx, stretch)) | {(row[4], row[3]) for row in cells}
    _DROP_CELLS.run(tx, stretch)
    insert(tx, "kpi_cells", CELL, cells)
    _replace_losses(tx, stretch, losses)
    return groups


def _replace_losses(tx: Connection, stretch: dict[str, Any], losses: Sequence[Row]) -> None:
    old, new = set(_LOSSES.rows(tx, stretch)), set(losses)
    if old == new:
        return
    moved: dict[Row, list[int]] = {}
    for rows, sign in ((old - new, -1), (new - old, 1)):
        for _, unit, _, cause, charged, _, day, month, us, times in rows:
            for level, since in (("day", day), ("month", month)):
                amount = moved.setdefault((level, unit, since, cause, charged, "", since, month), [0, 0])
                amount[0] += sign * us
                amount[1] += sign * times
    _DROP_LOSSES.run(tx, stretch)
    insert(tx, "kpi_losses", LOSS, losses)
    book_losses(tx, [(*key, *much) for key, much in moved.items() if any(much)])


def book_losses(tx: Connection, rows: Sequence[Row]) -> None:
    """Add to losses (rows as LOSS, amounts may be below zero), and drop those that nothing is left of."""
    if not rows:
        return
    ask_many(tx, _ADDS[tx.dialect.name], rows)
    names = ("level", "unit", "from_us", "cause", "charged_to")
    _CLEAR.run_many(
        tx, [dict(zip(names, row[:5], strict=True)) for row in rows if row[8] <= 0 or row[9] <= 0]
    )


def add_up(tx: Connection, unit: str, days: tuple[int, int], months: tuple[int, int]) -> None:
    """Sum cells and their losses into days and days into months again, from the first to the last of each."""
    for steps, (first, last), near in (
        (_DAY_TEXTS, days, _TWO_DAYS_US),
        (_MONTH_TEXTS, months, _LONGEST_MONTH_US),
    ):
        values = {"unit": unit, "from_us": first, "to_us": last}
        for position, step in enumerate(steps):
            more = {"near_us": first, "end_us": last + near} if position == 3 else {}
            step.run(tx, {**values, **more})


def add_up_cells(
    tx: Connection, unit: str, days: tuple[int, int], months: tuple[int, int], groups: set[Group]
) -> None:
    """The same for cells of these shifts and products, whose losses are booked already."""
    for step in _DAY_TEXTS[:2]:
        step.run(tx, {"unit": unit, "from_us": days[0], "to_us": days[1]})
    values = {"unit": unit, "from_us": months[0], "to_us": months[1]}
    if len(groups) > FEW_GROUPS:
        for step in _MONTH_TEXTS[:2]:
            step.run(tx, values)
        return
    for shift, product in groups:
        for step in _GROUP_TEXTS:
            step.run(tx, {**values, "shift": shift, "product": product})


def insert(tx: Connection, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Insert rows that are not there: executemany on SQLite, COPY on PostgreSQL where it is worth it."""
    if not rows:
        return
    names = ", ".join(columns)
    if tx.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        ask_many(tx, f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)
        return
    cursor: Any = tx.connection.cursor()
    if len(rows) < 100:
        marks = ", ".join(["%s"] * len(columns))
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(rows))
        return
    with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
