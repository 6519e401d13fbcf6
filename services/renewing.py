"""Undecided proposals whose start has passed: proposed anew, so that no card asks for a start in the past.

Work that is to begin at once keeps that meaning: while nobody has signed it, its orders move on, and the case
stays as it is. Any other proposal, and one that somebody has signed, is counted anew as of now, with new
orders, which need their signatures anew; whoever had signed is told. A start that a person asked for is
theirs to choose: the case expires, and says so. The deadline is not moved by a renewal: a case without new
evidence does not live for ever. Every renewal is in the audit, with the starts before and after it.
"""

from typing import Any

from sqlalchemy import Connection, select

from data.store import cases as store
from data.store import stops
from data.store import tables as t
from domain.cases import UNDECIDED, CaseKind, CaseState
from domain.clock import wall_us
from domain.evidence import Evidence, Payload, alternatives_to_json
from domain.messages import CommandState, MaintenanceOrder
from domain.policy import MATERIAL_COST
from domain.recommendation import AT_ONCE, Choice
from services import audit, ending
from services.fallen import signers, starts, tell_fallen
from services.planning import Planned, money, propose, replanned
from services.proposal import cost_of
from services.situation import Site

_C, _O = t.cases.c, t.commands.c
_UNDECIDED = [state.value for state in UNDECIDED]
PASSED = "The start that was asked for has passed"
WHY = "its start had passed"


def passed(tx: Connection, site: Site) -> list[str]:
    """The undecided cases of a site with a proposed start before now, by number."""
    now_us = site.now_us
    rows = tx.execute(
        select(_C.case_id, _O.payload)
        .join_from(t.cases, t.commands, _O.case_id == _C.case_id)
        .where(_C.site_id == site.site_id, _C.state.in_(_UNDECIDED), _C.deadline_us > now_us)
        .where(_O.state == CommandState.PROPOSED.value)
        .order_by(_C.number)
    ).all()
    return list(dict.fromkeys(row.case_id for row in rows if _starts_before(row.payload, now_us)))


def _starts_before(payload: str, now_us: int) -> bool:
    work = Payload.from_json(payload).work
    return isinstance(work, MaintenanceOrder) and work.start_us < now_us


def renew(tx: Connection, site: Site, case_id: str) -> bool:
    """Propose one case anew; False when there is nothing to do any more."""
    if _stopped(tx, site, case_id):
        return False
    case = store.hold(tx, case_id)
    if case is None or case["state"] not in _UNDECIDED or case_id not in passed(tx, site):
        return False
    if case["advised"] == Choice.AT_TIME:
        ending.end(tx, case, CaseState.EXPIRED, PASSED, site.now_us, "expired, its start had passed")
        return True
    plan, signed = replanned(tx, case, site.now_us, _wanted(case)), signers(tx, case)
    same = case["advised"] in AT_ONCE and plan.advice.advised.key == case["advised"]
    if same and not signed and not _dearer(case, plan) and _moves(tx, site, case, plan):
        return True
    _propose(tx, site, case, plan, signed)
    return True


def _stopped(tx: Connection, site: Site, case_id: str) -> bool:
    """Is the model behind the case stopped? What people and rules have raised goes on."""
    case = store.get(tx, case_id)
    if case is None:
        return False
    model = Evidence.from_json(case["evidence"]).model_name
    theirs = bool(model) and str(case["proposed_by"]).startswith(f"{model} ")
    return theirs and stops.stopped(tx, site.site_id, model, hold=True)


def _wanted(case: dict[str, Any]) -> Choice | None:
    """What a person or a rule has put forward stays put forward; a model's advice is the cheapest."""
    return None if case["kind"] == CaseKind.FAILURE_RISK else Choice(case["advised"])


def _dearer(case: dict[str, Any], plan: Planned) -> bool:
    """Have the figures changed so much that a person must read them anew?"""
    cost = cost_of(plan.advice.advised, plan.commands(plan.advice.advised))
    before = int(case["cost_cents"])
    return abs(cost - before) > MATERIAL_COST * max(1, before)


def _moves(tx: Connection, site: Site, case: dict[str, Any], plan: Planned) -> bool:
    """The same orders a little later, under their own ids: nobody has signed. False when they are others."""
    commands, before = plan.commands(plan.advice.advised), starts(tx, case["case_id"])
    rows = [row for row in store.commands_of(tx, case["case_id"]) if row["state"] == CommandState.PROPOSED]
    if [(c.kind.value, c.queue) for c in commands] != [(row["kind"], row["queue"]) for row in rows]:
        return False
    for row, command in zip(rows, commands, strict=True):
        store.set_payload(tx, row["command_id"], command.payload())
    values = {"alternatives": alternatives_to_json(plan.advice.alternatives)}
    if not store.change(tx, case["case_id"], case["version"], values):
        return False
    _note(tx, site, case["case_id"], "start moved on", before, {"version": case["version"]})
    return True


def _propose(
    tx: Connection, site: Site, case: dict[str, Any], plan: Planned, signed: tuple[str, ...]
) -> None:
    advised, before = plan.advice.advised, starts(tx, case["case_id"])
    if not plan.advice.worth_a_case and case["kind"] == CaseKind.FAILURE_RISK:
        ending.end(tx, case, CaseState.WITHDRAWN, "waiting costs less by now", site.now_us, "withdrawn")
        return
    commands = plan.commands(advised)
    values = {
        **money(cost_of(advised, commands), plan.advice.benefit),
        "title": plan.title(advised),
        "advised": advised.key,
        "alternatives": alternatives_to_json(plan.advice.alternatives),
        "state": CaseState.PROPOSED.value,
        "version": case["version"] + 1,
    }
    store.change(tx, case["case_id"], case["version"], values)
    propose(tx, case["case_id"], commands, wall_us())
    detail = {"title": values["title"], "version": values["version"], "why": WHY, "fallen": list(signed)}
    _note(tx, site, case["case_id"], f"proposal renewed, {WHY}", before, detail)
    tell_fallen(tx, site, {**case, **values}, signed, WHY)


def _note(
    tx: Connection, site: Site, case_id: str, action: str, before: list[int], detail: dict[str, Any]
) -> None:
    moved = {"starts_before_us": before, "starts_us": starts(tx, case_id)}
    audit.of_case(tx, case_id, action, site.now_us, detail | moved)
