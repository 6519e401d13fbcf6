"""Parts and energy of one machine: bucket by bucket, or added up by the database over stretches.

A year of a machine is 105,000 buckets of which a recomputation needs a few sums a shift and order. So
over long stretches the caller says which buckets belong together, and SQL adds them up: 0.2 us a bucket
where reading each costs 1 us. Silence shows in the number of buckets, parts around a change of order
are looked up.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from data.store.columns import Columns
from data.store.statements import Row, Statement
from domain.clock import MINUTE, SECOND
from domain.setups import AT_RATE, LONGEST_US, Made

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Cut = Callable[[Ints], Bools]  # of buckets in a row: which begin a stretch of their own
BUCKET_US = 5 * MINUTE
SILENCE_US = 15 * MINUTE  # longer without any message is a gap
_HERE = "equipment_id = :unit AND bucket_us >= :from_us AND bucket_us < :to_us"
_ROWS = Statement(f"SELECT bucket_us, good, scrap, energy_kwh FROM counts WHERE {_HERE} ORDER BY bucket_us")  # noqa: S608
_SCRAP = Statement(f"SELECT SUM(scrap) FROM counts WHERE {_HERE}")  # noqa: S608
_BUCKETS = Columns("counts", _HERE, "bucket_us")
_EXTENT = Statement(
    "SELECT COUNT(*), MIN(bucket_us), MAX(bucket_us),"  # noqa: S608
    f" MAX(bucket_us - bucket_us / {BUCKET_US} * {BUCKET_US}) FROM counts WHERE {_HERE}"
)
_ODD = Statement(
    "SELECT bucket_us, resets > 0, refused > 0, fell > 0 FROM counts WHERE equipment_id = :unit"
    " AND bucket_us >= :from_us AND bucket_us < :to_us AND (resets > 0 OR refused > 0 OR fell > 0)"
    " ORDER BY bucket_us"
)
_AT_ONCE = Statement(
    "SELECT bucket_us, parts_since_us, energy_since_us, good + scrap, energy_kwh FROM counts"
    " WHERE equipment_id = :unit AND bucket_us >= :from_us AND bucket_us < :to_us"
    " AND (parts_since_us IS NOT NULL OR energy_since_us IS NOT NULL) ORDER BY bucket_us"
)
_SUMS = "SUM(c.good), SUM(c.scrap), SUM(c.energy_kwh)"
_INSIDE = "c.equipment_id = :unit AND c.bucket_us >= s.low AND c.bucket_us < s.high"
_ADDED = {
    "sqlite": Statement(
        f"SELECT s.low, {_SUMS} FROM (SELECT value AS low, LEAD(value) OVER (ORDER BY key) AS high"  # noqa: S608
        f" FROM json_each(:edges)) s CROSS JOIN counts c WHERE {_INSIDE} GROUP BY s.low ORDER BY s.low"
    ),
    "postgresql": Statement(
        f"SELECT s.low, {_SUMS} FROM (SELECT value AS low, LEAD(value) OVER (ORDER BY value) AS high"  # noqa: S608
        " FROM (SELECT CAST(json_array_elements_text(CAST(:edges AS JSON)) AS BIGINT) AS value) e) s"
        f" JOIN counts c ON {_INSIDE} GROUP BY s.low ORDER BY s.low"
    ),
}
_LAST = Statement(
    "SELECT bucket_us FROM counts WHERE equipment_id = :unit AND bucket_us <= :to_us"
    " AND bucket_us >= :from_us AND good > 0 ORDER BY bucket_us DESC LIMIT 1"
)
_FIRST = Statement(
    "SELECT bucket_us FROM counts WHERE equipment_id = :unit AND bucket_us >= :from_us"
    " AND bucket_us < :to_us AND good > 0 AND good >= :least ORDER BY bucket_us LIMIT 1"
)
_GOOD = Statement(
    "SELECT bucket_us, good FROM counts WHERE equipment_id = :unit AND bucket_us >= :from_us"
    " AND bucket_us <= :to_us AND good > 0 ORDER BY bucket_us"
)
_MADE = (
    "FROM counts WHERE equipment_id = :unit AND bucket_us > :low AND bucket_us <= :high AND good + scrap > 0"
)
_HEARD_FIRST = Statement("SELECT MIN(bucket_us) FROM counts WHERE equipment_id = :unit")
_MADE_LAST = Statement(f"SELECT bucket_us {_MADE} ORDER BY bucket_us DESC LIMIT 1")
_MADE_FIRST = Statement(f"SELECT bucket_us {_MADE} ORDER BY bucket_us LIMIT 1")


@dataclass(frozen=True, slots=True)
class Counted:
    """Parts and energy per bucket, or per stretch of buckets; `bucket_us` is the first bucket of each."""

    bucket_us: Ints
    good: NDArray[np.float64]
    scrap: NDArray[np.float64]
    energy_kwh: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Stored:
    """Good parts as `domain.setups.Production`, each looked up when it is asked for."""

    tx: Connection
    unit: str

    def last_before(self, at_us: int) -> int | None:
        """The end of the last bucket with good parts that ends at or before a moment, LONGEST_US back."""
        last = at_us - BUCKET_US
        near = {"unit": self.unit, "from_us": last - LONGEST_US, "to_us": last}
        found = _LAST.rows(self.tx, near)
        return found[0][0] + BUCKET_US if found else None

    def first_at_rate(self, from_us: int, until_us: int, cycle_s: float | None) -> int | None:
        """The start of the first bucket after a moment in which good parts came at rate."""
        per_bucket = BUCKET_US / SECOND / cycle_s if cycle_s else 0.0
        least = AT_RATE * per_bucket if per_bucket >= 1 else 0.0
        near = {"unit": self.unit, "from_us": from_us, "to_us": until_us, "least": least}
        found = _FIRST.rows(self.tx, near)
        return found[0][0] if found else None

    @property
    def bucket_us(self) -> int:
        """How much time the counters put together."""
        return BUCKET_US

    def runs_through(self, at_us: int) -> bool:
        """True where good parts came in the bucket that holds a moment and in the one before it."""
        return self._good(at_us - 2 * BUCKET_US, at_us).runs_through(at_us)

    def longest_gap(self, from_us: int, to_us: int, ended_us: int) -> tuple[int, int] | None:
        """The longest stretch between two buckets with good parts within [from, to]."""
        return self._good(from_us, to_us).longest_gap(from_us, to_us, ended_us)

    def _good(self, from_us: int, to_us: int) -> Made:
        rows = _GOOD.rows(self.tx, {"unit": self.unit, "from_us": from_us, "to_us": to_us})
        return Made([row[0] for row in rows], [row[1] for row in rows], BUCKET_US)


def first_heard(tx: Connection, unit: str) -> int | None:
    """The first bucket in which anything came."""
    found: int | None = _HEARD_FIRST.rows(tx, {"unit": unit})[0][0]
    return found


def made_before(tx: Connection, unit: str, at_us: int, back_us: int) -> int | None:
    """The last bucket with parts that begins in (back, at]."""
    found = _MADE_LAST.rows(tx, {"unit": unit, "low": back_us, "high": at_us})
    return found[0][0] if found else None


def made_after(tx: Connection, unit: str, at_us: int, until_us: int) -> int | None:
    """The end of the first bucket with parts that begins in (at, until]."""
    found = _MADE_FIRST.rows(tx, {"unit": unit, "low": at_us, "high": until_us})
    return found[0][0] + BUCKET_US if found else None


def by_bucket(tx: Connection, near: dict[str, Any]) -> Counted:
    """Every bucket of a stretch {unit, from_us, to_us}."""
    rows = _ROWS.rows(tx, near)
    good, scrap, energy = (np.fromiter((row[k] for row in rows), float, len(rows)) for k in (1, 2, 3))
    return Counted(np.fromiter((row[0] for row in rows), np.int64, len(rows)), good, scrap, energy)


def buckets(tx: Connection, near: dict[str, Any]) -> Ints:
    """The buckets of a stretch in which something came; without gaps they are not read one by one."""
    count, first, last, beside = _EXTENT.rows(tx, near)[0]
    if count and count == (last - first) // BUCKET_US + 1 and not beside:
        return np.arange(first, last + 1, BUCKET_US)
    found: Ints = _BUCKETS.read(tx, near, long=True)[0]
    return found


def aligned(found: Ints) -> bool:
    """True where buckets begin on multiples of BUCKET_US, as ingest makes them."""
    return not (found % BUCKET_US).any()


def added(tx: Connection, unit: str, found: Ints, cut: Cut) -> Counted:
    """Sums over stretches: `cut` says which of these buckets begin one."""
    if not len(found):
        none = np.zeros(0)
        return Counted(np.zeros(0, np.int64), none, none, none)
    begins = cut(found)
    begins[0] = True
    return between(tx, unit, [*found[begins].tolist(), int(found[-1]) + 1])


def between(tx: Connection, unit: str, edges: Sequence[int]) -> Counted:
    """Sums over the stretches between these moments, in order of time; those without a bucket are left out.
    Each stands at the moment at which it begins."""
    rows = _ADDED[tx.dialect.name].rows(tx, {"unit": unit, "edges": json.dumps(edges)})
    values = np.array([row[1:] for row in rows], np.float64).reshape(-1, 3)
    return Counted(np.array([row[0] for row in rows], np.int64), values[:, 0], values[:, 1], values[:, 2])


def scrapped(tx: Connection, unit: str, from_us: int, to_us: int) -> float:
    """Scrap in the buckets of a stretch."""
    return float(_SCRAP.rows(tx, {"unit": unit, "from_us": from_us, "to_us": to_us})[0][0] or 0.0)


def odd(tx: Connection, stretch: dict[str, Any]) -> tuple[list[int], list[int], list[int]]:
    """The buckets in which a counter was reset, in which one read less than zero, and in which one fell a
    little."""
    rows = _ODD.rows(tx, stretch)
    resets, negative, fell = ([row[0] for row in rows if row[k]] for k in (1, 2, 3))
    return resets, negative, fell


def at_once(tx: Connection, stretch: dict[str, Any]) -> list[Row]:
    """(bucket, since when its parts were not read, and its energy, parts, kWh) where these came at once after
    a gap between readings; None: they did not."""
    return _AT_ONCE.rows(tx, stretch)


def heard(found: Sequence[int] | Ints) -> list[tuple[int, int]]:
    """Stretches in which no silence was longer than SILENCE_US."""
    at = np.asarray(found, np.int64)
    if not len(at):
        return []
    breaks = np.flatnonzero(np.diff(at) > SILENCE_US)
    starts = at[np.concatenate(([0], breaks + 1))]
    ends = at[np.concatenate((breaks, [len(at) - 1]))] + SILENCE_US
    return list(zip(starts.tolist(), ends.tolist(), strict=True))
