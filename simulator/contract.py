"""What passes between the plant's physics and its floor (the MES and ERP stand-ins).

Once per tick the world calls, in this order:

1. `floor.plan(from_us, to_us)`: what every machine should do in the tick (arrays over the N units of
   the layout, in `layout.units` order);
2. `floor.requests()`: maintenance jobs ordered or cancelled since the last tick;
3. `floor.take_part(...)` whenever a technician needs a part;
4. `floor.report(report)`: what happened in the tick.

The plant itself runs the old policy (preventive maintenance by the calendar) and the repair after a
failure; both reach the floor as `JobEvent`s, as do the jobs that the floor ordered. The floor's own
database is its memory; it must bear that a tick is reported again after a crash (same ids).
Times are plant time, int microseconds UTC. The floor is built by
`simulator.floor.open_floor(layout, seed, directory) -> Floor` and its queues are served by
`simulator.floor.serve(floor, queue_url, stop: threading.Event) -> None` in a thread of its own, so
`requests` and the receipts need a lock inside the floor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from domain.messages import Finding

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CAUSES = ("bearing", "tool", "overheating", "leak", "electrical")


class StopReason(StrEnum):
    """Why a machine is in its state, as the machine itself knows it."""

    RUNNING = "running"
    NO_SHIFT = "no_shift"
    BREAK = "break"
    NO_ORDER = "no_order"
    SETUP = "setup"
    SHORT_STOP = "short_stop"
    STARVED = "starved"
    BLOCKED = "blocked"
    TOOL_CHANGE = "tool_change"
    FAILURE = "failure"
    MAINTENANCE = "maintenance"


class JobKind(StrEnum):
    """Kinds of maintenance; the words of the MES table `maintenance`."""

    PREVENTIVE = "preventive"
    CORRECTIVE = "corrective"
    INSPECTION = "inspection"


class JobStatus(StrEnum):
    """Where a job stands; the words of the MES table `maintenance`."""

    PLANNED = "planned"
    UNDER_WAY = "under_way"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the floor wants in one tick; every array has shape (N,).

    `open`: a shift is on and it is no break. `in_break`: a shift is on and it is a break (then not
    open). `order`: the unit has an order. `product`: index into `layout.products` (-1: none).
    `cycle_s`: the product's planned seconds per part on this unit (> 0 where `order`).
    A change of `product` makes the unit set up first; the plant times that itself.
    `spoils`: the share of its good parts that a unit spoils as it is set; a number stands for all.
    """

    open: Bools
    in_break: Bools
    order: Bools
    product: Ints
    cycle_s: Floats
    spoils: Floats | float = 0.0


@dataclass(frozen=True, slots=True)
class JobRequest:
    """Floor to plant: stop `unit` at `start_us` and work on `cause` for about `duration_s`.

    `inspect_only`: look, repair nothing. `part_id` None: no part is needed. `job_id` is the MES's own
    maintenance id; asking twice with one id is harmless.
    """

    job_id: str
    unit: int
    kind: JobKind
    start_us: int
    duration_s: int
    cause: str
    part_id: str | None
    command_id: str | None
    inspect_only: bool = False


@dataclass(frozen=True, slots=True)
class JobCancel:
    """Floor to plant: drop a planned job. A job under way goes on (no event follows then)."""

    job_id: str


@dataclass(frozen=True, slots=True)
class JobEvent:
    """Plant to floor: a job was planned, began, ended or was cancelled, at `at_us`.

    `cause` is what the job was ordered for; `finding` and `found_cause` come with DONE, from the true
    wear as found (a technician errs at times). `log_us` is when the crew writes it into the MES; None
    means never (then the MES shows nothing of it). Jobs with a `command_id` are always logged at once.
    """

    job_id: str
    unit: int
    kind: JobKind
    status: JobStatus
    at_us: int
    planned_us: int
    start_us: int | None
    end_us: int | None
    cause: str
    part_id: str | None
    command_id: str | None
    log_us: int | None
    finding: Finding | None = None
    found_cause: str = ""


@dataclass(frozen=True, slots=True)
class StateChange:
    """A unit went into PackML `state` and `mode` at `at_us`."""

    unit: int
    at_us: int
    state: int
    mode: int
    reason: StopReason


@dataclass(frozen=True, slots=True)
class Failure:
    """A functional failure, with its true cause: for findings and reasons, never for the app."""

    unit: int
    at_us: int
    cause: str


@dataclass(frozen=True, slots=True)
class TickReport:
    """What happened in [from_us, to_us). `good` and `scrap` are parts made per unit, shape (N,)."""

    from_us: int
    to_us: int
    good: Floats
    scrap: Floats
    changes: tuple[StateChange, ...]
    jobs: tuple[JobEvent, ...]
    failures: tuple[Failure, ...]


class Floor(Protocol):
    """The MES and ERP side of the plant."""

    def plan(self, from_us: int, to_us: int) -> Plan:
        """What every unit should do in the tick."""
        ...

    def requests(self) -> Sequence[JobRequest | JobCancel]:
        """Jobs ordered or cancelled since the last call."""
        ...

    def take_part(self, part_id: str, unit: int, at_us: int, command_id: str | None) -> int:
        """Use one part up; returns the plant time at which it is in the technician's hand."""
        ...

    def report(self, report: TickReport) -> None:
        """Take note of a finished tick."""
        ...

    def flush(self) -> None:
        """Write down all that was reported; the world calls it before it saves itself."""
        ...
