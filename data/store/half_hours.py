"""Half hours of machines as the scorer has worked them out, so that a new process need not read raw values.

A row holds the mean of each gauge and the share of the half hour that was covered. Ingest deletes the rows
in which a value arrives late: they are then worked out from raw values again.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, select

from data.store import tables as t
from data.store.upsert import upsert
from domain.clock import HOUR, MINUTE

HALF_US = 30 * MINUTE
LATE_US = HOUR  # what arrives later than this may lie in a half hour that is kept


class HalfHour(NamedTuple):
    """`bin` is time // HALF_US; `mean` are float64 bytes, in the order of the gauges."""

    bin: int
    mean: bytes
    seen: float


def save(tx: Connection, equipment_id: str, rows: Sequence[HalfHour]) -> None:
    """Keep half hours of a machine."""
    table = [{"equipment_id": equipment_id, **row._asdict()} for row in rows]
    upsert(tx, t.half_hours, table, ["equipment_id", "bin"])


def load(tx: Connection, equipment_id: str, first: int, last: int) -> list[HalfHour]:
    """The half hours of a machine from `first` on without a hole, up to `last`."""
    h = t.half_hours.c
    query = select(h.bin, h.mean, h.seen).where(h.equipment_id == equipment_id, h.bin.between(first, last))
    rows = [HalfHour(*row) for row in tx.execute(query.order_by(h.bin))]
    return [row for place, row in enumerate(rows) if row.bin == first + place]


def forget(tx: Connection, late: Iterable[tuple[str, int]]) -> None:
    """Delete the half hours that a late value at (equipment, time) may change: its own and the next."""
    h = t.half_hours.c
    for equipment_id, bin_ in {(unit, at_us // HALF_US) for unit, at_us in late}:
        tx.execute(delete(t.half_hours).where(h.equipment_id == equipment_id, h.bin.between(bin_, bin_ + 1)))
