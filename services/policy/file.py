"""Policy files: YAML, checked here once, and turned into `domain.approval.Policy`."""

from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from auth.permissions import GRANTS, Permission, Role
from domain import approval
from domain.approval import Part, Policy
from domain.cases import CaseKind
from domain.clock import MINUTE
from domain.errors import InvalidInput
from domain.policy import DEFAULT_ACTION
from domain.telling import clock_minutes

FOLDER = Path(__file__).parent
DEFAULT, SCENARIOS = FOLDER / "default.yaml", FOLDER / "scenarios.yaml"
Amount = Annotated[float, Field(ge=0, le=1e9)]
Share = Annotated[float, Field(ge=0, le=1)]
Roles = Annotated[frozenset[Role], Field(min_length=1)]
DEEPEST = 20
T = TypeVar("T")


class Strict(BaseModel):
    """Unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class When(Strict):
    """The conditions of a rule; what is left out matches all."""

    kinds: frozenset[CaseKind] = frozenset()
    places: tuple[str, ...] = ()
    min_cost: Amount = 0
    max_cost: Amount | None = None
    min_risk: Share = 0


class RuleFile(Strict):
    """One rule."""

    name: Annotated[str, Field(min_length=3, max_length=120)]
    roles: Roles
    when: When = When()
    four_eyes_above: Amount | None = None
    two_consents: bool = False
    code_above: Amount | None = None
    at_expiry: Annotated[str, Field(min_length=3, max_length=300)] = DEFAULT_ACTION


class StepFile(Strict):
    """One step of the escalation."""

    share: Share
    to: Literal["approver", "on_call"] | Role
    channels: tuple[Literal["app", "email", "webhook", "mqtt"], ...] = ("app",)


class QuietFile(Strict):
    """Quiet hours, local time."""

    begin: Annotated[str, Field(alias="from")]
    until: str
    margin_minutes: Annotated[int, Field(ge=0, le=720)] = 60


class EmergencyFile(Strict):
    """The emergency path."""

    act: Roles
    ratify: Roles
    within_minutes: Annotated[int, Field(ge=5, le=7 * 24 * 60)]


class BulkFile(Strict):
    """What may be approved several at once."""

    max_cost: Amount = 0
    max_risk: Share = 0


class PolicyFile(Strict):
    """The whole file."""

    title: Annotated[str, Field(min_length=3, max_length=120)]
    limits: dict[Role, Amount]
    consents: dict[Literal["production", "maintenance"], Roles] = {}
    rules: Annotated[tuple[RuleFile, ...], Field(min_length=1)]
    escalation: tuple[StepFile, ...] = ()
    quiet_hours: QuietFile | None = None
    emergency: EmergencyFile | None = None
    bulk: BulkFile = BulkFile()
    cases_per_shift: Annotated[int, Field(ge=1, le=1_000)] = 12
    changes: Roles


class _Plain(yaml.SafeLoader):
    """YAML without what a policy does not need: deep nesting, tags, and names for parts used again.

    Twenty thousand brackets would exhaust the stack; ten names that each repeat the one before, the memory.
    """

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "anchor", None) or getattr(event, "tag", None):
            raise yaml.YAMLError("a policy has no anchors (&), aliases (*) or tags (!)")
        self.depth += 1
        if self.depth > DEEPEST:
            raise yaml.YAMLError("brackets or lists too deep")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def read_policy(text: str) -> Policy:
    """The policy of a file's text; InvalidInput with one clear line when it is none."""
    return _policy(checked(PolicyFile, text, "the policy"))


@cache
def default_policy() -> Policy:
    """The policy that is in force until a plant has approved its own."""
    return read_policy(DEFAULT.read_text())


def checked(kind: type[T], text: str, what: str) -> T:
    """YAML text as `kind`; InvalidInput names the first mistake and where it stands."""
    try:
        value: Any = yaml.load(text, _Plain)  # noqa: S506 - a SafeLoader that takes less
    except yaml.YAMLError as error:
        raise InvalidInput(f"{what} is no YAML: {' '.join(str(error).split())[:200]}") from error
    except ValueError as error:  # it looks like a day or a number
        raise InvalidInput(f"{what} holds a day or a number that there is not") from error
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise InvalidInput(f"{what}: {where}: {first['msg']}") from error


def cents(amount: float) -> int:
    """Whole units as cents."""
    return round(amount * 100)


def _maybe(amount: float | None) -> int | None:
    return None if amount is None else cents(amount)


def _names(roles: frozenset[Role]) -> frozenset[str]:
    return frozenset(role.value for role in roles)


def _check_somebody(what: str, roles: frozenset[Role], permission: Permission) -> None:
    if not any(permission in GRANTS[role] for role in roles):
        raise InvalidInput(f"the policy: {what}: none of these roles may do it, so nobody could")


def _policy(f: PolicyFile) -> Policy:
    _check_somebody("changes", f.changes, Permission.APPROVE_POLICY)
    for rule in f.rules:
        _check_somebody(f"the rule {rule.name!r}", rule.roles, Permission.DECIDE)
    e, q = f.emergency, f.quiet_hours
    return Policy(
        title=f.title,
        limits={role.value: cents(amount) for role, amount in f.limits.items()},
        consents={Part(part): _names(roles) for part, roles in f.consents.items()},
        rules=tuple(_rule(rule) for rule in f.rules),
        escalation=tuple(
            approval.Step(step.share, str(step.to), tuple(step.channels)) for step in f.escalation
        ),
        quiet=approval.Quiet(clock_minutes(q.begin), clock_minutes(q.until), q.margin_minutes * MINUTE)
        if q
        else None,
        emergency=approval.Emergency(_names(e.act), _names(e.ratify), e.within_minutes * MINUTE)
        if e
        else None,
        bulk_cost_cents=cents(f.bulk.max_cost),
        bulk_risk=f.bulk.max_risk,
        cases_per_shift=f.cases_per_shift,
        change_roles=_names(f.changes),
    )


def _rule(r: RuleFile) -> approval.Rule:
    return approval.Rule(
        name=r.name,
        roles=_names(r.roles),
        kinds=frozenset(kind.value for kind in r.when.kinds),
        places=r.when.places,
        min_cost_cents=cents(r.when.min_cost),
        max_cost_cents=_maybe(r.when.max_cost),
        min_risk=r.when.min_risk,
        four_eyes_above_cents=_maybe(r.four_eyes_above),
        two_consents=r.two_consents,
        code_above_cents=_maybe(r.code_above),
        at_expiry=r.at_expiry,
    )
