"""Quarter hours of many machines at once, out of the 5-minute counts.

`counts` holds what a meter moved since the reading before; after a gap the first bucket holds the
energy of the whole gap. Left there it would be a false peak: it is spread evenly over the gap, and the
quarter hours are marked as estimated. After a machine's last bucket nothing is known. A meter that
fell was reset (services.rollups counts from 0 again); what it drew between its last reading and the
reset is unknown, and small.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from data.store import tables as t
from domain.clock import DAY, HOUR
from domain.energy import QUARTER_US, Quarter
from domain.telemetry import MachineState
from services.rollups import BUCKET_US

LOOK_BACK_US = 7 * DAY
A_QUARTER = QUARTER_US // BUCKET_US
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Load:
    """Machines (u,) by 5-minute bucket (b,): kWh with NaN where nothing is known, spread or measured,
    the share of the bucket in which the machine executed, and its good parts."""

    units: tuple[str, ...]
    from_us: int
    kwh: Floats
    spread: NDArray[np.bool_]
    running: Floats
    good: Floats

    def quarters(self, chosen: Sequence[int] | None = None) -> list[Quarter]:
        """Demand of the chosen machines (all, unless said) together, by quarter hour.

        A quarter hour in which a machine is unknown counts the others; it is marked as estimated.
        """
        rows = slice(None) if chosen is None else list(chosen)
        kwh = self.kwh[rows].reshape(-1, self.kwh.shape[1] // A_QUARTER, A_QUARTER)
        known = np.isfinite(kwh)
        sums = np.nansum(kwh, axis=(0, 2))
        any_known = np.asarray(known.any(axis=(0, 2)))
        guessed = np.asarray(~known.all(axis=(0, 2)))
        guessed |= self.spread[rows].reshape(kwh.shape).any(axis=(0, 2))
        scale = HOUR / QUARTER_US
        return [
            Quarter(
                self.from_us + i * QUARTER_US,
                float(sums[i] * scale) if any_known[i] else None,
                bool(guessed[i]),
            )
            for i in range(len(sums))
        ]

    def idle_kwh(self, unit: int) -> float:
        """Energy of a machine while it did not execute.

        A bucket in which it never executed counts whole; in a mixed one the standing time counts with
        the machine's median power when it stands, and never more than the bucket holds.
        """
        kwh, running = self.kwh[unit], self.running[unit]
        known = np.isfinite(kwh)
        stands = known & (running == 0)
        whole = float(kwh[stands].sum())
        mixed = known & (running > 0) & (running < 1)
        usual = float(np.median(kwh[stands])) if stands.any() else 0.0
        return whole + float(np.minimum(usual * (1 - running[mixed]), kwh[mixed]).sum())


def load(tx: Connection, units: Sequence[str], from_us: int, to_us: int) -> Load:
    """The load of machines in [from, to), both on whole quarter hours."""
    first, count = from_us - from_us % QUARTER_US, (to_us - from_us) // QUARTER_US * A_QUARTER
    place = {unit: k for k, unit in enumerate(units)}
    kwh = np.full((len(units), count), np.nan)
    spread = np.zeros(kwh.shape, bool)
    good = np.zeros(kwh.shape)
    last = dict.fromkeys(range(len(units)), -1)
    before = _last_before(tx, units, first)
    last |= {place[u]: (at - first) // BUCKET_US for u, at in before.items()}
    for unit, at, value, parts in _counts(tx, units, first, first + count * BUCKET_US):
        row, column = place[unit], (at - first) // BUCKET_US
        begin = last[row] + 1 if last[row] >= 0 or unit in before else column
        length = column - begin + 1
        kwh[row, max(begin, 0) : column + 1] = value / length
        spread[row, max(begin, 0) : column + 1] = length > 1
        good[row, column] += parts
        last[row] = column
    return Load(tuple(units), first, kwh, spread, _running(tx, units, first, count), good)


def _counts(
    tx: Connection, units: Sequence[str], from_us: int, to_us: int
) -> list[tuple[str, int, float, float]]:
    c = t.counts.c
    query = (
        select(c.equipment_id, c.bucket_us, c.energy_kwh, c.good)
        .where(c.equipment_id.in_(list(units)), c.bucket_us >= from_us, c.bucket_us < to_us)
        .order_by(c.equipment_id, c.bucket_us)
    )
    return [(row[0], row[1], max(0.0, row[2]), max(0.0, row[3])) for row in tx.execute(query)]


def _last_before(tx: Connection, units: Sequence[str], from_us: int) -> dict[str, int]:
    """The last bucket of each machine before a time, if it lies within a week."""
    c = t.counts.c
    found = {}
    for unit in units:
        query = select(c.bucket_us).where(
            c.equipment_id == unit, c.bucket_us < from_us, c.bucket_us >= from_us - LOOK_BACK_US
        )
        at = tx.execute(query.order_by(c.bucket_us.desc()).limit(1)).scalar()
        if at is not None:
            found[unit] = int(at)
    return found


def _running(tx: Connection, units: Sequence[str], from_us: int, count: int) -> Floats:
    """Share of each bucket in which a machine executed."""
    edges = from_us + np.arange(count + 1, dtype=np.int64) * BUCKET_US
    out = np.zeros((len(units), count))
    s = t.states.c
    for row, unit in enumerate(units):
        first = select(s.source_us).where(s.equipment_id == unit, s.source_us <= from_us)
        begin = tx.execute(first.order_by(s.source_us.desc()).limit(1)).scalar() or from_us
        query = select(s.source_us, s.state).where(
            s.equipment_id == unit, s.source_us >= begin, s.source_us < int(edges[-1])
        )
        changes = tx.execute(query.order_by(s.source_us)).all()
        if not changes:
            continue
        times = np.array([c[0] for c in changes] + [int(edges[-1])], np.int64)
        runs = np.array([c[1] == int(MachineState.EXECUTE) for c in changes], float)
        total = np.concatenate([[0.0], np.cumsum(runs * np.diff(times))])
        ran = np.interp(edges, times, total)
        out[row] = np.diff(ran) / BUCKET_US
    return out
