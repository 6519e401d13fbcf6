"""What follows from a finding: a repair after an inspection, and the verdict on advice nobody took.

An inspection that found wear does not repair it: the desk proposes the repair at once, with the risk
as it stands after the finding (domain.costs.after_inspection). Advice that was rejected, expired or
withdrawn is judged by what the MES reports of the machine within the horizon.
"""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select

from data.store import cases as store
from data.store import stops
from data.store import tables as t
from domain.cases import CaseKind, CaseState, open_key
from domain.clock import SECOND, wall_us
from domain.evidence import Evidence
from domain.ids import new_id
from domain.messages import CommandKind, CommandState, Finding
from domain.policy import DEFAULT_ACTION
from services import audit, shadow
from services.planning import Planned, after_finding, propose
from services.signing import hash_of
from services.situation import Site, causes_of, machine_at, prediction_at

WORN = frozenset({Finding.DEGRADED, Finding.FAILED})
CARRIED = frozenset({CommandState.SENT, CommandState.ACCEPTED, CommandState.DONE})
UNTAKEN = (CaseState.REJECTED.value, CaseState.EXPIRED.value, CaseState.WITHDRAWN.value)


def follow_up(tx: Connection, case: dict[str, Any], finding: Finding, cause: str, site: Site) -> str | None:
    """Open the case of the repair; its id, or None when there is nothing to follow.

    Nothing follows an inspection that was never sent, nor while the model behind the case is stopped or in
    shadow. Whoever proposed the inspection, a person too, counts as the proposer of the repair.
    """
    if not is_worn_inspection(tx, case, finding) or _silenced(tx, case, site):
        return None
    machine = machine_at(tx, case["equipment_id"])
    found = cause if cause in causes_of(tx, machine.machine_type) else case["cause"]
    key = open_key(case["equipment_id"], found)
    if key in {
        c["open_key"] for c in store.open_for(tx, case["equipment_id"]) if c["number"] != case["number"]
    }:
        return None
    if _followed(tx, case, found):
        return None
    plan = after_finding(tx, case, site.now_us, store.next_number(tx), found)
    return _open(tx, case, key, plan, site) if plan is not None and plan.advice.worth_a_case else None


def is_worn_inspection(tx: Connection, case: dict[str, Any], finding: Finding) -> bool:
    """Did the inspection of this case, which is no repair, find wear?"""
    orders = store.commands_of(tx, case["case_id"])
    inspected = any(o["kind"] == CommandKind.INSPECTION_ORDER and o["state"] in CARRIED for o in orders)
    repaired = any(o["kind"] == CommandKind.MAINTENANCE_ORDER for o in orders)
    return finding in WORN and inspected and not repaired


def _followed(tx: Connection, case: dict[str, Any], cause: str) -> bool:
    """Has this inspection led to a repair case of the cause before? Saying a finding again opens no other."""
    c = t.cases.c
    later = (c.equipment_id == case["equipment_id"]) & (c.number > case["number"]) & (c.cause == cause)
    query = select(c.case_id).where(later, c.kind == CaseKind.INSPECTED.value)
    return tx.execute(query.limit(1)).first() is not None


def _silenced(tx: Connection, case: dict[str, Any], site: Site) -> bool:
    """Is the model whose figures the repair would rest on stopped, or in shadow?"""
    if stops.stopped(tx, site.site_id, Evidence.from_json(case["evidence"]).model_name, hold=True):
        return True
    known = prediction_at(tx, case["prediction_id"]) if case["prediction_id"] else None
    return known is not None and shadow.in_shadow(tx, known)


def _open(tx: Connection, case: dict[str, Any], key: str, plan: Planned, site: Site) -> str:
    case_id, probability = new_id(), plan.setting.risk.probability
    told = (
        f"The inspection of case {case['number']} found the part worn. "
        f"With that, the risk counts as {round(probability * 100)} of 100."
    )
    evidence = replace(plan.evidence, words=f"{told} {plan.evidence.words}", data_us=site.now_us).to_json()
    row = {
        **plan.columns(),
        "case_id": case_id,
        "number": plan.number,
        "site_id": site.site_id,
        "equipment_id": case["equipment_id"],
        "kind": CaseKind.INSPECTED.value,
        "state": CaseState.PROPOSED.value,
        "version": 1,
        "attention": False,
        "open_key": key,
        "opened_us": site.now_us,
        "opened_wall_us": wall_us(),
        "default_action": DEFAULT_ACTION,
        "permission": "decide",
        "proposed_by": case["proposed_by"],
        "reason": "",
        "evidence_us": site.now_us,
        "evidence": evidence,
        "evidence_hash": hash_of(evidence),
    }
    store.add(tx, row)
    propose(tx, case_id, plan.commands(plan.advice.advised), wall_us())
    audit.of_case(tx, case_id, "proposed", site.now_us, {"title": row["title"], "follows": case["number"]})
    return case_id


def judge_untaken(tx: Connection, site: Site) -> int:
    """Judge untaken advice by the MES: the first finding on the machine within the horizon."""
    c, o = t.cases.c, t.outcomes.c
    rows = tx.execute(
        select(t.cases)
        .join_from(t.cases, t.outcomes, o.case_id == c.case_id, isouter=True)
        .where(c.site_id == site.site_id, c.state.in_(UNTAKEN), o.case_id.is_(None))
        .where(c.kind == CaseKind.FAILURE_RISK.value)
        .order_by(c.number)
    ).mappings()
    return sum(_judge(tx, dict(row), site) for row in rows.all())


def _judge(tx: Connection, case: dict[str, Any], site: Site) -> bool:
    m, horizon = t.maintenance.c, Evidence.from_json(case["evidence"]).horizon_s * SECOND
    found = tx.execute(
        select(m.instance, m.finding, m.cause, m.start_us)
        .where(m.equipment_id == case["equipment_id"], m.finding.is_not(None))
        .where(m.start_us > case["opened_us"], m.start_us <= case["opened_us"] + horizon)
        .order_by(m.start_us)
        .limit(1)
    ).one_or_none()
    if found is None or found.finding not in set(Finding):
        return False
    values = {"state": CaseState.JUDGED.value, "version": case["version"] + 1}
    if not store.change(tx, case["case_id"], case["version"], values):
        return False
    store.set_outcome(
        tx,
        {
            "case_id": case["case_id"],
            "finding": found.finding,
            "cause": found.cause or "",
            "reported_by": f"mes.{found.instance}",
            "at_us": found.start_us,
            "reported_wall_us": wall_us(),
        },
    )
    detail = {"finding": found.finding, "cause": found.cause or "", "by": f"mes.{found.instance}"}
    audit.of_case(tx, case["case_id"], "judged by what the MES reports", site.now_us, detail)
    return True
