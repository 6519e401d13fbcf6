"""SQL for paths that run at every fact: one text for both databases, sent without building a query.

Measured for one row on SQLite: 110 us through a query of SQLAlchemy Core, 40 through text(), 20 through
exec_driver_sql, 4 here, where the driver itself is asked. sqlite3 keeps a statement's prepared form, psycopg
prepares it at its fifth use. Errors are those of SQLAlchemy all the same.
"""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

Row = tuple[Any, ...]
Values = dict[str, Any]
_NAME = re.compile(r"(?<!:):(\w+)")


def ask(tx: Connection, text: str, values: Values) -> Any:
    """The driver's cursor after one statement, within the transaction. Raises as SQLAlchemy does.

    PostgreSQL sends what it finds as bytes: as text, packed columns are twice as long, and to be parsed."""
    form = {} if tx.dialect.name == "sqlite" else {"binary": True}
    return _with_driver(tx, text, values, lambda raw: raw.execute(text, values, **form))


def ask_many(tx: Connection, text: str, values: Sequence[Any]) -> None:
    """One statement, once for each of the values. Raises as SQLAlchemy does."""
    _with_driver(tx, text, values, lambda raw: raw.cursor().executemany(text, values))


def _with_driver(tx: Connection, text: str, values: Any, work: Callable[[Any], Any]) -> Any:
    if not tx.in_transaction():
        tx.begin()  # else SQLAlchemy would know of nothing to commit
    raw, dialect = tx.connection.dbapi_connection, tx.dialect
    driver: Any = dialect.loaded_dbapi
    try:
        return work(raw)
    except driver.Error as error:
        broken = dialect.is_disconnect(error, tx.connection, None)
        if broken:
            tx.invalidate(error)
        raise DBAPIError.instance(
            text, values, error, driver.Error, connection_invalidated=broken, dialect=dialect
        ) from error


class Statement:
    """One SQL statement; its parameters are written `:name`."""

    def __init__(self, sql: str) -> None:
        self._sqlite, self._postgres = sql, _NAME.sub(r"%(\1)s", sql)

    def rows(self, tx: Connection, values: Values) -> list[Row]:
        """All rows as the driver gives them, without a wrapper each."""
        found: list[Row] = ask(tx, self._text(tx), values).fetchall()
        return found

    def run(self, tx: Connection, values: Values) -> int:
        """Run it; returns the number of rows that it changed."""
        changed: int = ask(tx, self._text(tx), values).rowcount
        return changed

    def run_many(self, tx: Connection, values: list[Values]) -> None:
        """Run it once for each."""
        ask_many(tx, self._text(tx), values)

    def _text(self, tx: Connection) -> str:
        return self._sqlite if tx.dialect.name == "sqlite" else self._postgres


def below(equipment_id: str) -> str:
    """What lies below some equipment, as a pattern for `LIKE :pattern ESCAPE '!'`."""
    escaped = re.sub("[!%_]", r"!\g<0>", equipment_id)
    return f"{escaped}/%"


_AMONG = {"sqlite": r"IN (SELECT value FROM json_each(:\1))", "postgresql": r"= ANY(:\1)"}
_LIST = re.compile(r"\{among:(\w+)\}")
_BY = {"sqlite": r"INDEXED BY \1", "postgresql": ""}
_INDEX = re.compile(r"\{by:(\w+)\}")


class Among:
    """A statement about some machines: `{among}` in its text holds a column to those listed, `{among:name}`
    to a list of the values. `{by:name}` after a table holds SQLite to an index of it, which it would not
    choose without statistics; PostgreSQL always has them."""

    def __init__(self, sql: str) -> None:
        named = sql.replace("{among}", "{among:units}")
        self._by_dialect = {
            name: Statement(_INDEX.sub(_BY[name], _LIST.sub(text, named))) for name, text in _AMONG.items()
        }

    def rows(self, tx: Connection, units: Sequence[str], values: Values) -> list[Row]:
        """All rows as the driver gives them."""
        given = {"units": list(units), **values}
        if tx.dialect.name == "sqlite":
            given = {name: json.dumps(v) if isinstance(v, list) else v for name, v in given.items()}
        return self._by_dialect[tx.dialect.name].rows(tx, given)
