"""What the model sees of a plant machine: 32 half hours of its sensors, against its own usual values.

Two steps. `bin_readings` turns stored readings and the state log into half-hour bins; each bin depends
on its own readings only, so bins may be kept and joined. `windows` turns bins into model input. Serving
(`build`) and training (`windows` over a year) run the same code, and give the same bytes.

A window starts anew at the end of a stop: a failure (PackML Aborting, Aborted), a maintenance (mode
Maintenance in the state log) or a logged end of maintenance. Until 32 bins have passed since then there
is no window. A sensor that said nothing while the machine ran, or repeated one value, is masked.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from domain.clock import HOUR
from domain.equipment import MachineType
from models.features.bins import BIN_US, GAUGES, HOLD_US, Bins, Floats, Series, States, Times, bin_readings

__all__ = [
    "BIN_US", "CHANNELS", "GAUGES", "HOLD_US", "STEPS", "TYPES", "Bins", "NotKnown", "Series", "States",
    "Window", "bin_readings", "build", "usable", "window_of", "windows",
]  # fmt: skip
FEATURE_VERSION = "plant-1"
STEPS = 32
LOOKBACK_BINS = 288  # readings this far before the window (6 days) make its usual values
LOOKBACK_US = (LOOKBACK_BINS + STEPS) * BIN_US
STATES_BACK_BINS = 2_880  # operating hours since maintenance are counted for 60 days
STATES_BACK_US = STATES_BACK_BINS * BIN_US
STALE_US = HOUR
RECENT_BINS = 24  # left out of the usual values, so that a change is not compared with itself
LEAST_SEEN = 0.5
CHANGES = tuple(name for name in GAUGES if name != "ambient_temperature")
TYPES = tuple(kind.value for kind in MachineType if kind not in (MachineType.ENGINE, MachineType.OTHER))
OTHERS = ("run_fraction", "operating_hours", "operating_hours")
CHANNELS = (*GAUGES, *CHANGES, *OTHERS, *GAUGES, "run_fraction", *("machine_type",) * len(TYPES))
STATISTICS = (
    *("mean",) * len(GAUGES), *("change",) * len(CHANGES), "mean", "value", "history",
    *("mask",) * (len(GAUGES) + 1), *("one_hot",) * len(TYPES),
)  # fmt: skip
VALUES = len(GAUGES) + len(CHANGES) + len(OTHERS)
MASK_OF = (
    *range(len(GAUGES)),
    *(GAUGES.index(name) for name in CHANGES),
    *(len(GAUGES),) * len(OTHERS),
)
_FIXED = 1_000_000  # sums of usual values are kept in whole millionths, so that no order changes them
_AMBIENT, _TEMPERATURE = GAUGES.index("ambient_temperature"), GAUGES.index("temperature")


@dataclass(frozen=True, slots=True)
class Window:
    """Model input (32, 41) float32, and the time that it covers."""

    data: npt.NDArray[np.float32]
    from_us: int
    to_us: int

    @property
    def hash(self) -> str:
        """SHA-256 of the bytes, for the replay of a stored prediction."""
        return hashlib.sha256(self.data.tobytes()).hexdigest()


@dataclass(frozen=True, slots=True)
class NotKnown:
    """Why there is no window, in words for a person."""

    reason: str


def build(
    machine_type: str,
    readings: Mapping[str, Series],
    states: States,
    maintenance_ends_us: Sequence[int],
    at_us: int,
) -> Window | NotKnown:
    """The window of one machine at `at_us`, from the whole bins before it.

    `readings`: gauges by name, sorted by time, from `at_us - LOOKBACK_US - HOLD_US` on; what is older
    changes nothing. `states`: from the last stop on, or `STATES_BACK_US` back, with the row in force at
    the beginning. What is not a number is as good as missing.
    """
    last = at_us // BIN_US - 1
    heard = max(
        (int(us[us <= at_us][-1]) for us, _ in readings.values() if (us <= at_us).any()), default=None
    )
    if heard is None or at_us - heard > STALE_US:
        return NotKnown("data too old")
    known = [int(us[0]) for us, _ in readings.values() if len(us)] + [int(u) for u in states.us[:1]]
    first = max(min(known) // BIN_US, last + 1 - STATES_BACK_BINS)
    bins = bin_readings(readings, states, maintenance_ends_us, first, last + 2 - first, until_us=at_us)
    return window_of(machine_type, bins, last)


def window_of(machine_type: str, bins: Bins, last: int) -> Window | NotKnown:
    """The window that ends with bin `last`; a later bin in `bins` tells of a stop that has begun."""
    place = last - bins.first
    if not 0 <= place < len(bins.seen) or bins.stop[place : place + 2].any():
        return NotKnown("stopped")
    if not usable(bins)[place]:
        young = place + 1 - _starts(bins)[place] < STEPS
        return NotKnown("not enough history since the last stop" if young else "too little data")
    data = windows(machine_type, bins, np.array([place]))[0]
    return Window(data, (last + 1 - STEPS) * BIN_US, (last + 1) * BIN_US)


def usable(bins: Bins) -> npt.NDArray[np.bool_]:
    """Whether a window may end with each bin (B,)."""
    age = np.arange(1, len(bins.seen) + 1) - _starts(bins)
    total = np.concatenate(([0.0], np.cumsum(bins.seen)))
    ends = np.arange(1, len(bins.seen) + 1)
    covered = (total[ends] - total[np.maximum(ends - STEPS, 0)]) / STEPS
    return np.asarray(~bins.stop & (age >= STEPS) & (covered >= LEAST_SEEN))


def windows(machine_type: str, bins: Bins, places: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Windows (N, 32, 41) that end with the bins at `places` (each `usable`)."""
    out = np.zeros((len(places), STEPS, len(CHANNELS)), dtype=np.float32)
    if len(places) == 0:
        return out
    start = _starts(bins)[places]
    rows = places[:, None] + np.arange(1 - STEPS, 1)[None, :]
    usual, count = _usual(bins, start, places)
    change = slice(len(GAUGES), len(GAUGES) + len(CHANGES))
    hours, history = change.stop + 1, change.stop + 2
    out[:] = _rows(machine_type, bins)[rows]
    out[:, :, change] -= np.log(usual).astype(np.float32)[:, None, :]
    np.nan_to_num(np.clip(out[:, :, change], -3.0, 3.0, out=out[:, :, change]), copy=False)
    out[:, :, hours] = _operating_hours(bins, start, rows)
    out[:, :, history] = (count / LOOKBACK_BINS)[:, None]
    return out


