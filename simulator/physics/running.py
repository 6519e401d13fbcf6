"""What each unit does in a tick: shifts, setups, short stops, tool changes, starved and blocked.

Holds begin at a random moment inside the tick and count only their share of it, so that a 5-second and
a 300-second tick give the same time in each state on average.
"""

from dataclasses import dataclass

import numpy as np

from domain.telemetry import MachineMode, MachineState
from simulator.contract import Bools, Floats, Ints, Plan, StopReason
from simulator.layout import Layout
from simulator.physics.parameters import Parameters
from simulator.physics.surroundings import happens
from simulator.physics.wear import TOOL_CHANGE_AT, Wear

REASONS = tuple(StopReason)
CODE = {reason: index for index, reason in enumerate(REASONS)}
_STATE = {
    StopReason.RUNNING: (MachineState.EXECUTE, MachineMode.PRODUCTION),
    StopReason.NO_SHIFT: (MachineState.STOPPED, MachineMode.PRODUCTION),
    StopReason.BREAK: (MachineState.IDLE, MachineMode.PRODUCTION),
    StopReason.NO_ORDER: (MachineState.IDLE, MachineMode.PRODUCTION),
    StopReason.SETUP: (MachineState.RESETTING, MachineMode.MANUAL),
    StopReason.SHORT_STOP: (MachineState.HELD, MachineMode.PRODUCTION),
    StopReason.STARVED: (MachineState.SUSPENDED, MachineMode.PRODUCTION),
    StopReason.BLOCKED: (MachineState.SUSPENDED, MachineMode.PRODUCTION),
    StopReason.TOOL_CHANGE: (MachineState.HELD, MachineMode.MANUAL),
    StopReason.FAILURE: (MachineState.ABORTED, MachineMode.PRODUCTION),
    StopReason.MAINTENANCE: (MachineState.STOPPED, MachineMode.MAINTENANCE),
}
STATES = np.array([int(_STATE[reason][0]) for reason in REASONS])
MODES = np.array([int(_STATE[reason][1]) for reason in REASONS])
BUFFER_S = 1_500.0
SETUP_S = 1_500.0
TOOL_CHANGE_S = 720.0
SHORT_STOP_S = 170.0
PERFORMANCE = 0.965


@dataclass(slots=True)
class Running:
    """State of the flow, arrays (N,). `buffer` holds seconds of work waiting before the unit."""

    hold_s: Floats
    hold_code: Ints
    product: Ints
    buffer: Floats
    carry: Floats
    code: Ints

    @classmethod
    def start(cls, count: int, rng: np.random.Generator) -> "Running":
        """Half-full buffers, nothing set up yet."""
        return cls(
            hold_s=np.zeros(count),
            hold_code=np.full(count, CODE[StopReason.RUNNING]),
            product=np.full(count, -2),
            buffer=rng.uniform(0.3, 0.7, count) * BUFFER_S,
            carry=rng.random(count),
            code=np.full(count, CODE[StopReason.NO_SHIFT]),
        )


