"""What people see of inspected pictures."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Inspection:
    """One picture of one part. `label` is what the model says ("" unless judged), `said_label` what a
    person says; `picture` holds the file, None when it is no longer kept or not asked for. `regions` are
    0 to 100 of the strongest region, row by row; empty where nothing was found."""

    inspection_id: str
    equipment_id: str
    machine: str
    line: str
    taken_us: int
    source: str
    state: str
    reason: str
    model: str
    label: str
    confidence: float | None
    strangeness: float | None
    unknown: bool
    for_person: bool
    probabilities: tuple[tuple[str, float], ...]
    regions: tuple[tuple[int, ...], ...]
    additivity_error: float
    said_label: str
    said_by: str
    said_us: int | None
    said_words: str
    sha256: str
    picture: bytes | None

    @property
    def open(self) -> bool:
        """True while a person is asked for and nobody has answered."""
        return self.for_person and not self.said_label


@dataclass(frozen=True, slots=True)
class Said:
    """How often people said `person` where the model said `model` ("unknown": of no kind it knows)."""

    model: str
    person: str
    count: int


@dataclass(frozen=True, slots=True)
class Gallery:
    """Pictures, newest first; of all that fit the filters so many, so many waiting for a person."""

    shown: tuple[Inspection, ...]
    total: int
    open: int
    waiting: int
    refused: int
