"""SQL for paths that run at every fact: one text for both databases, sent without building a query.

Measured for one row on SQLite: 110 us through a query of SQLAlchemy Core, 40 through text(), 20 here.
sqlite3 keeps a statement's prepared form, psycopg prepares it at its fifth use.
"""

import re
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

Row = tuple[Any, ...]
Values = dict[str, Any]
_NAME = re.compile(r"(?<!:):(\w+)")


class Statement:
    """One SQL statement; its parameters are written `:name`."""

    def __init__(self, sql: str) -> None:
        self._sqlite, self._postgres = sql, _NAME.sub(r"%(\1)s", sql)

    def rows(self, tx: Connection, values: Values) -> list[Row]:
        """All rows as the driver gives them, without a wrapper each."""
        cursor: Any = tx.exec_driver_sql(self._text(tx), values).cursor
        found: list[Row] = cursor.fetchall()
        return found

    def run(self, tx: Connection, values: Values) -> int:
        """Run it; returns the number of rows that it changed."""
        return tx.exec_driver_sql(self._text(tx), values).rowcount

    def run_many(self, tx: Connection, values: list[Values]) -> None:
        """Run it once for each."""
        tx.exec_driver_sql(self._text(tx), values)

    def _text(self, tx: Connection) -> str:
        return self._sqlite if tx.dialect.name == "sqlite" else self._postgres


class Columns:
    """Columns of one table as arrays, by their first column: `whole` numbers, doubles that `count` (whole
    ones as a rule), and other `real` doubles.

    A row costs SQLite's driver a tuple and an object a value: 1.2 us for five. Over long stretches whole
    numbers come as one text instead, 0.1 us each. Exact either way.
    """

    def __init__(
        self, table: str, where: str, *, whole: tuple[str, ...], count: tuple[str, ...] = (),
        real: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self._kinds = [*(np.int64 for _ in whole), *(np.float64 for _ in (*count, *real))]
        self._names, self._real = (*whole, *count, *real), real
        self._plain = Statement(
            f"SELECT {', '.join(self._names)} FROM {table} WHERE {where} ORDER BY {whole[0]}"  # noqa: S608
        )
        uneven = " + ".join(f"SUM({name} <> CAST({name} AS INTEGER))" for name in count) or "0"
        texts = ", ".join(f"group_concat(CAST({name} AS INTEGER))" for name in (*whole, *count))
        inner = f"SELECT {', '.join((*whole, *count))} FROM {table} WHERE {where} ORDER BY {whole[0]}"  # noqa: S608
        self._packed = Statement(f"SELECT {uneven}, {texts} FROM ({inner})")  # noqa: S608
        self._others = Statement(
            f"SELECT {', '.join(real)} FROM {table} WHERE {where} ORDER BY {whole[0]}"  # noqa: S608
        )

    def read(self, tx: Connection, values: Values, *, long: bool) -> list[NDArray[Any]]:
        """One array a column, in the order of the names. `long` says that many rows are expected."""
        if long and tx.dialect.name == "sqlite":
            uneven, *texts = self._packed.rows(tx, values)[0]
            if uneven == 0 and texts[0]:
                packed = [np.fromstring(text, np.int64, sep=",") for text in texts]
                found = [column.astype(kind) for column, kind in zip(packed, self._kinds, strict=False)]
                rest = self._others.rows(tx, values) if self._real else []
                return [*found, *_columns(rest, [np.float64] * len(self._real))]
        return _columns(self._plain.rows(tx, values), self._kinds)


def _columns(rows: list[Row], kinds: list[Any]) -> list[NDArray[Any]]:
    return [np.fromiter(map(itemgetter(k), rows), kind, len(rows)) for k, kind in enumerate(kinds)]
