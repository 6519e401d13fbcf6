"""The life of a case and of its commands, as pure functions.

    proposed -> seen -> approved -> sent -> accepted -> done -> judged
        |         |        `-> refused | cancelled ----------^
        `---------`-> rejected | expired | withdrawn --------'

From `approved` on, the case's state is not set by anybody: `derive` reads it off the commands. A
step that the picture does not show raises NotNow, and a Case that contradicts itself does not
construct.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from domain.errors import InvalidInput, NotNow
from domain.messages import CommandKind, CommandState, Receipt, ReceiptStatus


class CaseKind(StrEnum):
    """`failure_risk` comes from a model, `inspected` from an inspection, `raised` from a person,
    `limit` from a fixed limit while the AI is stopped, `chart` from a control chart that broke a rule
    or a machine's usual pattern, `alarm` from an alarm, `shortage` from a missing part, `outlook` from a
    shift that will miss its target, `pictures` from a series of bad parts on pictures, `retraining` from the
    watch over models: it is about a model at a site, and no machine. `set_point` from the model of scrap:
    about a setting of a machine for a product, and no fault."""

    FAILURE_RISK = "failure_risk"
    INSPECTED = "inspected"
    RAISED = "raised"
    LIMIT = "limit"
    CHART = "chart"
    ALARM = "alarm"
    SHORTAGE = "shortage"
    OUTLOOK = "outlook"
    PICTURES = "pictures"
    RETRAINING = "retraining"
    SET_POINT = "set_point"


ABOUT_MODELS = frozenset({CaseKind.RETRAINING})  # no machine, no orders, no finding at a machine
ABOUT_SETTINGS = frozenset({CaseKind.SET_POINT})
NO_FAULT = ABOUT_MODELS | ABOUT_SETTINGS  # nothing to repair, nothing for a technician to find
SEEN_BY_PEOPLE = frozenset({CaseKind.RAISED, CaseKind.INSPECTED})


class CaseState(StrEnum):
    """Where a case stands. `refused`: nobody does the work; `cancelled`: it was taken back."""

    PROPOSED = "proposed"
    SEEN = "seen"
    APPROVED = "approved"
    SENT = "sent"
    ACCEPTED = "accepted"
    DONE = "done"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    JUDGED = "judged"


S = CaseState
UNDECIDED = frozenset({S.PROPOSED, S.SEEN})
UNDER_WAY = frozenset({S.APPROVED, S.SENT, S.ACCEPTED})
OPEN = UNDECIDED | UNDER_WAY
WORKED = UNDER_WAY | {S.DONE, S.REFUSED, S.CANCELLED}
JUDGEABLE = WORKED | {S.REJECTED, S.EXPIRED, S.WITHDRAWN}
_STEPS: dict[CaseState, frozenset[CaseState]] = {
    S.PROPOSED: frozenset({S.PROPOSED, S.SEEN, S.APPROVED, S.REJECTED, S.EXPIRED, S.WITHDRAWN}),
    S.SEEN: frozenset({S.PROPOSED, S.SEEN, S.APPROVED, S.REJECTED, S.EXPIRED, S.WITHDRAWN}),
    **{state: frozenset({S.JUDGED}) for state in JUDGEABLE},
    S.JUDGED: frozenset(),
}
_SAID = {
    S.PROPOSED: "waits for a decision",
    S.SEEN: "waits for a decision",
    S.APPROVED: "was already approved",
    S.SENT: "was already approved and sent",
    S.ACCEPTED: "was already approved and accepted",
    S.DONE: "is already done",
    S.REFUSED: "was refused by the receivers",
    S.CANCELLED: "was taken back",
    S.REJECTED: "was rejected",
    S.EXPIRED: "has expired",
    S.WITHDRAWN: "was withdrawn",
    S.JUDGED: "is closed",
}


def open_key(equipment_id: str, cause: str) -> str:
    """What may be open once only: one case per machine and cause."""
    return f"{equipment_id}|{cause}"


@dataclass(frozen=True, slots=True)
class Case:
    """The part of a case that its life turns on. `version` grows by one with every change."""

    case_id: str
    equipment_id: str
    cause: str
    state: CaseState
    version: int
    attention: bool = False
    decided_by: str | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        if self.version < 1:
            raise InvalidInput(f"version {self.version} is below 1")
        if self.attention and self.state in UNDECIDED:
            raise InvalidInput("an undecided case has no receivers that could disagree")
        if (self.state in WORKED or self.state is S.REJECTED) and not self.decided_by:
            raise InvalidInput(f"a case that is {self.state} names who decided")
        if self.state in (S.REJECTED, S.WITHDRAWN) and not self.reason:
            raise InvalidInput(f"a case that is {self.state} has a reason")

    @property
    def open_key(self) -> str | None:
        """The key while the case is open, None afterwards."""
        return open_key(self.equipment_id, self.cause) if self.state in OPEN else None


def step(
    case: Case, to: CaseState, *, by: str | None = None, reason: str | None = None, attention: bool = False
) -> Case:
    """The case one step on. Raises NotNow for a step that there is not.

    The version grows, but not when somebody has merely seen the case: what they read stays valid.
    """
    if to not in _STEPS[case.state]:
        raise NotNow(f"the case {_SAID[case.state]}")
    return replace(
        case,
        state=to,
        version=case.version + (to is not S.SEEN),
        decided_by=by or case.decided_by,
        reason=case.reason if reason is None else reason,
        attention=attention,
    )


@dataclass(frozen=True, slots=True)
class CommandView:
    """The part of a command that its life turns on. `cancels` names the command that it takes back."""

    command_id: str
    kind: CommandKind
    state: CommandState
    cancels: str | None = None
    depends_on: str | None = None


C = CommandState
_COMMAND_STEPS: dict[CommandState, frozenset[CommandState]] = {
    C.PROPOSED: frozenset({C.QUEUED, C.CANCELLED}),
    C.QUEUED: frozenset({C.SENT, C.CANCELLED, C.REFUSED, C.ACCEPTED, C.DONE}),
    C.SENT: frozenset({C.ACCEPTED, C.REFUSED, C.CANCELLED, C.DONE}),
    C.ACCEPTED: frozenset({C.REFUSED, C.CANCELLED, C.DONE}),
    C.REFUSED: frozenset({C.ACCEPTED, C.CANCELLED, C.DONE}),  # an older refusal that arrived first
    C.CANCELLED: frozenset({C.DONE}),  # the work was finished before the cancel could stop it
    C.DONE: frozenset(),
}


def command_step(state: CommandState, to: CommandState) -> CommandState:
    """`to`, or NotNow when a command in `state` cannot get there."""
    if to not in _COMMAND_STEPS[state]:
        raise NotNow(f"a command that is {state} cannot become {to}")
    return to


def answered(sent: CommandState, receipts: Iterable[Receipt], *, taken_back: bool = False) -> CommandState:
    """What a command is after all receipts so far, in whatever order they came.

    `taken_back`: a cancel of this command was accepted. Done outlasts all, then
    cancelled; else the answer with the latest sender's time counts (a
    refusal before an acceptance of the same time). Without receipts the command is as it was sent.
    """
    known = list(receipts)
    statuses = {r.status for r in known}
    if ReceiptStatus.DONE in statuses:
        return C.DONE
    if taken_back or ReceiptStatus.CANCELLED in statuses:
        return C.CANCELLED
    if not known:
        return sent
    last = max(known, key=lambda r: (r.at_us, r.status is ReceiptStatus.REFUSED, r.receipt_id))
    return C.REFUSED if last.status is ReceiptStatus.REFUSED else C.ACCEPTED


@dataclass(frozen=True, slots=True)
class Derived:
    """What the commands say of their case. `attention`: a person has to look, `why` says why."""

    state: CaseState
    attention: bool
    why: str = ""


ORDERS = frozenset({CommandKind.MAINTENANCE_ORDER, CommandKind.INSPECTION_ORDER})
_LIVE = frozenset({C.QUEUED, C.SENT, C.ACCEPTED, C.DONE})


def derive(commands: Iterable[CommandView]) -> Derived:
    """The state of an approved case from its commands. Cancels count only when they were refused."""
    every = list(commands)
    work = [c for c in every if c.kind is not CommandKind.CANCEL]
    cancels = [c for c in every if c.kind is CommandKind.CANCEL]
    states = {c.state for c in work}
    live, refused = states & _LIVE, C.REFUSED in states
    if not work or states == {C.CANCELLED}:
        return Derived(S.CANCELLED, False)
    if not live:
        return Derived(S.REFUSED, refused, "nobody takes the work" if refused else "")
    attention, why = _disagreement(work, cancels)
    return Derived(_reached(work), attention, why)


def _reached(work: list[CommandView]) -> CaseState:
    """Done: the orders are done, and what goes with them (parts) is at least accepted."""
    live = {c.state for c in work if c.state in _LIVE}
    orders = {c.state for c in work if c.kind in ORDERS and c.state in _LIVE}
    if live <= {C.ACCEPTED, C.DONE}:
        return S.DONE if (orders or live) == {C.DONE} else S.ACCEPTED
    return S.SENT if live & {C.SENT, C.ACCEPTED, C.DONE} else S.APPROVED


def _disagreement(work: list[CommandView], cancels: list[CommandView]) -> tuple[bool, str]:
    states = {c.state for c in work}
    if C.REFUSED in states and states & _LIVE:
        return True, "one receiver refuses what another takes"
    held = {c.command_id for c in work if c.state in (C.SENT, C.ACCEPTED)}
    if any(c.state is C.REFUSED and c.cancels in held for c in cancels):
        return True, "an order could not be taken back"
    if C.CANCELLED in states and states & _LIVE and not _being_taken_back(work, cancels):
        return True, "a part of the work was taken back, the rest still stands"
    return False, ""


def _being_taken_back(work: list[CommandView], cancels: list[CommandView]) -> bool:
    going = {c.cancels for c in cancels if c.state in (C.QUEUED, C.SENT, C.ACCEPTED)}
    return all(c.command_id in going for c in work if c.state in _LIVE)


def to_take_back(commands: Iterable[CommandView]) -> list[CommandView]:
    """Commands that a receiver took although another refused: the desk proposes to cancel them."""
    every = list(commands)
    work = [c for c in every if c.kind is not CommandKind.CANCEL]
    if not any(c.state is C.REFUSED for c in work):
        return []
    covered = {c.cancels for c in every if c.kind is CommandKind.CANCEL}
    return [c for c in work if c.state in (C.SENT, C.ACCEPTED) and c.command_id not in covered]
