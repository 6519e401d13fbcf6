"""Who has signed, who may, and what was done alone: as the card, the inbox and the policy screen read it."""

from dataclasses import dataclass

from domain.approval import Part


@dataclass(frozen=True, slots=True)
class Needed:
    """One signature that the case needs. `by` is '' while nobody has given it."""

    part: Part
    by: str
    at_us: int | None


@dataclass(frozen=True, slots=True)
class Ratification:
    """What one person did alone. `state`: waiting, ratified, refused."""

    acted_by: str
    reason: str
    due_us: int
    state: str
    decided_by: str
    decided_us: int | None
    words: str
    may_ratify: bool


@dataclass(frozen=True, slots=True)
class ApprovalView:
    """What the policy asks for this case, and of this person.

    `my_part`: what a signature of this person gives now, None when nothing; `releases`: whether it sends
    the orders. `on_duty` names who decides now, `on_call` who is asked next. `wants_code`: this person
    signs with a code from the phone. `may_reject`: this person's role decides on such a case, and so
    may reject it or take its orders back.
    """

    rule: str
    needed: tuple[Needed, ...]
    my_part: Part | None
    releases: bool
    why_not: str
    limit_cents: int
    on_duty: tuple[str, ...]
    on_call: tuple[str, ...]
    may_reject: bool
    may_act_alone: bool
    wants_code: bool
    ratification: Ratification | None


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """One version of the policy. `mine`: the actor may decide about it; `outdated`: another one came into
    force after it was proposed, so that it can only be refused."""

    policy_id: str
    version: int
    state: str
    why: str
    content: str
    sha256: str
    proposed_by: str
    proposed_wall_us: int
    decided_by: str
    decided_wall_us: int | None
    mine: bool
    outdated: bool


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """What the policy says to one scenario of the test bench."""

    name: str
    expected: str
    verdict: str
    why: str
    ok: bool


@dataclass(frozen=True, slots=True)
class DutyRow:
    """Who is on duty where and when. `position` 0 is on shift, 1 and on the on-call chain."""

    duty_id: str
    place: str
    person: str
    position: int
    from_us: int
    until_us: int
    now: bool


@dataclass(frozen=True, slots=True)
class RosterRow:
    """A duty as it stands in a roster file."""

    username: str
    equipment_id: str
    position: int
    from_us: int
    until_us: int


@dataclass(frozen=True, slots=True)
class DelegationRow:
    """Rights that one person lends another. `mine`: the actor may end it; `lent`: the actor lent them."""

    delegation_id: str
    from_name: str
    to_name: str
    place: str
    from_us: int
    until_us: int
    reason: str
    mine: bool
    lent: bool = False


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """One message to a person."""

    notice_id: str
    case_number: int | None
    person: str
    channel: str
    subject: str
    body: str
    state: str
    attempts: int
    created_us: int
    sent_wall_us: int | None
    read: bool
    trouble: str
