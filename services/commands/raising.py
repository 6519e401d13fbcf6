"""Cases that people raise where the models are silent, and sensors that they distrust."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, insert, select

from auth.permissions import Actor
from data.store import cases as store
from data.store import tables as t
from domain.cases import CaseKind, CaseState, open_key
from domain.clock import DAY, wall_us
from domain.equipment import site_of
from domain.errors import InvalidInput, NotFound, NotNow
from domain.evidence import Evidence
from domain.ids import new_id
from domain.policy import DEFAULT_ACTION
from domain.prediction import Prediction
from domain.recommendation import Choice, cause_label
from services import audit
from services.commands.acting import Decided
from services.joining import Signal, Source, join, recent_prediction
from services.planning import no_prediction, planned, propose
from services.signing import hash_of
from services.situation import causes_of, is_out, machine_at, site_at

LONGEST_IGNORE_US = 7 * DAY


def open_case(
    tx: Connection, person: Actor, equipment_id: str, cause: str, words: str, wanted: Choice
) -> Decided:
    """Open a case in the person's name; where one is open for this machine and cause, the words join it."""
    site, machine = site_at(tx, site_of(equipment_id)), machine_at(tx, equipment_id)
    if is_out(tx, equipment_id):
        raise NotNow(f"{machine.name} is out of the plant; put it back first (Improve, Machines)")
    if cause != "unknown" and cause not in causes_of(tx, machine.machine_type):
        raise InvalidInput(f"{cause!r} is no known cause for this type of machine")
    prediction = recent_prediction(tx, equipment_id, site.now_us) or no_prediction(equipment_id, site.now_us)
    plan = planned(tx, prediction, site.now_us, store.next_number(tx), cause=cause, wanted=wanted)
    key = open_key(equipment_id, plan.situation.cause)
    for case in store.open_for(tx, equipment_id):
        if case["open_key"] == key:
            return _joined(tx, case, person, cause, words, site.now_us)
    evidence = _told(plan.evidence, person, words, plan.situation.prediction)
    case_id, text = new_id(), evidence.to_json()
    row: dict[str, Any] = {
        "case_id": case_id,
        "site_id": site.site_id,
        "number": plan.number,
        "equipment_id": equipment_id,
        "kind": CaseKind.RAISED.value,
        "state": CaseState.PROPOSED.value,
        "version": 1,
        "attention": False,
        "open_key": key,
        "opened_us": site.now_us,
        "opened_wall_us": wall_us(),
        "default_action": DEFAULT_ACTION,
        "permission": "decide",
        "proposed_by": person.account_id,
        "reason": "",
        **plan.columns(),
        "evidence": text,
        "evidence_hash": hash_of(text),
    }
    store.add(tx, row)
    propose(tx, case_id, plan.commands(plan.advice.advised), wall_us())
    _note(tx, person, "case", case_id, site.now_us, "raised", {"text": words, "title": row["title"]})
    return Decided.of(row, f"Case {plan.number} is open.")


def _joined(
    tx: Connection, case: dict[str, Any], person: Actor, cause: str, words: str, now_us: int
) -> Decided:
    signal = Signal(
        source=Source.PERSON,
        source_id=new_id(),
        said_by=person.name,
        equipment_id=case["equipment_id"],
        cause=cause,
        at_us=now_us,
        words=words,
    )
    join(tx, case, signal)
    return Decided.of(case, f"Case {case['number']} is open for this already; what you wrote stands on it.")


def _told(evidence: Evidence, person: Actor, words: str, prediction: Prediction) -> Evidence:
    """The evidence of a raised case: the person's words first, the model's figures beside them."""
    said = f"{person.name} reports: {words} (suspected: {cause_label(evidence.cause)})."
    if prediction.probability is None:
        against = (*evidence.against, "The model has not scored this machine: failures are not costed.")
        return replace(evidence, words=said, prediction_id=None, against=against)
    return replace(evidence, words=f"{said} {evidence.words}")


def ignore(tx: Connection, person: Actor, equipment_id: str, metric: str, until_us: int, reason: str) -> None:
    """Write down that a sensor is distrusted until then."""
    now = site_at(tx, site_of(equipment_id)).now_us
    if not now < until_us <= now + LONGEST_IGNORE_US:
        raise InvalidInput("a sensor can be ignored for a week at most")
    m = t.metrics.c
    known = select(m.metric_id).where(m.equipment_id == equipment_id, m.name == metric)
    if tx.execute(known).first() is None:
        raise NotFound(f"this machine has no sensor {metric!r}")
    row = {"equipment_id": equipment_id, "metric": metric, "from_us": now, "until_us": until_us}
    tx.execute(insert(t.ignored_inputs).values(**row, owner_id=person.account_id, reason=reason))
    detail = {"metric": metric, "until_us": until_us, "reason": reason}
    _note(tx, person, "equipment", equipment_id, now, "ignores a sensor", detail)


def _note(
    tx: Connection, person: Actor, kind: str, subject: str, at_us: int, action: str, detail: dict[str, Any]
) -> None:
    audit.append(
        tx,
        actor=person.account_id,
        action=action,
        subject_kind=kind,
        subject_id=subject,
        plant_us=at_us,
        detail=detail,
    )
