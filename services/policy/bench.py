"""The policy's test bench: scenarios in, verdicts out, before a change can come into force."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from auth.permissions import Role
from domain.approval import (
    Authority,
    Given,
    Matter,
    Part,
    Person,
    Policy,
    check_emergency,
    grant,
)
from domain.clock import micros, utc
from domain.errors import Forbidden
from domain.telling import may_tell_at
from services.policy.file import Strict, cents, checked

RELEASES, WAITS, REFUSED, AT_ONCE = "releases", "waits", "refused", "at_once"


class CaseFile(Strict):
    """The matter of a scenario."""

    kind: str
    cost: Annotated[float, Field(ge=0)]
    place: str
    risk: Annotated[float, Field(ge=0, le=1)] | None = None
    proposed_by: str = "model"


class Deputy(Strict):
    """Whose rights a person uses."""

    who: str
    roles: frozenset[Role]


class PersonFile(Deputy):
    """Who signs, and for whom beside themselves."""

    stands_in_for: Annotated[Deputy | None, Field(alias="for")] = None


class SignedFile(Deputy):
    """A signature that is there already."""

    part: Part


class NoticeFile(Strict):
    """A message, and the deadline of its case; local times."""

    at: str
    deadline: str
    zone: str = "Europe/Berlin"


class Scenario(Strict):
    """One scenario: a signature, or a message."""

    name: str
    expect: str
    case: CaseFile | None = None
    person: PersonFile | None = None
    signed: tuple[SignedFile, ...] = ()
    emergency: bool = False
    notice: NoticeFile | None = None

    @model_validator(mode="after")
    def _either(self) -> "Scenario":
        if (self.notice is None) == (self.case is None or self.person is None):
            raise ValueError("a scenario has a case and a person, or a notice")
        return self


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the policy says to a scenario, and why."""

    name: str
    expected: str
    verdict: str
    why: str

    @property
    def ok(self) -> bool:
        """True when the policy says what the scenario expects."""
        return self.expected == self.verdict


def run(policy: Policy, scenarios: str) -> tuple[Verdict, ...]:
    """Judge every scenario of a file's text. InvalidInput when the file is none."""
    found = checked(tuple[Scenario, ...], scenarios, "the scenarios")
    return tuple(_judge(policy, scenario) for scenario in found)


def _judge(policy: Policy, scenario: Scenario) -> Verdict:
    if scenario.notice is not None:
        said = _notice(policy, scenario.notice)
        return Verdict(scenario.name, scenario.expect, said, "quiet hours" if said != AT_ONCE else "")
    try:
        said, why = _signature(policy, scenario)
    except Forbidden as error:
        said, why = REFUSED, str(error)
    return Verdict(scenario.name, scenario.expect, said, why)


def _signature(policy: Policy, scenario: Scenario) -> tuple[Literal["releases", "waits"], str]:
    c, p = scenario.case, scenario.person
    if c is None or p is None:
        raise Forbidden("this scenario has nobody who signs")
    matter = Matter(c.kind, cents(c.cost), c.risk, c.place, c.proposed_by)
    rights = [p] if p.stands_in_for is None else [p, p.stands_in_for]
    signer = Person(p.who, tuple(Authority(one.who, _roles(one)) for one in rights))
    if scenario.emergency:
        check_emergency(policy, signer, matter.proposed_by)
        return "releases", "emergency; another person ratifies"
    given = [Given(s.part, s.who, policy.limit_of(_roles(s))) for s in scenario.signed]
    got = grant(policy, matter, given, signer)
    rule = policy.rule_for(matter).name
    return ("releases", rule) if got.releases else ("waits", f"{rule}; missing: {', '.join(got.missing)}")


def _roles(person: Deputy) -> frozenset[str]:
    return frozenset(role.value for role in person.roles)


def _notice(policy: Policy, notice: NoticeFile) -> str:
    zone = ZoneInfo(notice.zone)
    at, deadline = (
        micros(datetime.fromisoformat(x).replace(tzinfo=zone)) for x in (notice.at, notice.deadline)
    )
    leaves = may_tell_at(policy.quiet, notice.zone, at, deadline)
    return AT_ONCE if leaves == at else f"{utc(leaves).astimezone(zone):%H:%M}"
