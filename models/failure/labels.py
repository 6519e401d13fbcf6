"""Labels: what a window may be taught about the failure that followed it, or did not.

At time t with horizon H: 1 if a functional failure comes in (t, t+H]; 0 if the machine was watched
without a failure through t+H; else none (NaN). A preventive maintenance or the end of the data ends
the watch: the remaining life is then only known to be longer (`observed` False).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Watch:
    """How each window was watched on: (N,) times in microseconds.

    `failure_us` is the next functional failure of the same run, or -1; `end_us` is where the watch
    ends: that failure, the next maintenance start, or the end of the data.
    """

    failure_us: Times
    end_us: Times


def watch(at_us: Times, failures_us: Times, maintenance_us: Times, data_end_us: int) -> Watch:
    """The watch of windows at `at_us`, given sorted failures and maintenance starts of the machine."""
    failure = _next(failures_us, at_us)
    stop = _next(maintenance_us, at_us)
    fails = (failure >= 0) & ((stop < 0) | (failure <= stop)) & (failure <= data_end_us)
    end = np.where(fails, failure, np.where((stop >= 0) & (stop < data_end_us), stop, data_end_us))
    return Watch(np.where(fails, failure, -1), end)


def labels(at_us: Times, seen: Watch, horizon_us: int) -> npt.NDArray[np.float32]:
    """1, 0 or NaN for every window."""
    fails = (seen.failure_us >= 0) & (seen.failure_us <= at_us + horizon_us)
    clear = ~fails & (seen.end_us >= at_us + horizon_us)
    return np.where(fails, 1.0, np.where(clear, 0.0, np.nan)).astype(np.float32)


def _next(events_us: Times, at_us: Times) -> Times:
    """The first event strictly after each time, or -1."""
    if len(events_us) == 0:
        return np.full(len(at_us), -1, dtype=np.int64)
    place = np.searchsorted(events_us, at_us, side="right")
    return np.where(place < len(events_us), events_us[np.minimum(place, len(events_us) - 1)], -1)
