"""What the tablet page of findings and the ledger of values read. Money in cents."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ToFind:
    """A case whose finding is missing, with the causes to choose from, the suspected one first."""

    case_id: str
    number: int
    title: str
    equipment_name: str
    line_name: str
    state: str
    decided_us: int | None
    cause: str
    causes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A finding that was recorded lately. `photo_sha256` is "" without a photo."""

    number: int
    title: str
    equipment_name: str
    finding: str
    grade: str
    cause: str
    by: str
    at_us: int
    photo_sha256: str
    right: int
    wrong: int


@dataclass(frozen=True, slots=True)
class Findings:
    """What waits, and what was found lately. `right` and `wrong` of a Found are opinions."""

    waiting: tuple[ToFind, ...]
    found: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One case in the ledger. `settled_cents` is what finance confirmed or corrected it to, or None."""

    case_id: str
    number: int
    title: str
    line_name: str
    finding: str
    promised_cents: int
    realised_cents: int
    avoided_cents: int
    cost_cents: int
    words: str
    settled_cents: int | None
    settled: str
    settled_by: str
    settled_reason: str
    settled_us: int | None
    booked_us: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """All cases of the ledger, newest booking first."""

    rows: tuple[ValueRow, ...]
    may_settle: bool
