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
    """Columns of one table as arrays, by their first column: `whole` numbers, three doubles that `count`
    (small whole numbers as a rule), and other `real` doubles.

    A row costs SQLite's driver a tuple and an object a value: 1.2 us for five. Over long stretches whole
    numbers come as one text instead, 0.1 us each, the three that count as one number, and the others in
    units of 2**-55: differences of counters fit, because a counter itself has no finer digits. Exact either
    way: where they do not fit, the plain rows are read.
    """

    def __init__(
        self, table: str, where: str, *, whole: tuple[str, ...], count: tuple[str, str, str] | None = None,
        real: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        names = (*whole, *(count or ()), *real)
        self._kinds = [np.int64] * len(whole) + [np.float64] * (len(names) - len(whole))
        self._count, self._real = count is not None, len(real)
        source = f"FROM {table} WHERE {where}"
        self._plain = Statement(f"SELECT {', '.join(names)} {source} ORDER BY {whole[0]}")
        texts, odd = [*whole], []
        if count is not None:
            a, b, c = count
            together = f"(CAST({a} AS INTEGER) * {_K} + CAST({b} AS INTEGER)) * {_K} + CAST({c} AS INTEGER)"
            texts.append(together)
            odd.append(f"({a} * {_K} + {b}) * {_K} + {c} <> {together}")
            odd.append(f"{b} >= {_K} OR {c} >= {_K} OR {a} < 0 OR {b} < 0 OR {c} < 0")
        for name in real:
            texts.append(f"CAST({name} * {_FINE} AS INTEGER)")
            odd.append(f"{name} * {_FINE} <> {texts[-1]}")  # a cast of 256 and more stops short
        concats = ", ".join(f"group_concat({text})" for text in texts)
        flaws = f"SUM({' OR '.join(odd)})" if odd else "0"
        self._packed = Statement(f"SELECT {flaws}, {concats} {source}")

    def read(self, tx: Connection, values: Values, *, long: bool) -> list[NDArray[Any]]:
        """One array a column, in the order of the names. `long` says that many rows are expected."""
        if long and tx.dialect.name == "sqlite":
            odd, *texts = self._packed.rows(tx, values)[0]
            if odd == 0 and texts[0]:
                return self._unpacked(texts)
        return _columns(self._plain.rows(tx, values), self._kinds)

    def _unpacked(self, texts: list[str]) -> list[NDArray[Any]]:
        found: list[NDArray[Any]] = [np.fromstring(text, np.int64, sep=",") for text in texts]
        if (np.diff(found[0]) < 0).any():  # the order of a scan is SQLite's own affair
            order = np.argsort(found[0])
            found = [column[order] for column in found]
        real = [found.pop() / _FINE for _ in range(self._real)][::-1]
        if self._count:
            rest, third = np.divmod(found.pop(), _K)
            found += [column.astype(np.float64) for column in (*np.divmod(rest, _K), third)]
        return [*found, *real]


_K, _FINE = 2**15, 2**55


def _columns(rows: list[Row], kinds: list[Any]) -> list[NDArray[Any]]:
    return [np.fromiter(map(itemgetter(k), rows), kind, len(rows)) for k, kind in enumerate(kinds)]
