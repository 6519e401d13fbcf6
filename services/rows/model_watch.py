"""What people see of the watch over a model: drift, calibration, hits and misses, learning machines."""

from dataclasses import dataclass

from domain.calibration import Calibration
from services.rows.maturity import MaturityGroup


@dataclass(frozen=True, slots=True)
class DriftRow:
    """One input over the machines of a type: how many were compared, how many moved, the one that moved
    furthest with its PSI and KS distance and critical value."""

    metric: str
    machine_type: str
    compared: int
    shifted: int
    worst: str
    psi: float
    ks: float
    critical: float


@dataclass(frozen=True, slots=True)
class OutputDrift:
    """The distribution of the stated chances, last two days against the five before; None: too few."""

    psi: float | None
    before: float | None
    now: float | None
    predictions: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Alarms of one machine (or of all, `machine` ""): with a failure in time, without, censored by a
    maintenance, not over yet; failures, and how many were warned 4 to 24 h ahead."""

    machine: str
    alarms: int
    true: int
    false: int
    censored: int
    waiting: int
    failures: int
    warned: int


@dataclass(frozen=True, slots=True)
class Learning:
    """A machine whose usual values are being learned anew."""

    equipment_id: str
    machine: str
    since_us: int
    until_us: int
    why: str


@dataclass(frozen=True, slots=True)
class Look:
    """The newest look at a model at a site."""

    model: str
    version: str
    made_us: int
    days: float
    inputs: tuple[DriftRow, ...]
    output: OutputDrift
    calibration: Calibration
    total: Tally
    machines: tuple[Tally, ...]
    learning: tuple[Learning, ...]


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """A proposal to train a model anew. `state` is that of its case; `number` None and a state of its own
    (approved, rejected, done, replaced), with the signature, on those from before proposals were cases."""

    number: int | None
    model: str
    version: str
    state: str
    why: tuple[str, ...]
    opened_us: int
    by: str
    meaning: str
    record_hash: str
    reason: str
    new_version: str


@dataclass(frozen=True, slots=True)
class WatchView:
    """The whole screen. `machines` are (id, name) that this person may mark."""

    looks: tuple[Look, ...]
    proposals: tuple[ProposalRow, ...]
    machines: tuple[tuple[str, str], ...]
    may_mark: bool
    maturity: tuple[MaturityGroup, ...] = ()
