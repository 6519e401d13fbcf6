"""A database of the virtual plant's MES or ERP: SQLite file or PostgreSQL schema.

Each commit gets a stamp (`updated_at` of all its rows) that is larger than that of every commit
before it, so a reader with a watermark misses nothing.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    case,
    create_engine,
    event,
    inspect,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.schema import CreateSchema

Row = Mapping[str, Any]


def add_stamp(metadata: MetaData) -> Table:
    """The one-row table that holds the last stamp."""
    return Table(
        "stamp",
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("value", BigInteger, nullable=False),
    )


@dataclass(frozen=True, slots=True)
class Writer:
    """An open unit of work and its stamp (microseconds, plant time or a little later)."""

    tx: Connection
    stamp: int

    def insert_new(self, table: Table, row: Row) -> bool:
        """Insert a row; False when its key is there already."""
        statement = _insert(self.tx, table).values(**row).on_conflict_do_nothing()
        key = next(iter(table.primary_key))
        return self.tx.execute(statement.returning(key)).first() is not None

    def upsert(self, table: Table, rows: Iterable[Row]) -> None:
        """Insert rows, or overwrite those with the same key; `updated_at` is set where it exists."""
        stamped = [dict(row, updated_at=self.stamp) if "updated_at" in table.c else dict(row) for row in rows]
        if not stamped:
            return
        keys = [column.name for column in table.primary_key]
        statement = _insert(self.tx, table)
        others = {name: statement.excluded[name] for name in stamped[0] if name not in keys}
        self.tx.execute(statement.on_conflict_do_update(index_elements=keys, set_=others), stamped)


class Records:
    """One database with its own MetaData. Thread-safe; every use opens a connection of the pool."""

    def __init__(self, url: str, metadata: MetaData, *, schema: str | None = None) -> None:
        self.url, self.schema = url, schema
        self._stamp = metadata.tables["stamp"]
        self.engine = _engine(url, schema)
        with self._begin() as tx:
            if schema and tx.dialect.name == "postgresql":
                tx.execute(CreateSchema(schema, if_not_exists=True))
            metadata.create_all(tx)
            _add_columns(tx, metadata)
            tx.execute(_insert(tx, self._stamp).values(id=1, value=0).on_conflict_do_nothing())

    @contextmanager
    def write(self, now_us: int) -> Iterator[Writer]:
        """One unit of work, committed at the end of the block. Writers take turns."""
        column = self._stamp.c.value
        later = case((column >= now_us, column + 1), else_=now_us)
        with self._begin() as tx:
            stamp = tx.execute(self._stamp.update().values(value=later).returning(column)).scalar_one()
            yield Writer(tx, stamp)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A snapshot; nothing is committed."""
        with self.engine.connect() as tx:
            if tx.dialect.name == "sqlite":
                tx.exec_driver_sql("BEGIN DEFERRED")
            yield tx
            tx.rollback()

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        with self.engine.connect() as tx:
            if tx.dialect.name == "sqlite":
                tx.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield tx
            except BaseException:
                tx.rollback()
                raise
            tx.commit()

    def read_only_url(self, role: str | None = None, password: str | None = None) -> str:
        """A URL with which others can read and not write.

        PostgreSQL: for a role that `grant_reader` was given; its search path is the schema.
        """
        parsed = make_url(self.url)
        if parsed.get_backend_name() == "sqlite":
            return f"sqlite:///file:{Path(str(parsed.database)).resolve()}?mode=ro&uri=true"
        reader = parsed.set(username=role, password=password)
        options = f"-csearch_path={self.schema} -cdefault_transaction_read_only=on"
        return reader.update_query_dict({"options": options}).render_as_string(hide_password=False)

    def grant_reader(self, role: str, password: str, tables: Sequence[Table]) -> None:
        """PostgreSQL: make a role that may read these tables and nothing else."""
        with self._begin() as tx:
            quote = tx.dialect.identifier_preparer.quote
            known = text("SELECT 1 FROM pg_roles WHERE rolname = :role")
            if tx.execute(known, {"role": role}).scalar() is None:
                secret = password.replace("'", "''")
                tx.exec_driver_sql(f"CREATE ROLE {quote(role)} LOGIN PASSWORD '{secret}'".replace("%", "%%"))
            tx.exec_driver_sql(f"GRANT USAGE ON SCHEMA {quote(str(self.schema))} TO {quote(role)}")
            for table in tables:
                tx.exec_driver_sql(
                    f"GRANT SELECT ON {quote(str(self.schema))}.{quote(table.name)} TO {quote(role)}"
                )

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def _add_columns(tx: Connection, metadata: MetaData) -> None:
    """Columns that came after a database was made; they may be empty in its older rows."""
    look = inspect(tx)
    for table in metadata.sorted_tables:
        known = {column["name"] for column in look.get_columns(table.name)}
        for column in table.columns:
            if column.name not in known and column.nullable:
                kind = column.type.compile(tx.dialect)
                tx.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {column.name} {kind}")


def _insert(tx: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if tx.dialect.name == "sqlite" else postgresql.insert(table)


def _engine(url: str, schema: str | None) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, connect_args={"timeout": 30, "check_same_thread": False})
        event.listen(engine, "connect", _sqlite_connect)
        return engine
    options = {"options": f"-csearch_path={schema}"} if schema else {}
    return create_engine(parsed, connect_args=options, pool_pre_ping=True)


def _sqlite_connect(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()
