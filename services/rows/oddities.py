"""What the screens of anomalies read: machines by how unusual they are, one machine with its signals."""

from dataclasses import dataclass
from enum import StrEnum

from services.rows.predict import Point, Trend


class Standing(StrEnum):
    """Where a machine stands."""

    ODD = "odd"
    REFUSED = "refused"
    STOOD = "stood"
    USUAL = "usual"


@dataclass(frozen=True, slots=True)
class OddSignal:
    """A signal that is odd: since when, and how many times its limit its part of the score is."""

    metric: str
    since_us: int
    times: float


@dataclass(frozen=True, slots=True)
class OddityRow:
    """One machine at its newest half hour (None: none yet). `reason`: why it has no score now.

    `times`: its score by its limit. `course`: (plant time, score by its limit or None), oldest first.
    """

    equipment_id: str
    name: str
    line_id: str
    line_name: str
    at_us: int | None
    times: float | None
    reason: str
    since_us: int | None
    signals: tuple[OddSignal, ...]
    course: tuple[Point, ...]
    data_us: int | None

    @property
    def standing(self) -> Standing:
        """A machine without a score is refused, whatever it was before. One that has not run for hours shows
        nothing: its score is nothing, and nobody can say that it is as usual."""
        if self.reason:
            return Standing.REFUSED
        if self.since_us is not None:
            return Standing.ODD
        return Standing.USUAL if self.times else Standing.STOOD


@dataclass(frozen=True, slots=True)
class Watch:
    """The model at work ("" for none), its stated false alarms a machine and month, and its stop."""

    model: str
    version: str
    false_alarms: float
    stopped_us: int | None


@dataclass(frozen=True, slots=True)
class OddityBoard:
    """All machines that the actor may see, odd ones first; `lines` are (id, name) to filter by."""

    rows: tuple[OddityRow, ...]
    lines: tuple[tuple[str, str], ...]
    watch: Watch


@dataclass(frozen=True, slots=True)
class OddityView:
    """One machine: where it stands, its longer course, its oddest signals over time, the model's limits."""

    row: OddityRow
    course: tuple[Point, ...]
    trends: tuple[Trend, ...]
    watch: Watch
    limits: tuple[str, ...]
