"""What the screen of failures that nobody saw coming reads. Times in plant time, risks 0..1."""

from dataclasses import dataclass

from services.rows.predict import Trend


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """One failure. `verdict` is '' until a person has settled it; `case_number` of the advice before it."""

    review_id: str
    equipment_id: str
    equipment_name: str
    line_name: str
    failed_us: int
    cause: str
    scored: int
    highest: float | None
    threshold: float
    prediction_id: str
    case_number: int | None
    proposed: str
    why: str
    verdict: str
    next_step: str
    words: str
    settled_by: str
    settled_us: int | None
    version: int


@dataclass(frozen=True, slots=True)
class Replay:
    """One failure with the day before it: the risk by time, as it was scored then."""

    row: ReviewRow
    risk: Trend
    may_settle: bool
