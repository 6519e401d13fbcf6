"""Roll-ups of readings: rows of every level, and the marks as a fold reads them. Nothing here commits."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from data.store import tables as t
from data.store.roll_marks import TABLES, Mark
from data.store.statements import Row, Statement

_NEXT = Statement(
    "SELECT metric_id, from_us, to_us, stamp FROM rolled_dirty WHERE (metric_id, from_us) > (:metric, :at)"
    " ORDER BY metric_id, from_us LIMIT :most"
)
_DONE = Statement("DELETE FROM rolled_dirty WHERE metric_id = :metric AND from_us = :from_us")
_COLUMNS = "at_us, readings, bad, covered_us, mean, low, high, last"
_READ = {
    level: Statement(
        f"SELECT {_COLUMNS} FROM {table.name} WHERE metric_id = :metric AND at_us >= :from_us"  # noqa: S608
        " AND at_us < :to_us ORDER BY at_us"
    )
    for level, table in TABLES.items()
}
_CLEAR = {
    level: Statement(
        f"DELETE FROM {table.name} WHERE metric_id = :metric AND at_us >= :from_us AND at_us < :to_us"  # noqa: S608
    )
    for level, table in TABLES.items()
}
_INSERT = {
    level: f"INSERT INTO {table.name} (metric_id, {_COLUMNS}) VALUES "  # noqa: S608
    for level, table in TABLES.items()
}


class Stretch(NamedTuple):
    """[from_us, to_us) of a metric."""

    metric_id: int
    from_us: int
    to_us: int


def marks_after(tx: Connection, metric_id: int, at_us: int, most: int) -> list[Mark]:
    """The next marks in order of metric and time."""
    return [Mark(*row) for row in _NEXT.rows(tx, {"metric": metric_id, "at": at_us, "most": most})]


def unchanged(tx: Connection, marks: Sequence[Mark]) -> set[Mark]:
    """Those that stand as they were read. They are locked until the transaction ends."""
    d = t.rolled_dirty.c
    found: set[Mark] = set()
    metrics = sorted({one.metric_id for one in marks})
    for start in range(0, len(metrics), 500):
        query = select(d.metric_id, d.from_us, d.to_us, d.stamp)
        part = query.where(d.metric_id.in_(metrics[start : start + 500])).order_by(d.metric_id, d.from_us)
        found |= {Mark(*row) for row in tx.execute(part.with_for_update())}
    return found & set(marks)


def unmark(tx: Connection, marks: Iterable[Mark]) -> None:
    """What was marked is done."""
    rows = [{"metric": one.metric_id, "from_us": one.from_us} for one in sorted(marks)]
    if rows:
        _DONE.run_many(tx, rows)


def read(tx: Connection, level: str, stretch: Stretch) -> list[Row]:
    """(at, readings, bad, covered, mean, low, high, last) of a stretch, in order."""
    values = {"metric": stretch.metric_id, "from_us": stretch.from_us, "to_us": stretch.to_us}
    return _READ[level].rows(tx, values)


def replace(tx: Connection, level: str, stretches: Iterable[Stretch], rows: Sequence[Row]) -> None:
    """Clear the stretches and write the rows (metric first) that belong there."""
    old = [{"metric": s.metric_id, "from_us": s.from_us, "to_us": s.to_us} for s in stretches]
    if old:
        _CLEAR[level].run_many(tx, old)
    insert(tx, level, rows)


def insert(tx: Connection, level: str, rows: Sequence[Row]) -> None:
    """Write rows (metric, at, readings, bad, covered, mean, low, high, last) that are not there."""
    if not rows:
        return
    if tx.dialect.name == "sqlite":
        tx.exec_driver_sql(_INSERT[level] + "(?,?,?,?,?,?,?,?,?)", list(rows))
        return
    if not tx.in_transaction():
        tx.begin()
    raw: Any = tx.connection.driver_connection
    name = TABLES[level].name
    with (
        raw.cursor() as cursor,
        cursor.copy(f"COPY {name} (metric_id, {_COLUMNS}) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.set_types(["int8"] * 5 + ["float8"] * 4)
        for row in rows:
            copy.write_row(row)
