"""What meters say of many machines at once, with their neighbours outside the stretch.

One statement for all machines: fifty of them by one statement each cost more than their rows.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from data.store.statements import Row, Statement

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_UNITS = {
    "sqlite": "(SELECT key AS place, value AS unit FROM json_each(:units)) u CROSS",
    "postgresql": "(SELECT ordinality - 1 AS place, value AS unit"
    " FROM json_array_elements_text(CAST(:units AS JSON)) WITH ORDINALITY AS e(value, ordinality)) u",
}


def each_unit(sql: str) -> dict[str, Statement]:
    """A statement by dialect; `{units}` stands for a table (place, unit) made of the JSON list `:units`."""
    return {dialect: Statement(sql.format(units=units)) for dialect, units in _UNITS.items()}


_COUNTS = each_unit(
    "SELECT u.place, c.bucket_us, c.energy_kwh, c.good, c.scrap, c.metered FROM {units} JOIN counts c"
    " ON c.equipment_id = u.unit AND c.bucket_us >= :from_us AND c.bucket_us < :to_us"
)
_BEFORE = each_unit(
    "SELECT u.place, c.bucket_us, 0, 0, 0, 1 FROM {units} JOIN counts c ON c.equipment_id = u.unit"
    " AND c.bucket_us ="
    " (SELECT MAX(bucket_us) FROM counts WHERE equipment_id = u.unit AND bucket_us < :from_us"
    " AND bucket_us >= :low_us AND metered = 1)"
)
_AFTER = each_unit(
    "SELECT u.place, c.bucket_us, c.energy_kwh, 0, 0, 1 FROM {units} JOIN counts c ON c.equipment_id = u.unit"
    " AND c.bucket_us = (SELECT MIN(bucket_us) FROM counts WHERE equipment_id = u.unit"
    " AND bucket_us >= :to_us AND bucket_us < :high_us AND metered = 1)"
)


@dataclass(frozen=True, slots=True)
class Metered:
    """Rows (n,) by machine and time: the machine's place, bucket, kWh, good parts, scrap, and whether the
    meter was read in it. The last metered bucket before the stretch (its energy is 0 here) and the first one
    after it are among them, where near."""

    place: Ints
    bucket_us: Ints
    kwh: Floats
    good: Floats
    scrap: Floats
    metered: NDArray[np.bool_]


def metered(tx: Connection, units: Sequence[str], from_us: int, to_us: int, reach_us: int) -> Metered:
    """Counts of machines in [from, to), and their neighbours no further than `reach_us` away."""
    values = {"units": json.dumps(list(units)), "from_us": from_us, "to_us": to_us}
    near = values | {"low_us": from_us - reach_us, "high_us": to_us + reach_us}
    rows = _rows(tx, _COUNTS, values) + _rows(tx, _BEFORE, near) + _rows(tx, _AFTER, near)
    place, bucket = (np.fromiter((row[k] for row in rows), np.int64, len(rows)) for k in (0, 1))
    kwh, good, scrap = (np.fromiter((row[k] for row in rows), float, len(rows)) for k in (2, 3, 4))
    read = np.fromiter((row[5] for row in rows), bool, len(rows))
    order = np.lexsort((bucket, place))
    return Metered(place[order], bucket[order], kwh[order], good[order], scrap[order], read[order])


def _rows(tx: Connection, by_dialect: dict[str, Statement], values: dict[str, object]) -> list[Row]:
    return by_dialect[tx.dialect.name].rows(tx, values)
