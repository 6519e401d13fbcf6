"""What the policy asks for a case, who has signed, and who is asked."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from auth.permissions import Permission
from data.store import approvals as store
from data.store import cases
from data.store import tables as t
from domain.approval import Part, Policy, check_emergency, check_ratifier, check_role, grant
from domain.cases import NO_FAULT, UNDECIDED, CaseState
from domain.errors import Forbidden, UserFixable
from domain.policy import check_in_time
from services.context import Context
from services.policy.current import (
    Rights,
    approval_of,
    given_in,
    limit_of,
    matter_of,
    policy_in_force,
    rights_of,
    terms_of,
    to_sign,
)
from services.queries.common import people
from services.rows.approvals import ApprovalView, Needed, Ratification


def approval_view(tx: Connection, context: Context, row: Mapping[str, Any]) -> ApprovalView:
    """All of it, for the context's actor at this moment."""
    policy, matter = policy_in_force(tx), matter_of(row)
    rights = rights_of(tx, context.actor, context.now_us)
    person, rule = rights.at(row["equipment_id"]), policy.rule_for(matter)
    part, releases, why = _mine(tx, context, row, policy, rights)
    duty = store.on_duty(tx, row["equipment_id"], context.now_us)
    names = people(tx, [d["account_id"] for d in duty])
    undecided, no_fault = CaseState(row["state"]) in UNDECIDED, row["kind"] in NO_FAULT
    return ApprovalView(
        rule=rule.name,
        needed=_needed(tx, row, rule.parts(matter.cost_cents)) if undecided else (),
        my_part=part,
        releases=releases,
        why_not=why,
        limit_cents=limit_of(policy, person),
        on_duty=tuple(
            names[d["account_id"]] for d in duty if d["position"] == 0 and d["account_id"] in names
        ),
        on_call=tuple(names[d["account_id"]] for d in duty if d["position"] > 0 and d["account_id"] in names),
        may_reject=_may_reject(context, row, policy, rights),
        may_act_alone=undecided and not no_fault and not releases and _alone(context, row, policy, rights),
        wants_code=_has_code(tx, context.actor.account_id),
        ratification=_ratification(tx, context, row, policy, rights),
    )


def in_time(context: Context, row: Mapping[str, Any]) -> str:
    """'' while the case may be approved, else one sentence: expired, or resting on stale data."""
    facts = approval_of(row, context.actor.account_id, context.now_us)
    try:
        check_in_time(facts)
    except UserFixable as error:
        return sentence(error)
    return ""


def sentence(error: Exception) -> str:
    """An error as a sentence on a screen."""
    return f"{str(error)[:1].upper()}{str(error)[1:]}."


def _mine(
    tx: Connection, context: Context, row: Mapping[str, Any], policy: Policy, rights: Rights
) -> tuple[Part | None, bool, str]:
    if not context.actor.may(Permission(row["permission"]), row["equipment_id"]):
        return None, False, "Your role lets you see and comment, not decide."
    late = in_time(context, row)
    if late:
        return None, False, late
    try:
        got = grant(policy, to_sign(tx, row), given_in(tx, row), rights.at(row["equipment_id"]))
    except Forbidden as error:
        return None, False, sentence(error)
    return got.part, got.releases, ""


def _needed(tx: Connection, row: Mapping[str, Any], parts: tuple[Part, ...]) -> tuple[Needed, ...]:
    terms = terms_of(row, cases.commands_of(tx, row["case_id"]))
    given = {r["part"]: r for r in store.consents_of(tx, row["case_id"], terms)}
    names = people(tx, [r["account_id"] for r in given.values()])
    return tuple(
        Needed(p, names.get(g["account_id"], g["account_id"]), g["at_us"]) if g else Needed(p, "", None)
        for p, g in ((part, given.get(part.value)) for part in parts)
    )


def _may_reject(context: Context, row: Mapping[str, Any], policy: Policy, rights: Rights) -> bool:
    try:
        check_role(policy, matter_of(row), rights.at(row["equipment_id"]))
    except Forbidden:
        return False
    return context.actor.may(Permission(row["permission"]), row["equipment_id"])


def _alone(context: Context, row: Mapping[str, Any], policy: Policy, rights: Rights) -> bool:
    if not context.actor.may(Permission(row["permission"]), row["equipment_id"]) or in_time(context, row):
        return False
    try:
        check_emergency(policy, rights.at(row["equipment_id"]), row["proposed_by"])
    except Forbidden:
        return False
    return True


def _has_code(tx: Connection, account_id: str) -> bool:
    f = t.second_factors.c
    return tx.execute(select(f.account_id).where(f.account_id == account_id, f.confirmed)).first() is not None


def _ratification(
    tx: Connection, context: Context, row: Mapping[str, Any], policy: Policy, rights: Rights
) -> Ratification | None:
    found = store.ratification(tx, row["case_id"])
    if found is None:
        return None
    names = people(tx, (found["acted_by"], found["decided_by"]))
    return Ratification(
        acted_by=names.get(found["acted_by"], found["acted_by"]),
        reason=found["reason"],
        due_us=found["due_us"],
        state=found["state"],
        decided_by=names.get(found["decided_by"] or "", ""),
        decided_us=found["decided_us"],
        words=found["words"],
        may_ratify=found["state"] == "waiting" and _may_ratify(context, row, found, policy, rights),
    )


def _may_ratify(
    context: Context, row: Mapping[str, Any], found: Mapping[str, Any], policy: Policy, rights: Rights
) -> bool:
    try:
        check_ratifier(policy, found["acted_by"], rights.at(row["equipment_id"]))
    except Forbidden:
        return False
    return context.actor.may(Permission(row["permission"]), row["equipment_id"])
