"""Who looks after a case, whether it sleeps, and the opinions of colleagues. Times in plant time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OpinionRow:
    """A question to a colleague. `answered_us` is None while it is open; `mine`: the actor was asked."""

    opinion_id: str
    asked_by: str
    asked_of: str
    question: str
    asked_us: int
    answer: str
    answered_us: int | None
    mine: bool


@dataclass(frozen=True, slots=True)
class CareView:
    """`snoozed_until_us` is None for a case that is awake; `latest_us`: until when it may be put aside."""

    assigned_to: str
    snoozed_until_us: int | None
    snoozed_by: str
    snooze_reason: str
    latest_us: int
    opinions: tuple[OpinionRow, ...]


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who sees a place. `decides`: a case can be given to them."""

    account_id: str
    name: str
    roles: str
    decides: bool


@dataclass(frozen=True, slots=True)
class HandoverItem:
    """One thing that the next shift has to know."""

    kind: str
    text: str
    case_number: int | None
    at_us: int | None


@dataclass(frozen=True, slots=True)
class HandoverView:
    """A handover: as it fills itself now, or as it was signed. `state`: open, signed, accepted."""

    equipment_id: str
    place: str
    shift_name: str
    shift_end_us: int
    state: str
    items: tuple[HandoverItem, ...]
    remarks: str
    outgoing: str
    signed_us: int | None
    incoming: str
    accepted_us: int | None
    content_hash: str
    may_sign: bool
    may_accept: bool
