"""Energy of many machines in quarter hours, out of the 5-minute counts and the classified intervals.

`counts` holds what a meter moved since the reading before; after a gap (nothing came, or no reading of the
meter) the first bucket holds the energy of the whole gap. Left there it would be a false peak: it is spread
evenly over the gap, and the quarter hours are marked as estimated. After a machine's last bucket nothing is
known. A meter that fell was reset (services.rollups counts from 0 again); what it drew between its last
reading and the reset is unknown, and small.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from data.store import activity, energy_facts
from domain.clock import DAY
from domain.energy import QUARTER_US
from services.rollups import BUCKET_US

REACH_US = 7 * DAY  # a longer silence is not filled
A_QUARTER = QUARTER_US // BUCKET_US
# One quarter hour of one machine. `known`, `spread` and `stood` count its buckets (0..3): with data, filled
# over a gap, stood throughout. `stood_kwh` is the energy of the latter. Buckets in which the machine stood
# for a part of the time hold `mixed_kwh`, and it stood in them for `mixed` of a bucket's length.
QUARTER = np.dtype(
    [
        ("kwh", "<f4"),
        ("good", "<f4"),
        ("scrap", "<f4"),
        ("stood_kwh", "<f4"),
        ("mixed", "<f4"),
        ("mixed_kwh", "<f4"),
        ("known", "u1"),
        ("spread", "u1"),
        ("stood", "u1"),
    ]
)
Floats = NDArray[np.float64]
Quarters = NDArray[Any]  # of QUARTER


@dataclass(frozen=True, slots=True)
class Buckets:
    """Machines (u,) by 5-minute bucket (b,): kWh with NaN where nothing is known, spread or measured,
    the share of the bucket in which the machine is known to have stood, its good parts and its scrap."""

    kwh: Floats
    spread: NDArray[np.bool_]
    standing: Floats
    good: Floats
    scrap: Floats

    def quarters(self) -> Quarters:
        """The same by quarter hour (u, q), of QUARTER."""
        shape = (len(self.kwh), -1, A_QUARTER)
        known = np.isfinite(self.kwh)
        kwh = np.where(known, self.kwh, 0.0)
        stood = known & (self.standing == 1)
        mixed = known & (self.standing > 0) & (self.standing < 1)
        columns = {
            "kwh": kwh,
            "good": self.good,
            "scrap": self.scrap,
            "stood_kwh": kwh * stood,
            "mixed": self.standing * mixed,
            "mixed_kwh": kwh * mixed,
            "known": known,
            "spread": self.spread,
            "stood": stood,
        }
        result = np.zeros((len(self.kwh), self.kwh.shape[1] // A_QUARTER), QUARTER)
        for name, values in columns.items():
            result[name] = values.reshape(shape).sum(axis=2)
        return result


def read(tx: Connection, units: Sequence[str], from_us: int, to_us: int) -> Buckets:
    """Machines in [from, to), both on whole quarter hours."""
    count = (to_us - from_us) // BUCKET_US
    kwh = np.full((len(units), count), np.nan)
    spread, good, scrap = np.zeros(kwh.shape, bool), np.zeros(kwh.shape), np.zeros(kwh.shape)
    if kwh.size:
        found = energy_facts.metered(tx, units, from_us, to_us, REACH_US)
        _fill(found, from_us, kwh, spread)
        at = (found.bucket_us - from_us) // BUCKET_US
        own = (at >= 0) & (at < count)
        good[found.place[own], at[own]] = np.maximum(0, found.good[own])
        scrap[found.place[own], at[own]] = np.maximum(0, found.scrap[own])
    return Buckets(kwh, spread, _standing(tx, units, from_us, count), good, scrap)


def _fill(found: energy_facts.Metered, first: int, kwh: Floats, spread: NDArray[np.bool_]) -> None:
    """What came after a gap goes evenly into all of it; a machine's first bucket stands for itself. A meter
    that shows the same after a gap has measured nothing in it: that is no estimate."""
    place, drawn = found.place[found.metered], np.maximum(0, found.kwh[found.metered])
    bucket = (found.bucket_us[found.metered] - first) // BUCKET_US
    length = np.diff(bucket, prepend=0)
    begins = np.diff(place, prepend=-1) != 0
    length[begins | (length * BUCKET_US > REACH_US)] = 1
    length[begins & (bucket < 0)] = 0  # the neighbour before says only where the gap began
    row = np.repeat(place, length)
    last = np.repeat(bucket, length)
    back = np.arange(len(last)) - np.repeat(np.cumsum(length) - length, length)
    column = last - back
    inside = (column >= 0) & (column < kwh.shape[1])
    share = np.repeat(drawn / np.maximum(1, length), length)
    kwh[row[inside], column[inside]] = share[inside]
    spread[row[inside], column[inside]] = np.repeat((length > 1) & (drawn > 0), length)[inside]


def _standing(tx: Connection, units: Sequence[str], first: int, count: int) -> Floats:
    """The share of each bucket in which a machine is known to have stood: neither at work nor silent."""
    standing = np.zeros((len(units), count))
    place, begin, end, state = activity.did(tx, units, first, first + count * BUCKET_US)
    edges = np.arange(count + 1, dtype=np.int64) * BUCKET_US
    stood = (state != activity.SILENT) & ~activity.executed(state)
    bounds = np.searchsorted(place, np.arange(len(units) + 1))
    for unit, (low, high) in enumerate(pairwise(bounds.tolist())):
        if low == high:
            continue
        times = np.stack([begin[low:high], end[low:high]], axis=1).ravel() - first
        length = np.zeros(len(times), np.int64)
        length[1::2] = stood[low:high] * (end[low:high] - begin[low:high])
        standing[unit] = np.diff(np.interp(edges, times, np.cumsum(length))) / BUCKET_US
    return standing
