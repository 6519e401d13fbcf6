"""Quarter hours kept by machine and UTC day, equal to those made from the facts at any time.

A quarter hour is packed once it is over, whether the machine was heard or not. A fact that comes later,
or ends a gap that reached into it, makes its day stale (in the transaction that brings the figures up to
date), and the day is packed anew. Days of a machine lie without a hole between its first and its newest one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from sqlalchemy import Connection, delete, select

from data.store import tables as t
from data.store.database import Database
from data.store.statements import Among, Statement
from data.store.upsert import upsert
from domain.clock import DAY, MINUTE
from domain.energy import QUARTER_US
from domain.equipment import site_of
from domain.time_model import Span
from services.energy import buckets
from services.energy.buckets import QUARTER, REACH_US, Quarters
from services.rollups import BUCKET_US

BLOCK_US = DAY
SETTLED_US = 10 * MINUTE  # after its end, so that the last messages of a quarter hour are in
STEPS = 12  # days in a turn: a year of history is packed in minutes, and figures do not wait for it
_BLOCKS = Among(
    "SELECT equipment_id, block_us, packed FROM energy_blocks WHERE equipment_id {among}"
    " AND block_us > :from_us AND block_us < :to_us"
)
_ENDS = Statement(
    "SELECT p.equipment_id, p.from_us,"
    " (SELECT MIN(block_us) FROM energy_blocks b WHERE b.equipment_id = p.equipment_id),"
    " (SELECT upto_us FROM energy_blocks b WHERE b.equipment_id = p.equipment_id"
    " ORDER BY block_us DESC LIMIT 1) FROM kpi_progress p"
)
_UPTO = Statement(
    "SELECT upto_us FROM energy_blocks WHERE equipment_id = :unit ORDER BY block_us DESC LIMIT 1"
)
_BEFORE = Statement(
    "SELECT MAX(bucket_us) FROM counts WHERE equipment_id = :unit AND bucket_us < :at AND bucket_us >= :low"
    " AND metered = 1"
)
_AFTER = Statement(
    "SELECT MIN(bucket_us) FROM counts WHERE equipment_id = :unit AND bucket_us >= :at AND bucket_us < :high"
    " AND metered = 1"
)
_STALE = Statement(
    "INSERT INTO energy_stale (equipment_id, block_us) VALUES (:unit, :block_us) ON CONFLICT DO NOTHING"
)
_PLAIN = np.dtype((np.void, QUARTER.itemsize))
Stretch = tuple[int, int, list[int]]  # from, to, places of machines


def floor(at_us: int) -> int:
    """The start of the day in which a moment lies."""
    return at_us - at_us % BLOCK_US


def read(tx: Connection, units: Sequence[str], from_us: int, cells: Quarters) -> list[Stretch]:
    """Put what is stored into `cells` (u, q), whose first quarter hour is `from_us`; returns what is not
    stored and must be made from the facts."""
    to_us = from_us + cells.shape[1] * QUARTER_US
    begun = {row[0]: row[1] for row in _ENDS.rows(tx, {})}
    days: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
    for unit, *day in _BLOCKS.rows(tx, units, {"from_us": from_us - BLOCK_US, "to_us": to_us}):
        days[unit].append((day[0], day[1]))
    missing: dict[tuple[int, int], list[int]] = defaultdict(list)
    plain = cells.view(_PLAIN)  # else numpy copies name by name
    for place, unit in enumerate(units):
        rows = sorted(days[unit])
        found = np.frombuffer(b"".join(packed for _, packed in rows), QUARTER)
        first = rows[0][0] if rows else from_us
        end = first + len(found) * QUARTER_US
        if rows and not rows[-1][0] < end <= rows[-1][0] + BLOCK_US:
            raise AssertionError(f"the days of {unit} have a hole")
        low, high = max(first, from_us), max(from_us, min(end, to_us))
        inside = found[(low - first) // QUARTER_US : (high - first) // QUARTER_US]
        begin = (low - from_us) // QUARTER_US
        plain[place, begin : begin + len(inside)] = inside.view(_PLAIN)
        if high < to_us:
            missing[high, to_us].append(place)
        if from_us < low < high and begun.get(unit, low) < low:
            missing[from_us, low].append(place)
    return [(low, high, places) for (low, high), places in missing.items()]


def touch(tx: Connection, stretches: Mapping[str, Iterable[Span]]) -> None:
    """Mark the days that facts in these stretches (by machine) may change. What lies after the newest packed
    quarter hour is packed later anyway."""
    rows = []
    for unit, spans in stretches.items():
        upto = _UPTO.rows(tx, {"unit": unit})
        stale = {block for span in spans for block in _reached(tx, unit, span, upto[0][0])} if upto else ()
        rows += [{"unit": unit, "block_us": block} for block in sorted(stale)]
    if rows:
        _STALE.run_many(tx, rows)


def _reached(tx: Connection, unit: str, span: Span, end_us: int) -> range:
    before = _BEFORE.rows(tx, {"unit": unit, "at": span.from_us, "low": span.from_us - REACH_US})[0][0]
    low = span.from_us if before is None else min(span.from_us, before + BUCKET_US)
    if low >= end_us:
        return range(0)
    high = min(span.to_us, end_us)
    if high < end_us:
        after = _AFTER.rows(tx, {"unit": unit, "at": high, "high": high + REACH_US})[0][0]
        high = high if after is None else min(end_us, after + BUCKET_US)
    return range(floor(low), high, BLOCK_US)


def pack(database: Database, now: Mapping[str, int]) -> int:
    """Pack what is over or stale, a day in each transaction; returns how many days are left for later.

    `now` is the plant time by site.
    """
    with database.read() as tx:
        work = _work(tx, now)
    for (block_us, upto_us), units in work[:STEPS]:
        with database.write() as tx:
            store(tx, sorted(units), block_us, upto_us)
    return max(0, len(work) - STEPS)


def store(tx: Connection, units: Sequence[str], block_us: int, upto_us: int) -> None:
    """Pack one day of some machines, up to a quarter hour, from the facts."""
    found = buckets.read(tx, units, block_us, upto_us).quarters()
    rows = [
        {"equipment_id": unit, "block_us": block_us, "upto_us": upto_us, "packed": cells.tobytes()}
        for unit, cells in zip(units, found, strict=True)
    ]
    upsert(tx, t.energy_blocks, rows, ["equipment_id", "block_us"])
    s = t.energy_stale.c
    tx.execute(delete(t.energy_stale).where(s.block_us == block_us, s.equipment_id.in_(list(units))))


def _work(tx: Connection, now: Mapping[str, int]) -> list[tuple[tuple[int, int], set[str]]]:
    """((day, upto), machines) in such an order that a machine's days never have a hole: what is stale and
    from the newest one on forwards, then from the first one on backwards."""
    onwards: dict[tuple[int, int], set[str]] = defaultdict(set)
    backwards: dict[tuple[int, int], set[str]] = defaultdict(set)
    until = {site: at - SETTLED_US - (at - SETTLED_US) % QUARTER_US for site, at in now.items()}
    stale = select(t.energy_stale.c.block_us, t.energy_stale.c.equipment_id)
    for block_us, unit in tx.execute(stale):
        if site_of(unit) in until:
            onwards[block_us, min(block_us + BLOCK_US, until[site_of(unit)])].add(unit)
    for unit, begun, first, upto in _ENDS.rows(tx, {}):
        end = until.get(site_of(unit), 0)
        begin = floor(begun) if upto is None else upto
        if begin < end:
            for block_us in range(floor(begin), end, BLOCK_US):
                onwards[block_us, min(block_us + BLOCK_US, end)].add(unit)
        for block_us in range(floor(begun), floor(begun) if first is None else first, BLOCK_US):
            backwards[block_us, block_us + BLOCK_US].add(unit)
    return [*sorted(onwards.items()), *sorted(backwards.items(), reverse=True)]
