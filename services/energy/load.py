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
from sqlalchemy import Connection

from data.store.statements import Columns, Statement
from domain.clock import DAY, HOUR
from domain.energy import QUARTER_US, Quarter
from domain.telemetry import MachineState
from services.rollups import BUCKET_US

LOOK_BACK_US = 7 * DAY
A_QUARTER = QUARTER_US // BUCKET_US
_HERE = "equipment_id = :unit AND bucket_us >= :from_us AND bucket_us < :to_us"
_COUNTS = Statement(f"SELECT bucket_us, energy_kwh, good FROM counts WHERE {_HERE} ORDER BY bucket_us")  # noqa: S608
_LAST = Statement(f"SELECT bucket_us FROM counts WHERE {_HERE} ORDER BY bucket_us DESC LIMIT 1")  # noqa: S608
_STATE_AT = Statement(
    "SELECT source_us FROM states WHERE equipment_id = :unit AND source_us <= :at"
    " ORDER BY source_us DESC LIMIT 1"
)
_STATES = Columns(
    "states",
    "equipment_id = :unit AND source_us >= :from_us AND source_us < :to_us",
    "source_us",
    (("state", 6),),
)
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
    kwh = np.full((len(units), count), np.nan)
    spread = np.zeros(kwh.shape, bool)
    good, running = np.zeros(kwh.shape), np.zeros(kwh.shape)
    for row, unit in enumerate(units):
        _fill(tx, unit, first, kwh[row], spread[row], good[row])
        _run(tx, unit, first, running[row])
    return Load(tuple(units), first, kwh, spread, running, good)


def _fill(
    tx: Connection, unit: str, first: int, kwh: Floats, spread: NDArray[np.bool_], good: Floats
) -> None:
    """Put one machine's counts into its row: what came after a gap evenly into all of it."""
    stretch = {"unit": unit, "from_us": first, "to_us": first + len(kwh) * BUCKET_US}
    rows = _COUNTS.rows(tx, stretch)
    if not rows:
        return
    place = (np.fromiter((row[0] for row in rows), np.int64, len(rows)) - first) // BUCKET_US
    energy, parts = (np.maximum(0, np.fromiter((r[k] for r in rows), float, len(rows))) for k in (1, 2))
    known = _LAST.rows(tx, {"unit": unit, "from_us": first - LOOK_BACK_US, "to_us": first})
    before = (known[0][0] - first) // BUCKET_US if known else place[0] - 1
    length = np.diff(place, prepend=before)
    begin, cut = max(0, before + 1), max(0, -before - 1)
    kwh[begin : place[-1] + 1] = np.repeat(energy / length, length)[cut:]
    spread[begin : place[-1] + 1] = np.repeat(length > 1, length)[cut:]
    good[place] = parts


def _run(tx: Connection, unit: str, first: int, running: Floats) -> None:
    """The share of each bucket in which a machine executed."""
    edges = first + np.arange(len(running) + 1, dtype=np.int64) * BUCKET_US
    known = _STATE_AT.rows(tx, {"unit": unit, "at": first})
    begin = known[0][0] if known else first
    stretch = {"unit": unit, "from_us": begin, "to_us": int(edges[-1])}
    at, state = _STATES.read(tx, stretch, long=len(running) > DAY // BUCKET_US)
    if not len(at):
        return
    times = np.concatenate((at, edges[-1:]))
    runs = state == int(MachineState.EXECUTE)
    total = np.concatenate([[0.0], np.cumsum(runs * np.diff(times))])
    running[:] = np.diff(np.interp(edges, times, total)) / BUCKET_US
