"""The approval policy: whose signatures release a case, who is asked when, what an emergency allows.

The first rule that matches a matter counts; the last rule matches all. A rule asks for one decision,
for a second pair of eyes above an amount, or for two consents: production releases the machine,
maintenance commits person, part and permit. Whoever proposed a matter never decides it; where two
sign, they may be one of the two. Roles are words here; `auth` says which there are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from domain.clock import HOUR
from domain.equipment import within
from domain.errors import Forbidden, InvalidInput

PROPOSED_IT = "whoever proposed this cannot approve it; another person decides"
_WRONG_ROLE = "your role does not decide this kind of case here"
FIRST_ONE_DECIDES = "somebody who may release this cost signs first, then you"
ENTERED_LIMITS = (
    "whoever entered the validated limits in force does not approve a move inside them; another person does"
)
ABOVE = "the cost is above what you may approve; propose it to somebody who may"


class Part(StrEnum):
    """What one signature gives."""

    DECISION = "decision"
    SECOND = "second"
    PRODUCTION = "production"
    MAINTENANCE = "maintenance"


CONSENTS = (Part.PRODUCTION, Part.MAINTENANCE)
MEANS = {
    Part.DECISION: "decides",
    Part.SECOND: "looks a second time",
    Part.PRODUCTION: "releases the machine (production)",
    Part.MAINTENANCE: "commits person, part and permit (maintenance)",
}


@dataclass(frozen=True, slots=True)
class Matter:
    """What is to be decided. `risk` is None for a case that no model scored; `limits_by` is the account that
    entered the validated limits inside which a set point would be moved, "" for everything else."""

    kind: str
    cost_cents: int
    risk: float | None
    equipment_id: str
    proposed_by: str
    limits_by: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Empty `kinds` and `places` match all; costs in cents, the upper bound excluded."""

    name: str
    roles: frozenset[str]
    kinds: frozenset[str] = frozenset()
    places: tuple[str, ...] = ()
    min_cost_cents: int = 0
    max_cost_cents: int | None = None
    min_risk: float = 0.0
    four_eyes_above_cents: int | None = None
    two_consents: bool = False
    code_above_cents: int | None = None
    at_expiry: str = ""

    def matches(self, matter: Matter) -> bool:
        """True when this rule is about the matter."""
        dear = self.max_cost_cents is not None and matter.cost_cents >= self.max_cost_cents
        return (
            (not self.kinds or matter.kind in self.kinds)
            and (not self.places or any(within(matter.equipment_id, p) for p in self.places))
            and matter.cost_cents >= self.min_cost_cents
            and not dear
            and (matter.risk or 0.0) >= self.min_risk
        )

    @property
    def matches_all(self) -> bool:
        """True for a rule without conditions."""
        free = not self.kinds and not self.places and not self.min_cost_cents and not self.min_risk
        return free and self.max_cost_cents is None

    def parts(self, cost_cents: int) -> tuple[Part, ...]:
        """The signatures that release a matter of this cost."""
        if self.two_consents:
            return CONSENTS
        four = self.four_eyes_above_cents
        return (Part.DECISION, Part.SECOND) if four is not None and cost_cents > four else (Part.DECISION,)


@dataclass(frozen=True, slots=True)
class Step:
    """Who is told once `share` (0..1) of the time to decide has gone by, and over which channels.

    `to`: `approver` (whoever is on shift), `on_call` (the chain behind), or the name of a role.
    """

    share: float
    to: str
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quiet:
    """Minutes of the local day. A span may cross midnight. `margin_us` is left before a deadline."""

    from_min: int
    until_min: int
    margin_us: int = HOUR


@dataclass(frozen=True, slots=True)
class Emergency:
    """One acts alone, another ratifies in time."""

    act: frozenset[str]
    ratify: frozenset[str]
    within_us: int


@dataclass(frozen=True, slots=True)
class Policy:
    """The whole policy. `limits`: role to the highest cost (cents) that it may release alone."""

    title: str
    limits: Mapping[str, int]
    consents: Mapping[Part, frozenset[str]]
    rules: tuple[Rule, ...]
    escalation: tuple[Step, ...] = ()
    quiet: Quiet | None = None
    emergency: Emergency | None = None
    bulk_cost_cents: int = 0
    bulk_risk: float = 0.0
    cases_per_shift: int = 12
    change_roles: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        if not self.rules or not self.rules[-1].matches_all:
            raise InvalidInput("the last rule of a policy matches every case")
        if any(rule.two_consents for rule in self.rules) and set(self.consents) != set(CONSENTS):
            raise InvalidInput("two consents need the roles of production and of maintenance")

    def rule_for(self, matter: Matter) -> Rule:
        """The first rule that matches."""
        return next(rule for rule in self.rules if rule.matches(matter))

    def limit_of(self, roles: frozenset[str]) -> int:
        """The highest cost that any of these roles may release alone, in cents."""
        return max((self.limits.get(role, 0) for role in roles), default=0)

    def bulk_allows(self, cost_cents: int, risk: float | None) -> bool:
        """True for cases small enough to be approved several at once."""
        return 0 < cost_cents <= self.bulk_cost_cents and risk is not None and risk <= self.bulk_risk


