"""Writes classified intervals and the roll-ups above them: cells, days, months, losses."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from data.store.statements import Row, Statement
from domain.measures import NAMES

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
_TWO_DAYS_US, _LONGEST_MONTH_US = 48 * 3_600_000_000, 33 * 24 * 3_600_000_000


def intervals_of(tx: Connection, unit: str, from_us: int, to_us: int) -> list[Row]:
    """The stored intervals that begin in [from_us, to_us), as INTERVAL."""
    return _INTERVALS.rows(tx, {"unit": unit, "from_us": from_us, "to_us": to_us})


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
) -> None:
    """Make the cells that begin in [from_us, to_us), and their losses, these."""
    stretch = {"unit": unit, "from_us": from_us, "to_us": to_us}
    _DROP_CELLS.run(tx, stretch)
    _DROP_LOSSES.run(tx, stretch)
    insert(tx, "kpi_cells", CELL, cells)
    insert(tx, "kpi_losses", LOSS, losses)


def add_up(tx: Connection, unit: str, days: tuple[int, int], months: tuple[int, int]) -> None:
    """Sum cells into days and days into months again, from the first to the last of each."""
    for steps, (first, last), near in (
        (_DAY_TEXTS, days, _TWO_DAYS_US),
        (_MONTH_TEXTS, months, _LONGEST_MONTH_US),
    ):
        values = {"unit": unit, "from_us": first, "to_us": last}
        for position, step in enumerate(steps):
            more = {"near_us": first, "end_us": last + near} if position == 3 else {}
            step.run(tx, {**values, **more})


def insert(tx: Connection, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Insert rows that are not there: executemany on SQLite, COPY on PostgreSQL where it is worth it."""
    if not rows:
        return
    names = ", ".join(columns)
    if tx.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        tx.exec_driver_sql(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(rows))
        return
    cursor: Any = tx.connection.cursor()
    if len(rows) < 100:
        marks = ", ".join(["%s"] * len(columns))
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(rows))
        return
    with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
