"""Half-hour bins of a machine's readings: what windows are made of, and what may be kept between scores.

Each bin depends on its own readings only (and on the value held from up to `HOLD_US` before it), so bins
computed apart and joined are the same as bins computed at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from domain.clock import MINUTE
from domain.telemetry import MachineMode, MachineState

BIN_US = 30 * MINUTE
HOLD_US = 15 * MINUTE  # a reading stands until the next one, at most so long; longer is a gap
LEAST_RUN_US = 3 * MINUTE
GAUGES = (
    "temperature", "ambient_temperature", "pressure", "current", "power", "vibration_rms",
    "vibration_kurtosis", "envelope_low", "envelope_high", "speed", "load",
)  # fmt: skip

Times = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Series = tuple[Times, Floats]


@dataclass(frozen=True, slots=True)
class States:
    """The state log of one machine: at `us` (n,) it went into `state` (n,) and `mode` (n,), PackML codes."""

    us: Times
    state: npt.NDArray[np.int64]
    mode: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bins:
    """B half hours from bin `first` (= time // BIN_US).

    `mean` (B, 11): time-weighted mean while running, NaN where unknown. `run_us` (B,): time in Execute.
    `seen` (B,): share of the bin covered by readings. `stop` (B,): a failure or maintenance touched it.
    """

    first: int
    mean: Floats
    run_us: Times
    seen: Floats
    stop: npt.NDArray[np.bool_]

    def join(self, later: "Bins") -> "Bins":
        """These bins and the ones that follow without a hole."""
        if later.first != self.first + len(self.seen):
            raise ValueError(f"bins from {later.first} do not follow {self.first + len(self.seen) - 1}")
        pairs = ((getattr(self, name), getattr(later, name)) for name in ("mean", "run_us", "seen", "stop"))
        mean, run_us, seen, stop = (np.concatenate(pair) for pair in pairs)
        return Bins(self.first, mean, run_us, seen, stop)


def bin_readings(
    readings: Mapping[str, Series],
    states: States,
    maintenance_ends_us: Sequence[int],
    first: int,
    count: int,
    until_us: int | None = None,
) -> Bins:
    """Bins `first` .. `first + count - 1`; nothing after `until_us` (their end unless given) counts."""
    end = min((first + count) * BIN_US, until_us or (first + count) * BIN_US)
    run_us, stop = _state_bins(states, first, count, end)
    ends = np.asarray(maintenance_ends_us, dtype=np.int64)
    ends = ends[(ends >= first * BIN_US) & (ends <= end)]
    stop[np.minimum(ends // BIN_US - first, count - 1)] = True
    mean = np.full((count, len(GAUGES)), np.nan)
    seen = np.zeros(count)
    for place, name in enumerate(GAUGES):
        if name in readings:
            mean[:, place], covered = _gauge_bins(readings[name], states, first, count, end)
            seen = np.maximum(seen, covered)
    return Bins(first, mean, run_us, seen, stop)


def _pieces(us: Times, until: Times, first: int, count: int) -> tuple[Times, Times, Times]:
    """Stretches `us`..`until`, at most a bin long each, cut at bin edges: (row, bin, length)."""
    bound = (us // BIN_US + 1) * BIN_US
    here, there = np.minimum(until, bound) - us, np.maximum(until - bound, 0)
    row = np.arange(len(us))
    rows, lengths = np.concatenate((row, row)), np.concatenate((here, there))
    bins = np.concatenate((us // BIN_US, us // BIN_US + 1)) - first
    keep = (lengths > 0) & (bins >= 0) & (bins < count)
    return rows[keep], bins[keep], lengths[keep]


def _gauge_bins(series: Series, states: States, first: int, count: int, end: int) -> tuple[Floats, Floats]:
    """Mean while running (NaN: unknown or stuck) and share covered, each (count,)."""
    us, value = series
    keep = np.isfinite(value) & (us < end)
    us, value = us[keep], value[keep]
    until = np.minimum(np.append(us[1:], end), us + HOLD_US)
    row, bin_, length = _pieces(us, np.minimum(until, end), first, count)
    seen = np.bincount(bin_, length, count) / BIN_US
    runs = _state_at(states, us)[row] == MachineState.EXECUTE
    row, bin_, length = row[runs], bin_[runs], length[runs]
    weight = np.bincount(bin_, length, count)
    total = np.bincount(bin_, length * value[row], count)
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, bin_, value[row])
    np.maximum.at(high, bin_, value[row])
    stuck = (low == high) & (np.bincount(bin_, minlength=count) >= 4)
    good = (weight >= LEAST_RUN_US) & ~stuck
    mean = np.divide(total, weight, out=np.full(count, np.nan), where=good)
    return mean, np.minimum(seen, 1.0)


def _state_at(states: States, us: Times) -> npt.NDArray[np.int64]:
    place = np.searchsorted(states.us, us, side="right") - 1
    found = states.state[np.maximum(place, 0)] if len(states.us) else np.zeros(len(us), dtype=np.int64)
    return np.where(place >= 0, found, 0)


def _state_bins(states: States, first: int, count: int, end: int) -> tuple[Times, npt.NDArray[np.bool_]]:
    """Time in Execute, and whether a failure or maintenance touched each bin."""
    until = np.minimum(np.append(states.us[1:], end), end)
    down = (
        (states.state == MachineState.ABORTING)
        | (states.state == MachineState.ABORTED)
        | (states.mode == MachineMode.MAINTENANCE)
    )
    run = _spans(states.us, until, states.state == MachineState.EXECUTE, first, count)
    return run, _spans(states.us, until, down, first, count) > 0


def _spans(us: Times, until: Times, which: npt.NDArray[np.bool_], first: int, count: int) -> Times:
    """Microseconds of the chosen stretches in every bin (count,), by differences of a running total."""
    edges = np.arange(first, first + count + 1, dtype=np.int64) * BIN_US
    begin, finish = us[which], until[which]
    length = np.concatenate(([0], np.cumsum(finish - begin)))
    place = np.searchsorted(begin, edges, side="right")
    before = length[np.maximum(place - 1, 0)]
    if len(begin):
        open_ = np.minimum(edges, finish[np.maximum(place - 1, 0)]) - begin[np.maximum(place - 1, 0)]
        before = before + np.where(place > 0, open_, 0)
    return np.asarray(np.diff(before), dtype=np.int64)