@dataclass(frozen=True, slots=True)
class Authority:
    """Rights that a person has: their own, or those that `holder_id` has delegated to them."""

    holder_id: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Person:
    """A person with all rights that they may use now, their own first."""

    account_id: str
    authorities: tuple[Authority, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """A signature that counts: which part, by whom, with whose limit, on whose behalf ('': their own)."""

    part: Part
    account_id: str
    limit_cents: int
    holder_id: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a signature now would give, on whose behalf, and whether it releases the case."""

    part: Part
    holder_id: str
    limit_cents: int
    releases: bool
    missing: tuple[Part, ...]


def grant(policy: Policy, matter: Matter, given: Sequence[Given], person: Person) -> Grant:
    """The part that this person's signature gives. Forbidden, with one sentence, when it gives none."""
    rule = policy.rule_for(matter)
    had = {g.part for g in given}
    missing = tuple(p for p in rule.parts(matter.cost_cents) if p not in had)
    if any(g.account_id == person.account_id for g in given):
        raise Forbidden("you have signed this already; the other signature is another person's")
    refusal = _WRONG_ROLE
    spent = {who for g in given for who in (g.account_id, g.holder_id)}
    for authority in person.authorities:
        if authority.holder_id in spent:
            continue  # a deputy's signature is the holder's: it is no second person's
        limit = policy.limit_of(authority.roles)
        for part in missing:
            why = _why_not(policy, rule, matter, given, person.account_id, authority, part)
            if not why:
                rest = tuple(p for p in missing if p is not part)
                return Grant(part, authority.holder_id, limit, not rest, rest)
            refusal = why if refusal == _WRONG_ROLE else refusal
    raise Forbidden(refusal)


def _why_not(
    policy: Policy,
    rule: Rule,
    matter: Matter,
    given: Sequence[Given],
    account_id: str,
    by: Authority,
    part: Part,
) -> str:
    roles = policy.consents[part] if part in CONSENTS else rule.roles
    if not by.roles & roles:
        return _WRONG_ROLE
    if matter.limits_by in (account_id, by.holder_id):
        return ENTERED_LIMITS
    if part is Part.DECISION and matter.proposed_by in (account_id, by.holder_id):
        return PROPOSED_IT
    if part is Part.SECOND and not given:
        return FIRST_ONE_DECIDES
    limits = [policy.limit_of(by.roles), *(g.limit_cents for g in given)]
    last = len(rule.parts(matter.cost_cents)) == len(given) + 1
    if part is Part.DECISION and limits[0] < matter.cost_cents:
        return ABOVE
    return ABOVE if last and max(limits) < matter.cost_cents else ""


def check_role(policy: Policy, matter: Matter, person: Person) -> None:
    """Raise Forbidden unless this person's role decides on such a matter: what rejecting it asks for."""
    rule = policy.rule_for(matter)
    wanted = frozenset().union(*policy.consents.values()) if rule.two_consents else rule.roles
    if not any(a.roles & wanted for a in person.authorities):
        raise Forbidden(_WRONG_ROLE)


def check_emergency(policy: Policy, person: Person, proposed_by: str) -> Emergency:
    """Raise Forbidden unless this person may act alone in an emergency, which a proposer never may."""
    rules = policy.emergency
    if rules is None:
        raise Forbidden("the policy knows no emergency path")
    if not any(a.roles & rules.act for a in person.authorities):
        raise Forbidden("your role may not act alone in an emergency")
    others = (a for a in person.authorities if proposed_by not in (person.account_id, a.holder_id))
    if not any(a.roles & rules.act for a in others):
        raise Forbidden(PROPOSED_IT)
    return rules


def check_ratifier(policy: Policy, acted_by: str, person: Person) -> None:
    """Raise Forbidden unless this person may ratify what `acted_by` did alone."""
    if person.account_id == acted_by:
        raise Forbidden("whoever acted alone cannot ratify it; another person does")
    rules = policy.emergency
    allowed = (a for a in person.authorities if a.holder_id != acted_by)
    if rules is None or not any(a.roles & rules.ratify for a in allowed):
        raise Forbidden("your role does not ratify emergencies")
