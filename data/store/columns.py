"""Long columns of whole numbers out of the database, as arrays."""

from operator import itemgetter

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from data.store.statements import Statement, Values

Ints = NDArray[np.int64]


class Columns:
    """A `key` of one table in its order with `small` columns, (name, bits), as arrays of whole numbers.

    A row costs SQLite's driver a tuple and an object a value: 0.6 us for three. Over long stretches all of
    a row comes as one number in one text instead, 0.15 us. Exact either way: where a number does not fit,
    the plain rows are read.
    """

    def __init__(self, table: str, where: str, key: str, small: tuple[tuple[str, int], ...] = ()) -> None:
        names, source = (key, *(name for name, _ in small)), f"FROM {table} WHERE {where}"
        self._bits = [bits for _, bits in small]
        self._plain = Statement(f"SELECT {', '.join(names)} {source} ORDER BY {key}")
        packed, room = key, 2 ** (63 - sum(self._bits))
        odd = [f"{key} NOT BETWEEN 0 AND {room - 1}"]
        for name, bits in small:
            packed = f"({packed}) * {2**bits} + {name}"
            odd.append(f"{name} NOT BETWEEN 0 AND {2**bits - 1}")
        self._packed = Statement(f"SELECT SUM({' OR '.join(odd)}), group_concat({packed}) {source}")

    def read(self, tx: Connection, values: Values, *, long: bool) -> list[Ints]:
        """One array a column, in the order of the names. `long` says that many rows are expected."""
        if long and tx.dialect.name == "sqlite":
            odd, text = self._packed.rows(tx, values)[0]
            if text and not odd:
                return self._unpacked(text)
        rows = self._plain.rows(tx, values)
        kinds = range(1 + len(self._bits))
        return [np.fromiter(map(itemgetter(k), rows), np.int64, len(rows)) for k in kinds]

    def _unpacked(self, text: str) -> list[Ints]:
        rest: Ints = np.fromstring(text, np.int64, sep=",")
        if (np.diff(rest) < 0).any():  # the order of a scan is SQLite's own affair
            rest.sort()
        found: list[Ints] = []
        for bits in reversed(self._bits):
            found.append(rest & (2**bits - 1))
            rest = rest >> bits
        return [rest, *reversed(found)]
