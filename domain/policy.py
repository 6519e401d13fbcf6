"""Who may decide what, until when, and what happens when nobody does."""

from dataclasses import dataclass

from domain.cases import SEEN_BY_PEOPLE, CaseKind
from domain.clock import DAY, HOUR, MINUTE
from domain.errors import InvalidInput, NotNow
from domain.recommendation import PREPARE_US

STALE_AFTER_US = 90 * MINUTE
QUIET_US = 8 * HOUR
QUIET_RISE = 0.15
SHORTEST_US, LONGEST_US = 2 * HOUR, 8 * HOUR
AHEAD_US = 92 * DAY  # no plan reaches further
CALM_PREDICTIONS = 3
MATERIAL_COST = 0.1  # of the cost: a change beyond it is to be read anew
DEFAULT_ACTION = "Nothing is sent; the limit alarm and the plant's own rules stay in force."
SIGNED_ACTS = frozenset({"approve", "reject", "withdraw", "undo", "emergency", "ratify"})
REJECT_REASONS = {
    "not_convincing": "The evidence does not convince",
    "sensor_wrong": "A sensor is wrong",
    "already_handled": "Already being handled",
    "production_first": "Production cannot stop now",
    "no_part_or_people": "No part or no people",
    "other": "Other",
}


@dataclass(frozen=True, slots=True)
class Approval:
    """The facts that decide whether a person may approve."""

    account_id: str
    limit_cents: int
    proposed_by: str
    cost_cents: int
    now_us: int
    deadline_us: int
    evidence_us: int | None  # None: a person has seen it, there is no data to grow stale


def check_in_time(facts: Approval) -> None:
    """Raise NotNow when the case has expired or rests on stale data."""
    if facts.now_us >= facts.deadline_us:
        raise NotNow("the time to decide is over; the advice has expired")
    if facts.evidence_us is not None and facts.now_us - facts.evidence_us > STALE_AFTER_US:
        age = round((facts.now_us - facts.evidence_us) / MINUTE)
        raise NotNow(f"the newest data behind this advice is {age} min old; wait for fresh data")


def grows_stale(kind: CaseKind) -> bool:
    """Does the case rest on data? What a person reports, or has found by looking, does not grow stale."""
    return kind not in SEEN_BY_PEOPLE


def above_limit(cost_cents: int, limit_cents: int) -> bool:
    """True when a change must become a proposal for another approver."""
    return cost_cents > limit_cents


def deadline(at_us: int, start_us: int | None) -> int:
    """Until when the advised start can still be met: the start less preparation, 2 to 8 hours on."""
    latest = at_us + LONGEST_US if start_us is None else start_us - PREPARE_US
    return min(max(latest, at_us + SHORTEST_US), at_us + LONGEST_US)


def urgency(deadline_us: int, benefit_cents: int) -> tuple[int, int]:
    """The order of cases that wait: by the whole minute of their deadline, and within it the dearest first,
    by what deciding saves. Nobody decides by the second."""
    return deadline_us // MINUTE, -benefit_cents


def put_off(now_us: int, start_us: int | None, evidence_us: int, before_us: int) -> int:
    """Until when the next approver of a change has to decide.

    Changing a case again and again puts it off to 16 hours after its evidence at most.
    """
    return min(deadline(now_us, start_us), max(before_us, evidence_us + 2 * LONGEST_US))


def check_start(now_us: int, start_us: int | None) -> None:
    """Raise InvalidInput for a start beyond AHEAD_US. One that has passed is refused where it is counted."""
    if start_us is not None and start_us > now_us + AHEAD_US:
        raise InvalidInput(f"a start lies at most {AHEAD_US // DAY} days ahead")


def needs_password(act: str) -> bool:
    """True for acts that are signed: who acts shows the password again, however fresh the session."""
    return act in SIGNED_ACTS


def reject_reason(code: str) -> str:
    """The words of a reason code; InvalidInput for one that there is not."""
    if code not in REJECT_REASONS:
        raise InvalidInput(f"{code!r} is no reason for a rejection")
    return REJECT_REASONS[code]


def keeps_quiet(ended_us: int, ended_probability: float, now_us: int, probability: float) -> bool:
    """True while a machine's advice, decided a short while ago, is not to be repeated.

    A risk that has risen clearly since then speaks up again.
    """
    return now_us - ended_us < QUIET_US and probability < ended_probability + QUIET_RISE
