"""What a case card shows: the evidence, the alternatives, the orders that would be sent.

These shapes are stored as JSON beside the case (`cases.evidence`, `cases.alternatives`,
`commands.payload`) and drawn by the screens. Money is in cents of the site's currency, times are
microseconds of plant time, probabilities 0..1. A text here is one sentence for a shift lead.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, Self

from domain.errors import Malformed
from domain.messages import (
    Cancel,
    CommandKind,
    MaintenanceOrder,
    Requisition,
    Reservation,
    Retraining,
    SetPointChange,
    Work,
)
from domain.process import SettingMove


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces: the same value always gives the same text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def parsed(text: str, what: str) -> Any:
    """The value of a JSON text; Malformed when it is none."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise Malformed("json", f"{what} is no JSON") from error


@dataclass(frozen=True, slots=True)
class Moved:
    """One bar of "what moved the risk": `points` of 100, negative when it lowers the risk."""

    metric: str
    label: str
    points: float
    from_us: int
    to_us: int
    observed: float | None
    usual: float | None
    unit: str


@dataclass(frozen=True, slots=True)
class SimilarCase:
    """A decided earlier case of the same cause on a machine of the same type."""

    case_id: str
    number: int
    equipment_id: str
    opened_us: int
    ended: str


@dataclass(frozen=True, slots=True)
class CostInput:
    """One figure that the costs are counted from, where it comes from, and since when it holds.

    `unit`: cents, cents/h, s, h, share (0..1), factor, pieces. `since_us` None: its source names no time.
    """

    label: str
    value: float
    unit: str
    source: str
    since_us: int | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why the desk proposes this. Empty tuples mean "none known", never "not looked".

    `base` and `probability` are the risk of a healthy machine of this type and the risk now. All
    model figures are None on a case that a person raised. `data_us` is the source time of the
    newest value in the window; its age is counted when the card is drawn.
    `setting` stands on a case about a set point only.
    """

    equipment_id: str
    equipment_name: str
    cause: str
    cause_label: str
    words: str
    prediction_id: str | None
    model_name: str
    model_version: str
    feature_version: str
    at_us: int
    data_us: int
    window_from_us: int
    window_to_us: int
    horizon_s: int
    probability: float | None
    base: float | None
    rul: float | None
    rul_low: float | None
    rul_high: float | None
    life_unit: str
    main_metric: str | None
    moved: tuple[Moved, ...]
    against: tuple[str, ...]
    would_change: tuple[str, ...]
    similar: tuple[SimilarCase, ...]
    similar_words: tuple[str, ...]
    limits: tuple[str, ...]
    assumptions: tuple[str, ...]
    inputs: tuple[CostInput, ...] = ()
    setting: SettingMove | None = None

    def to_json(self) -> str:
        """Canonical JSON."""
        return canonical(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The inverse of `to_json`; Malformed when fields are missing or unknown."""
        row = parsed(text, "evidence")
        try:
            row["moved"] = tuple(Moved(**m) for m in row["moved"])
            row["similar"] = tuple(SimilarCase(**s) for s in row["similar"])
            row["inputs"] = tuple(CostInput(**one) for one in row.get("inputs", ()))
            row["setting"] = SettingMove(**row["setting"]) if row.get("setting") else None
            for name in ("against", "would_change", "similar_words", "limits", "assumptions"):
                row[name] = tuple(row[name])
            return cls(**row)
        except (KeyError, TypeError) as error:
            raise Malformed("evidence", str(error)) from error


@dataclass(frozen=True, slots=True)
class Alternative:
    """One choice. `cost_cents` is the expected cost, `low_cents`..`high_cents` its 90 % range.

    `key` is stable (domain.recommendation.Choice). `start_us` is None where nothing is started by
    us (wait for the limit alarm, run to failure). When `fits` is False, `why_not` says why. `minutes` is
    the production that is expected to be lost, with its 90 % range. `note` goes out with the order.
    `look_cents` and `worth_cents`: what an inspection costs, and what it tells is worth. Without `counted`
    the choice does not exist now, and its figures mean nothing.
    """

    key: str
    label: str
    start_us: int | None
    duration_s: int
    cost_cents: int
    low_cents: int
    high_cents: int
    fits: bool
    why_not: str
    advised: bool
    minutes: int = 0
    minutes_low: int = 0
    minutes_high: int = 0
    note: str = ""
    look_cents: int | None = None
    worth_cents: int | None = None
    counted: bool = True


def alternatives_to_json(alternatives: tuple[Alternative, ...]) -> str:
    """Canonical JSON of the list, cheapest first as given."""
    return canonical([asdict(a) for a in alternatives])


def alternatives_from_json(text: str) -> tuple[Alternative, ...]:
    """The inverse of `alternatives_to_json`."""
    try:
        return tuple(Alternative(**row) for row in parsed(text, "alternatives"))
    except TypeError as error:
        raise Malformed("alternatives", str(error)) from error


_WORK: dict[CommandKind, type[Work]] = {
    CommandKind.MAINTENANCE_ORDER: MaintenanceOrder,
    CommandKind.INSPECTION_ORDER: MaintenanceOrder,
    CommandKind.RESERVATION: Reservation,
    CommandKind.REQUISITION: Requisition,
    CommandKind.CANCEL: Cancel,
    CommandKind.RETRAINING: Retraining,
    CommandKind.SET_POINT_CHANGE: SetPointChange,
}


@dataclass(frozen=True, slots=True)
class ProposedCommand:
    """One line of "what will be sent": the receiver's queue, the work, and it said in words.

    `depends_on` is the position (0..) in the same case of the command that must be accepted first.
    """

    position: int
    queue: str
    kind: CommandKind
    work: Work
    business_key: str
    words: str
    depends_on: int | None = None

    def payload(self) -> str:
        """The text kept in `commands.payload`: the work, and the words that people read."""
        return canonical({"kind": self.kind.value, "work": asdict(self.work), "words": self.words})

    def to_json(self) -> str:
        """Canonical JSON."""
        return canonical(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The inverse of `to_json`."""
        row = parsed(text, "proposed command")
        try:
            kind = CommandKind(row.pop("kind"))
            return cls(kind=kind, work=_WORK[kind](**row.pop("work")), **row)
        except (KeyError, TypeError, ValueError) as error:
            raise Malformed("proposed command", str(error)) from error


@dataclass(frozen=True, slots=True)
class Payload:
    """What `commands.payload` holds."""

    kind: CommandKind
    work: Work
    words: str

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a stored payload; Malformed when it is none."""
        row = parsed(text, "payload")
        try:
            kind = CommandKind(row["kind"])
            return cls(kind, _WORK[kind](**row["work"]), row["words"])
        except (KeyError, TypeError, ValueError) as error:
            raise Malformed("payload", str(error)) from error
