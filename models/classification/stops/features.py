"""What is known of a stop at a moment, as numbers: the same code for training and serving.

Nothing of it comes later than the moment: neither how long the stop went on to last, nor what was booked
of it, nor work that somebody wrote down afterwards.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from domain.telemetry import MachineMode, MachineState

FEATURE_VERSION = "stops-1"
Row = npt.NDArray[np.float32]
_STATES = {
    "aborted": {MachineState.ABORTED, MachineState.ABORTING},
    "stopped": {MachineState.STOPPED, MachineState.STOPPING},
    "held": {MachineState.HELD, MachineState.HOLDING},
    "suspended": {MachineState.SUSPENDED, MachineState.SUSPENDING},
    "being readied": {MachineState.CLEARING, MachineState.RESETTING, MachineState.STARTING},
}
_MODES = {
    "production": MachineMode.PRODUCTION,
    "maintenance": MachineMode.MAINTENANCE,
    "manual": MachineMode.MANUAL,
}
TYPES = ("cnc", "press", "robot", "oven", "packer")
# (signal, column): an explanation speaks of signals, columns of one signal stand together.
_LAID_OUT: tuple[tuple[str, str], ...] = (
    *(("state", name) for name in (*_STATES, "another state")),
    *(("mode", name) for name in (*_MODES, "another mode")),
    *(("states so far", f"share {name}") for name in _STATES),
    *(("modes so far", f"share {name}") for name in ("maintenance", "manual")),
    ("lasted", "minutes, logarithm"),
    ("machines that stopped with it", "share of the line"),
    ("machine before it", "share of the time that it stood itself"),
    ("machine before it", "share of the time that it waited"),
    ("machine behind it", "share of the time that it stood itself"),
    ("machine behind it", "share of the time that it waited"),
    ("machines before it", "share of the time that one stood itself"),
    ("machines behind it", "share of the time that one stood itself"),
    ("alarms", "in the quarter of an hour before"),
    ("scrap", "share in the hour before"),
    ("pace", "parts in the half hour before, by those of four hours"),
    ("order", "hours since it began"),
    ("shift", "hours since it began"),
    ("last stop", "hours since its end"),
    ("stops lately", "in eight hours"),
    ("tool", "hours run since it was last handled"),
    ("planned work", "is due"),
    ("place in the line", "first"),
    ("place in the line", "last"),
    *(("type of machine", name) for name in TYPES),
)
CHANNELS = tuple(signal for signal, _ in _LAID_OUT)
COLUMNS = tuple(f"{signal}: {column}" for signal, column in _LAID_OUT)
SIGNALS = tuple(dict.fromkeys(CHANNELS))
LONGEST_H = 200.0  # what lies further back, or is not known, counts as so far back


@dataclass(frozen=True, slots=True)
class Moment:
    """A stop as it is known at a moment. Shares are of the stop's time so far; hours since something are
    None where it is not known. `before` and `behind` are (stood itself, waited) of the next machine on that
    side, `above` and `below` the share of the time in which any machine on that side stood itself.
    """

    machine_type: str
    state: int | None
    mode: int | None
    states: dict[int, float]
    modes: dict[int, float]
    lasted_min: float
    together: float
    before: tuple[float, float]
    behind: tuple[float, float]
    above: float
    below: float
    alarms: int
    scrap: float
    pace: float
    order_h: float | None
    shift_h: float | None
    last_stop_h: float | None
    stops: int
    tool_h: float | None
    planned_work: bool
    first: bool
    last: bool

    def row(self) -> Row:
        """The columns (F,), float32, by COLUMNS."""
        known = [self.state in codes for codes in _STATES.values()]
        modes = [self.mode == mode for mode in _MODES.values()]
        values = (
            *known,
            not any(known),
            *modes,
            not any(modes),
            *(sum(self.states.get(int(code), 0.0) for code in codes) for codes in _STATES.values()),
            *(self.modes.get(int(_MODES[name]), 0.0) for name in ("maintenance", "manual")),
            np.log1p(self.lasted_min),
            self.together,
            *self.before,
            *self.behind,
            self.above,
            self.below,
            min(self.alarms, 10),
            self.scrap,
            self.pace,
            _hours(self.order_h),
            _hours(self.shift_h),
            _hours(self.last_stop_h),
            min(self.stops, 20),
            _hours(self.tool_h),
            self.planned_work,
            self.first,
            self.last,
            *(self.machine_type == name for name in TYPES),
        )
        return np.array(values, np.float32)


def _hours(value: float | None) -> float:
    return LONGEST_H if value is None else min(max(value, 0.0), LONGEST_H)
