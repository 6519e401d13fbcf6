"""The policy in force, applied to a case: which signatures it needs, has, and may get from a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from auth.permissions import Actor
from data.store import approvals as store
from data.store import cases
from data.store.database import Database
from domain.approval import Authority, Given, Matter, Part, Person, Policy
from domain.cases import ABOUT_SETTINGS, NO_FAULT, CaseKind
from domain.equipment import line_of, within
from domain.errors import NotSignedIn, Unavailable
from domain.evidence import Evidence, canonical
from domain.policy import Approval, grows_stale
from services.actors import load_actor
from services.policy.file import DEFAULT, default_policy, read_policy
from services.process.limits import InForce, who_entered
from services.signing import hash_of


def policy_in_force(tx: Connection) -> Policy:
    """The approved policy; the one that comes with the desk until a plant has approved its own."""
    row = store.active_policy(tx)
    return default_policy() if row is None else _read(row["content"])


def text_in_force(database: Database) -> str:
    """The file of the policy in force; the one that comes with the desk before there are tables."""
    try:
        with database.read() as tx:
            row = store.active_policy(tx)
    except (DBAPIError, Unavailable):
        row = None
    return DEFAULT.read_text() if row is None else str(row["content"])


@lru_cache(maxsize=8)
def _read(content: str) -> Policy:
    return read_policy(content)


def matter_of(case: Mapping[str, Any]) -> Matter:
    """A case as the policy sees it."""
    return matter(case, Evidence.from_json(case["evidence"]).probability)


def matter(case: Mapping[str, Any], risk: float | None) -> Matter:
    """The same, where the risk was read from the evidence already."""
    return Matter(
        kind=case["kind"],
        cost_cents=case["cost_cents"],
        risk=risk,
        equipment_id=case["equipment_id"],
        proposed_by=case["proposed_by"],
    )


def to_sign(tx: Connection, case: Mapping[str, Any]) -> Matter:
    """A case as a signature sees it: with whoever entered the limits that hold at this moment."""
    found = matter_of(case)
    if case["kind"] not in ABOUT_SETTINGS:
        return found
    held = InForce.read(tx, line_of(case["equipment_id"]))
    return replace(found, limits_by=who_entered(held, case))


def approval_of(
    case: Mapping[str, Any], account_id: str, now_us: int, cost_cents: int = 0, limit_cents: int = 0
) -> Approval:
    """What decides whether a person may approve a case now; for the act and for the screen alike."""
    return Approval(
        account_id=account_id,
        limit_cents=limit_cents,
        proposed_by=case["proposed_by"],
        cost_cents=cost_cents,
        now_us=now_us,
        deadline_us=case["deadline_us"],
        evidence_us=case["evidence_us"] if grows_stale(CaseKind(case["kind"])) else None,
    )


@dataclass(frozen=True, slots=True)
class Rights:
    """A person's own rights and those delegated to them: (place, scopes of the holder, authority)."""

    actor: Actor
    delegated: tuple[tuple[str, tuple[str, ...], Authority], ...] = ()

    def at(self, equipment_id: str) -> Person:
        """The rights that count at a machine, the person's own first."""
        lent = tuple(
            authority
            for place, scopes, authority in self.delegated
            if within(equipment_id, place) and any(within(equipment_id, scope) for scope in scopes)
        )
        own = Authority(self.actor.account_id, _roles(self.actor))
        return Person(self.actor.account_id, (own, *lent))


def rights_of(tx: Connection, actor: Actor, now_us: int) -> Rights:
    """What the person may use at this plant time. A holder who is no longer active lends nothing."""
    lent = []
    for row in store.delegated_to(tx, actor.account_id, now_us):
        try:
            holder = load_actor(tx, row["from_account"])
        except NotSignedIn:
            continue
        authority = Authority(holder.account_id, _roles(holder))
        lent.append((row["equipment_id"], holder.scopes, authority))
    return Rights(actor, tuple(lent))


def _roles(actor: Actor) -> frozenset[str]:
    return frozenset(role.value for role in actor.roles)


def terms_of(case: Mapping[str, Any], commands: Sequence[Mapping[str, Any]]) -> str:
    """What a consent is bound to: the evidence, the choice and its orders. Renewed orders have new ids."""
    orders = sorted(row["command_id"] for row in commands if row["state"] == "proposed")
    return hash_of(canonical([case["case_id"], case["evidence_hash"], case["advised"], orders]))


def given_in(tx: Connection, case: Mapping[str, Any]) -> tuple[Given, ...]:
    """The signatures that count for what is proposed now."""
    terms = terms_of(case, cases.commands_of(tx, case["case_id"]))
    rows = store.consents_of(tx, case["case_id"], terms)
    return tuple(Given(Part(r["part"]), r["account_id"], r["limit_cents"], r["holder_id"]) for r in rows)


def limit_of(policy: Policy, person: Person) -> int:
    """The highest cost that the person may release alone, delegated limits included."""
    return max(policy.limit_of(a.roles) for a in person.authorities)


def default_action(tx: Connection, case: Mapping[str, Any]) -> str:
    """What happens when nobody decides, in the words of the rule that counts for the case.

    What a rule for faults says of limit alarms is no word on a model or a set point: their cases keep their
    own.
    """
    rule = policy_in_force(tx).rule_for(matter_of(case))
    its_own = case["kind"] in NO_FAULT and case["kind"] not in rule.kinds
    return str(case["default_action"]) if its_own else rule.at_expiry or str(case["default_action"])