class Flow:
    """Lines of units in series; buffers are measured in seconds of planned work of the line."""

    def __init__(self, layout: Layout) -> None:
        width = max(len(line.units) for line in layout.lines)
        self._grid = np.full((len(layout.lines), width), -1)
        for line in layout.lines:
            self._grid[line.index, : len(line.units)] = line.units
        self._there = self._grid >= 0
        self._slow = np.array([unit.cycle_factor for unit in layout.units])

    def limit(self, ready: Floats, dt_s: float, buffer: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """(made, starved, blocked, buffer), each in seconds of line work (N,).

        `ready` is the share of the tick in which the unit could work, times its pace.
        """
        wide = self._spread(ready * dt_s / self._slow, np.inf)
        held = self._spread(buffer, 0.0)
        made = wide.copy()
        for k in range(1, made.shape[1]):
            made[:, k] = np.minimum(made[:, k], held[:, k] + made[:, k - 1])
        fed = made.copy()
        room = np.maximum(BUFFER_S, 2.0 * dt_s)
        for k in range(made.shape[1] - 2, -1, -1):
            made[:, k] = np.minimum(made[:, k], room - held[:, k + 1] + made[:, k + 1])
        made = np.maximum(made, 0.0)
        inflow = np.concatenate([made[:, :1], made[:, :-1]], axis=1)
        after = np.clip(held + inflow - made, 0.0, room)
        after[:, 0] = held[:, 0]
        return (
            self._gather(made),
            self._gather(wide - fed),
            self._gather(fed - made),
            self._gather(after),
        )

    def _spread(self, values: Floats, missing: float) -> Floats:
        return np.where(self._there, values[self._grid], missing)

    def _gather(self, grid: Floats) -> Floats:
        found = np.empty(self._slow.size)
        found[self._grid[self._there]] = grid[self._there]
        return found


@dataclass(frozen=True, slots=True)
class Pace:
    """`run`: share of the tick spent working; `code`: reason at its end; `made`: seconds of line work.

    `tools`: where the tool set was changed. All (N,).
    """

    run: Floats
    code: Ints
    made: Floats
    tools: Bools


@dataclass(frozen=True, slots=True)
class Crew:
    """What a tick of running needs besides its own state."""

    flow: Flow
    parameters: Parameters
    rng: np.random.Generator


def go(state: Running, plan: Plan, down: Ints, wear: Wear, crew: Crew, *, dt_s: float) -> Pace:
    """One tick. `down` (N,) is the code of FAILURE or MAINTENANCE where a unit is down, else -1."""
    free = plan.open & plan.order & (down < 0)
    tools, late_s = _begin_holds(state, plan, free, wear, crew, dt_s=dt_s)
    lost = np.where(free, np.minimum(state.hold_s, dt_s - late_s), 0.0)
    state.hold_s = state.hold_s - lost
    ready = np.where(free, 1.0 - lost / dt_s, 0.0)
    made, starved, blocked, state.buffer = crew.flow.limit(ready * PERFORMANCE, dt_s, state.buffer)
    short = starved + blocked
    could = np.maximum(made + short, 1e-9)
    limited = (ready > 0) & (short > 0.5 * could)
    run = np.where(limited, ready * made / could, ready)
    state.code = _codes(state, plan, down, limited, starved >= blocked)
    return Pace(run, state.code, made, tools)


def _begin_holds(
    state: Running, plan: Plan, free: Bools, wear: Wear, crew: Crew, *, dt_s: float
) -> tuple[Bools, Floats]:
    count, rng = free.size, crew.rng
    idle = free & (state.hold_s <= 0)
    setup = free & (state.product != plan.product)
    tools = idle & ~setup & (wear.tool_used >= TOOL_CHANGE_AT * crew.parameters.tool_h)
    rate = crew.parameters.short_stops_per_h * (1 + 1.2 * np.minimum(wear.damage, 1.0).max(axis=0) ** 2)
    short = idle & ~setup & ~tools & happens(rate, np.full(count, dt_s / 3_600), rng)
    begins = setup | tools | short
    if not begins.any():
        return tools, np.zeros(count)
    scale = rng.gamma(4.0, 0.25, count)
    for which, reason, seconds in (
        (setup, StopReason.SETUP, SETUP_S * scale),
        (tools, StopReason.TOOL_CHANGE, TOOL_CHANGE_S * scale),
        (short, StopReason.SHORT_STOP, rng.exponential(SHORT_STOP_S, count)),
    ):
        state.hold_s = np.where(which, seconds, state.hold_s)
        state.hold_code = np.where(which, CODE[reason], state.hold_code)
    state.product = np.where(setup, plan.product, state.product)
    return tools, np.where(begins, rng.random(count) * dt_s, 0.0)


def _codes(state: Running, plan: Plan, down: Ints, limited: Bools, starved: Bools) -> Ints:
    code = np.full(down.size, CODE[StopReason.RUNNING])
    code = np.where(limited, np.where(starved, CODE[StopReason.STARVED], CODE[StopReason.BLOCKED]), code)
    code = np.where(state.hold_s > 0, state.hold_code, code)
    code = np.where(plan.order, code, CODE[StopReason.NO_ORDER])
    closed = np.where(plan.in_break, CODE[StopReason.BREAK], CODE[StopReason.NO_SHIFT])
    code = np.where(plan.open, code, closed)
    return np.where(down >= 0, down, code)
