"""What the inbox, the card of a case and the history read. Money in cents, times in plant time."""

from dataclasses import dataclass

from domain.cases import CaseState
from domain.evidence import Alternative, Evidence, Payload
from domain.messages import CommandState
from services.rows.approvals import ApprovalView
from services.rows.care import CareView
from services.rows.predict import PredictionView
from services.rows.set_points import MovedRow


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One open case. `mine`: a signature of the actor counts (role, scope, limit, policy).

    `bulk`: small enough to be approved together with others.
    """

    case_id: str
    number: int
    title: str
    equipment_id: str
    equipment_name: str
    line_id: str
    line_name: str
    cause: str
    state: CaseState
    attention: bool
    opened_us: int
    deadline_us: int
    cost_cents: int
    benefit_cents: int
    benefit_low_cents: int
    benefit_high_cents: int
    probability: float | None
    mine: bool
    assigned_to: str = ""
    assigned_to_me: bool = False
    snoozed_until_us: int | None = None
    bulk: bool = False
    version: int = 0
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Inbox:
    """`waiting` cases want a decision, mine first, then by the minute of the deadline, the dearest first.

    `under_way` are decided. `aside` cases were put aside by somebody and come back by themselves.
    """

    waiting: tuple[InboxRow, ...]
    under_way: tuple[InboxRow, ...]
    lines: tuple[tuple[str, str], ...]
    aside: tuple[InboxRow, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """An answer of a receiver."""

    sender: str
    status: str
    detail: str
    finding: str
    found_cause: str
    at_us: int


@dataclass(frozen=True, slots=True)
class CommandRow:
    """One order of a case with its answers, oldest first. `sent_us` is None until it left."""

    command_id: str
    position: int
    queue: str
    state: CommandState
    business_key: str
    payload: Payload
    detail: str
    cancels: str | None
    depends_on: str | None
    sent_us: int | None
    trouble: str
    receipts: tuple[ReceiptRow, ...]


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """What became of training a model anew: the command's own words, the challenger with its stage ("" before
    there is one), and the gates that it failed, and that nobody knows yet, each with its sentence."""

    words: str
    challenger: str
    stage: str
    failed: tuple[tuple[str, str], ...]
    open: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SignatureRow:
    """A signature as it must be shown: who, when, and what it means."""

    printed_name: str
    meaning: str
    signed_us: int
    record_hash: str


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry of the audit."""

    entry: int
    wall_us: int
    plant_us: int
    actor: str
    action: str
    detail: str
    hash: str


@dataclass(frozen=True, slots=True)
class SignalRow:
    """What another source said of the case: its kind, its name, when, in which words, and about what."""

    kind: str
    said_by: str
    at_us: int
    words: str
    source_id: str = ""


@dataclass(frozen=True, slots=True)
class CourseStep:
    """One step of a case. `at_us` None: it is still to come. `alarming`: something is wrong here."""

    at_us: int | None
    text: str
    alarming: bool = False


@dataclass(frozen=True, slots=True)
class CaseView:
    """All of one case. `blocked` is '' when the actor may approve it now, else it says why not.

    `prediction` is the one that the case rests on; None for a case that a person raised.
    """

    case_id: str
    number: int
    version: int
    kind: str
    state: CaseState
    attention: bool
    attention_why: str
    seen: bool
    title: str
    equipment_id: str
    equipment_name: str
    line_id: str
    line_name: str
    opened_us: int
    deadline_us: int
    default_action: str
    proposed_by: str
    cost_cents: int
    benefit_cents: int
    benefit_low_cents: int
    benefit_high_cents: int
    reason: str
    advised: str
    evidence: Evidence
    alternatives: tuple[Alternative, ...]
    commands: tuple[CommandRow, ...]
    signatures: tuple[SignatureRow, ...]
    course: tuple[CourseStep, ...]
    comments: tuple[AuditRow, ...]
    prediction: PredictionView | None
    data_us: int | None
    may_decide: bool
    may_comment: bool
    may_judge: bool
    blocked: str
    too_late: bool
    approval: ApprovalView
    care: CareView
    decided_by: str
    decided_us: int | None
    drafts: dict[str, str]
    signals: tuple[SignalRow, ...] = ()
    training: TrainingRow | None = None
    moved: MovedRow | None = None


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """A case that is no longer waiting, and what came of it: a finding, or the verdict on a moved set point
    (domain.set_points.Verdict; "" without one)."""

    number: int
    kind: str
    title: str
    equipment_name: str
    line_name: str
    cause: str
    state: CaseState
    attention: bool
    opened_us: int
    decided_us: int | None
    closed_us: int | None
    decided_by: str
    proposed_by: str
    reason: str
    cost_cents: int
    benefit_cents: int
    finding: str
    found_cause: str
    signatures: tuple[SignatureRow, ...]
    came: str = ""


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """What the history shows; empty fields do not filter."""

    line_id: str = ""
    state: str = ""
    cause: str = ""
    from_us: int = 0
    limit: int | None = None
