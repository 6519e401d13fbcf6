"""What a model is given: windows of machines, built from what is in the database."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from domain.sending import Sent

Floats = NDArray[np.float32]
Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Unit:
    """A machine to be scored."""

    equipment_id: str
    machine_type: str


@dataclass(frozen=True, slots=True)
class Input:
    """One machine at plant time `at_us`: its window (T, F), or None and one plain sentence why not.

    The window covers `from_us`..`at_us`. `sent`: how its metrics reach the desk, where a node says so.
    """

    unit: Unit
    at_us: int
    from_us: int
    window: Floats | None
    reason: str = ""
    sent: Sent = field(default_factory=dict)


class Inputs(Protocol):
    """Where one kind of model gets its windows from."""

    machine_types: frozenset[str]

    def due(self, tx: Connection, unit: Unit, after_us: int, until_us: int) -> list[int]:
        """The times in (after, until] at which the machine is to be scored, oldest first."""

    def build(self, tx: Connection, unit: Unit, times: Sequence[int]) -> list[Input]:
        """An input for each of the times, in order."""

    def remember(self, tx: Connection) -> None:
        """Keep what was worked out since the last call, for a process that starts later."""


def mask(window: Floats, channels: Sequence[str], ignored: frozenset[str]) -> Floats:
    """The window with every column of the ignored sensors at 0, masks too: as if they were not there."""
    columns = [place for place, name in enumerate(channels) if name in ignored]
    if not columns:
        return window
    covered = window.copy()
    covered[:, columns] = 0.0
    return covered