def _rows(machine_type: str, bins: Bins) -> npt.NDArray[np.float32]:
    """What each bin gives to any window that it is in (B, 41); changes still against nothing, NaN unknown."""
    table = np.zeros((len(bins.seen), len(CHANNELS)), dtype=np.float32)
    gauges, changes, values = len(GAUGES), len(CHANGES), VALUES
    table[:, :gauges] = np.nan_to_num(bins.mean)
    table[:, gauges : gauges + changes] = np.log(_shown(bins.mean))
    table[:, gauges + changes] = bins.run_us / BIN_US
    table[:, values : values + gauges] = ~np.isnan(bins.mean)
    table[:, values + gauges] = bins.seen > 0
    if machine_type in TYPES:
        table[:, values + gauges + 1 + TYPES.index(machine_type)] = 1.0
    return table


def _starts(bins: Bins) -> npt.NDArray[np.int64]:
    """For every bin the place where its history begins: after the last stop, at most 60 days back."""
    place = np.arange(len(bins.stop))
    after = np.maximum.accumulate(np.where(bins.stop, place + 1, 0))
    return np.asarray(np.maximum(after, place + 1 - STATES_BACK_BINS), dtype=np.int64)


def _shown(mean: Floats) -> Floats:
    """What changes are judged by (..., 10): the gauges, temperature as the rise above the hall's."""
    shown = np.delete(mean, _AMBIENT, axis=-1)
    shown[..., _TEMPERATURE] = mean[..., _TEMPERATURE] - mean[..., _AMBIENT]
    return np.where(shown > 1e-6, shown, np.nan)


def _usual(bins: Bins, start: Times, places: Times) -> tuple[Floats, Times]:
    """Usual values (N, 10) since the last stop, the last 12 h left out, and the bins they rest on (N,)."""
    shown = _shown(bins.mean)
    there = ~np.isnan(shown)
    fixed = np.where(there, np.rint(np.nan_to_num(shown) * _FIXED), 0).astype(np.int64)
    zero = np.zeros((1, shown.shape[1]), dtype=np.int64)
    total, number = (np.concatenate((zero, np.cumsum(x, axis=0))) for x in (fixed, there.astype(np.int64)))
    to = np.maximum(places + 1 - RECENT_BINS, start)
    since = np.maximum(places + 1 - STEPS - LOOKBACK_BINS, start)
    count = number[to] - number[since]
    sums = (total[to] - total[since]) / _FIXED
    usual = np.divide(sums, count, out=np.full(sums.shape, np.nan), where=count >= 4)
    return usual, np.minimum(count.max(axis=1), LOOKBACK_BINS)


def _operating_hours(bins: Bins, start: Times, rows: npt.NDArray[np.int64]) -> Floats:
    """Hours in Execute from the last stop to the end of each step (N, 32)."""
    total = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(bins.run_us)))
    return (total[rows + 1] - total[start][:, None]) / HOUR
