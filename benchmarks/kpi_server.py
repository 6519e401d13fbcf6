"""PostgreSQL for benches: databases of their own on the server of the tests, and a copy of all rows."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Column, Table

from data.store.database import Database
from data.store.tables import metadata

VARIABLE = "TAKTWISE_TEST_POSTGRES_URL"


@contextmanager
def server(suffix: str = "") -> Iterator[Database | None]:
    """A database of its own on the server of the tests, dropped afterwards; None without a server."""
    if not os.environ.get(VARIABLE):
        yield None
        return
    name = f"taktwise_bench_{os.getpid()}{suffix}"
    _run(f'CREATE DATABASE "{name}"')
    other = database(name)
    try:
        other.create_all()
        yield other
    finally:
        other.close()
        drop(name)


def database(name: str) -> Database:
    """One of the server's databases."""
    return Database(os.environ[VARIABLE].rsplit("/", 1)[0] + "/" + name)


def drop(name: str) -> None:
    """Remove a database, if it is there."""
    _run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def kept(name: str, source: Database, report: Callable[[str], None]) -> Database:
    """The database of that name with all rows of `source`; made where the server has none."""
    if not _run(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):  # noqa: S608
        making = name + "_making"
        drop(making)
        _run(f'CREATE DATABASE "{making}"')
        other = database(making)
        other.create_all()
        copy(source, other, report)
        other.close()
        _run(f'ALTER DATABASE "{making}" RENAME TO "{name}"')
    return database(name)


def _run(statement: str) -> list[Any]:
    import psycopg

    plain = os.environ[VARIABLE].replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(plain, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def copy(source: Database, other: Database, report: Callable[[str], None]) -> None:
    """All rows of a SQLite database into the empty tables of PostgreSQL."""
    with source.read() as rows, other.write() as tx:
        tx.begin()  # the driver's own cursor begins nothing that could be committed
        for table in metadata.sorted_tables:
            count = _copy(rows.exec_driver_sql(_lines(table)).cursor, tx.connection.cursor(), table)
            if count > 100_000:
                report(f"copied {count} rows of {table.name} to PostgreSQL")
    with other.engine.connect() as connection:
        # As autovacuum leaves it: without it the first reads would set hint bits and read the heap.
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM (ANALYZE)")


def _copy(found: Any, cursor: Any, table: Table) -> int:
    names, count = ", ".join(f'"{column.name}"' for column in table.c), 0
    with cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as sink:
        while rows := found.fetchmany(20_000):
            count += len(rows)
            sink.write("\n".join(row[0] for row in rows) + "\n")
    return count


def _lines(table: Table) -> str:
    """Each row as a line in the text form of COPY; numbers to the last bit."""
    shown = " || char(9) || ".join(f"COALESCE({_plain(column)}, '\\N')" for column in table.c)
    return f"SELECT {shown} FROM {table.name}"  # noqa: S608


def _plain(column: Column[Any]) -> str:
    name, kind = f'"{column.name}"', str(column.type)
    if kind == "BOOLEAN":
        return f"CASE {name} WHEN 1 THEN 't' WHEN 0 THEN 'f' END"
    if kind == "BLOB":
        return f"'\\\\x' || hex({name})"
    if kind in ("FLOAT", "DOUBLE"):  # format() makes a 0 of NULL
        return f"CASE WHEN {name} IS NOT NULL THEN format('%!.17g', {name}) END"
    return name
