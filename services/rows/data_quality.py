"""What the screen *Data quality* reads."""

from dataclasses import dataclass

from domain.signal_quality import Look, Odd


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that is not there, and what to do about it."""

    what: str
    todo: str


@dataclass(frozen=True, slots=True)
class MachineData:
    """A machine: what is missing for each purpose, which signals look wrong, what is known to be lost.

    `gaps_us`: stretches of the last 24 hours that a source reported as lost. `looked_us`: plant time of
    the last look at its signals, None before the first.
    """

    equipment_id: str
    name: str
    line_id: str
    line: str
    oee: tuple[Missing, ...]
    prediction: tuple[Missing, ...]
    traceability: tuple[Missing, ...]
    odd: tuple[tuple[Odd, Look], ...]
    gaps_us: int
    looked_us: int | None
