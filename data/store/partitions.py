"""On PostgreSQL, readings lie in one table a day (UTC), and in a default one for days that have none.

A day's table is made apart and then attached, which needs no lock on what is being read and written; only
the default table is locked, because rows of that day move out of it.
"""

import re
from datetime import UTC, datetime

from sqlalchemy import Connection, text

from domain.clock import DAY, SECOND

DEFAULT = "readings_default"
LOCK_KEY = 7_204_411  # of partitions, among PostgreSQL's advisory locks
_NAME = re.compile(r"readings_d(\d{8})")


def name_of(day_us: int) -> str:
    """`readings_d20261122`."""
    return f"readings_d{datetime.fromtimestamp(day_us / SECOND, UTC):%Y%m%d}"


def days(tx: Connection) -> dict[int, str]:
    """The tables by the day (its first microsecond) that they hold; empty on SQLite."""
    if tx.dialect.name == "sqlite":
        return {}
    names = tx.execute(
        text(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = 'readings'::regclass"
        )
    ).scalars()
    found = {}
    for name in names:
        match = _NAME.fullmatch(name)
        if match:
            day = datetime.strptime(match[1], "%Y%m%d").replace(tzinfo=UTC)
            found[int(day.timestamp()) * SECOND] = name
    return dict(sorted(found.items()))


def mine_alone(tx: Connection) -> bool:
    """True when nobody else works on the tables, until the transaction ends."""
    alone: bool = tx.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": LOCK_KEY}).scalar_one()
    return alone


def wait_at_most(tx: Connection, seconds: float) -> None:
    """Give a lock up that does not come: ingest must not queue behind us."""
    tx.execute(text(f"SET LOCAL lock_timeout = '{round(seconds * 1_000)}ms'"))


def add(tx: Connection, day_us: int) -> int:
    """Make the table of a day; returns how many rows of that day lay in the default one."""
    name, end_us = name_of(day_us), day_us + DAY
    tx.execute(text(f"LOCK TABLE {DEFAULT} IN ACCESS EXCLUSIVE MODE"))
    tx.execute(text(f"CREATE TABLE {name} (LIKE readings INCLUDING ALL)"))
    moved = tx.execute(
        text(
            f"WITH moved AS (DELETE FROM {DEFAULT} WHERE source_us >= {day_us} AND source_us < {end_us}"  # noqa: S608
            f" RETURNING *) INSERT INTO {name} SELECT * FROM moved"
        )
    ).rowcount
    tx.execute(text(f"ALTER TABLE readings ATTACH PARTITION {name} FOR VALUES FROM ({day_us}) TO ({end_us})"))
    return moved


def drop(tx: Connection, name: str) -> None:
    """Drop the table of a day with its readings."""
    tx.execute(text(f"DROP TABLE {name}"))


def strays(tx: Connection) -> dict[int, int]:
    """How many rows lie in the default table, by day; empty on SQLite."""
    if tx.dialect.name == "sqlite":
        return {}
    rows = tx.execute(
        text(
            f"SELECT source_us - source_us % {DAY} AS day_us, count(*) FROM {DEFAULT}"  # noqa: S608
            " GROUP BY day_us ORDER BY day_us"
        )
    )
    return {row[0]: row[1] for row in rows}


def holds_any(tx: Connection, name: str, metric_ids: list[int]) -> bool:
    """Does a day's table hold a reading of one of these metrics?"""
    query = text(
        f"SELECT EXISTS (SELECT 1 FROM unnest(CAST(:ids AS int8[])) AS m(id) WHERE EXISTS"  # noqa: S608
        f" (SELECT 1 FROM {name} r WHERE r.metric_id = m.id))"
    )
    found: bool = tx.execute(query, {"ids": metric_ids}).scalar_one()
    return found
