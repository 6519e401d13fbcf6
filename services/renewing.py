"""Undecided proposals whose start has passed: proposed anew, so that no card asks for a start in the past.

Work that is to begin at once keeps that meaning: its orders move on, and the case stays as it is. Any other
proposal is counted anew as of now, with new orders, which need their signatures anew. A start that a person
asked for is theirs to choose: the case expires, and says so. The deadline is not moved by a renewal: a case
without new evidence does not live for ever.
"""

from typing import Any

from sqlalchemy import Connection, select

from data.store import cases as store
from data.store import stops
from data.store import tables as t
from domain.cases import UNDECIDED, CaseKind, CaseState
from domain.clock import wall_us
from domain.evidence import Payload, alternatives_to_json
from domain.messages import CommandState, MaintenanceOrder
from domain.recommendation import AT_ONCE, Choice
from services import audit, ending
from services.planning import Planned, money, propose, replanned
from services.proposal import cost_of
from services.situation import Site

_C, _O = t.cases.c, t.commands.c
_UNDECIDED = [state.value for state in UNDECIDED]
PASSED = "The start that was asked for has passed"


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
    plan = replanned(tx, case, site.now_us, _wanted(case))
    if case["advised"] in AT_ONCE and plan.advice.advised.key == case["advised"] and _moves(tx, case, plan):
        return True
    _propose(tx, site, case, plan)
    return True


def _stopped(tx: Connection, site: Site, case_id: str) -> bool:
    """Is the model behind the case stopped? What people and rules have raised goes on."""
    case = store.get(tx, case_id)
    if case is None or case["kind"] not in (CaseKind.FAILURE_RISK, CaseKind.INSPECTED):
        return False
    return stops.stopped(tx, site.site_id, str(case["proposed_by"]).rpartition(" ")[0], hold=True)


def _wanted(case: dict[str, Any]) -> Choice | None:
    """What a person or a rule has put forward stays put forward; a model's advice is the cheapest."""
    return None if case["kind"] == CaseKind.FAILURE_RISK else Choice(case["advised"])


def _moves(tx: Connection, case: dict[str, Any], plan: Planned) -> bool:
    """The same orders a little later, under their own ids. False when they would be others."""
    commands = plan.commands(plan.advice.advised)
    rows = [row for row in store.commands_of(tx, case["case_id"]) if row["state"] == CommandState.PROPOSED]
    if [(c.kind.value, c.queue) for c in commands] != [(row["kind"], row["queue"]) for row in rows]:
        return False
    for row, command in zip(rows, commands, strict=True):
        store.set_payload(tx, row["command_id"], command.payload())
    values = {"alternatives": alternatives_to_json(plan.advice.alternatives)}
    return store.change(tx, case["case_id"], case["version"], values)


def _propose(tx: Connection, site: Site, case: dict[str, Any], plan: Planned) -> None:
    advised = plan.advice.advised
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
    detail = {"title": values["title"], "version": values["version"], "why": "its start had passed"}
    audit.of_case(tx, case["case_id"], "proposal renewed, its start had passed", site.now_us, detail)
