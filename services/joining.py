"""What any source says about a machine joins the one open case for it, or opens one where it may.

Sources: predictions, patterns of several sensors (anomalies), control charts, alarms, shortages of parts,
outlooks of shifts, series of
bad parts on pictures, and people. What one source says stands once on a case, with its newest words: repeats
change the words and open nothing. A source that does not know the cause joins the machine's open case,
whatever its cause. Where none is open, a source that may open one does, unless a case of the machine was
closed a short while ago (QUIET_US), or this shift has as many new cases as its supervisor can read.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select

from data.store import cases as store
from data.store import signals, stops
from data.store import tables as t
from domain.cases import CaseKind, CaseState, open_key
from domain.clock import DAY, wall_us
from domain.equipment import site_of
from domain.ids import new_id
from domain.policy import DEFAULT_ACTION, QUIET_US
from domain.prediction import Prediction, PredictionStatus
from domain.recommendation import Choice
from services import audit, shadow
from services.crowding import makes_room
from services.planning import Planned, no_prediction, planned, propose
from services.queries.predictions import as_prediction
from services.signing import hash_of
from services.situation import causes_of, is_out, machine_at

RECENT_US = DAY // 12


class Source(StrEnum):
    """Who says it."""

    PREDICTION = "prediction"
    ANOMALY = "anomaly"
    CHART = "chart"
    ALARM = "alarm"
    SHORTAGE = "shortage"
    OUTLOOK = "outlook"
    PICTURES = "pictures"
    PERSON = "person"


KINDS = {
    Source.ALARM: CaseKind.ALARM,
    Source.SHORTAGE: CaseKind.SHORTAGE,
    Source.OUTLOOK: CaseKind.OUTLOOK,
    Source.PICTURES: CaseKind.PICTURES,
}


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing said about a machine. `source_id` names what says it (an alarm, a chart, a model, a part).

    `cause` "" or a cause without known work on this type of machine: not known. `opens`: may open a case.
    """

    source: Source
    source_id: str
    said_by: str
    equipment_id: str
    cause: str
    at_us: int
    words: str
    opens: bool = False
    wanted: Choice = Choice.INSPECT_FIRST


class Effect(StrEnum):
    """What came of it."""

    OPENED = "opened"
    JOINED = "joined"
    REPEATED = "repeated"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Taken:
    """The effect, and the case that it had it on."""

    effect: Effect
    case_id: str | None = None


def take_in(tx: Connection, signal: Signal) -> Taken:
    """Join the open case, open one, or leave it; nothing is said of a machine that is out of the plant."""
    if is_out(tx, signal.equipment_id):
        return Taken(Effect.NOTHING)
    cause = _cause(tx, signal)
    case = open_case(tx, signal.equipment_id, cause)
    if case is not None:
        return join(tx, case, signal)
    ended = store.newest_closed(tx, signal.equipment_id)
    if not signal.opens or (ended is not None and signal.at_us - ended["closed_us"] < QUIET_US):
        return Taken(Effect.NOTHING)
    return _open(tx, signal, cause)


def open_case(tx: Connection, equipment_id: str, cause: str) -> dict[str, Any] | None:
    """The machine's open case of a cause; of any cause, the oldest, when it is not known ("")."""
    cases = store.open_for(tx, equipment_id)
    key = open_key(equipment_id, cause)
    return next((case for case in cases if not cause or case["open_key"] == key), None)


def join(tx: Connection, case: dict[str, Any], signal: Signal) -> Taken:
    """Write on an open case what a source says; its orders and evidence stay as they are."""
    new = put_signal(tx, case["case_id"], signal)
    if new:
        detail = {"source": signal.source.value, "by": signal.said_by, "words": signal.words}
        audit.of_case(tx, case["case_id"], f"joined by {_named(signal)}", signal.at_us, detail)
    return Taken(Effect.JOINED if new else Effect.REPEATED, case["case_id"])


def _named(signal: Signal) -> str:
    article = "an" if signal.source.value[0] in "aeiou" else "a"
    return f"{article} {signal.source.value}"


def recent_prediction(tx: Connection, equipment_id: str, now_us: int) -> Prediction | None:
    """The machine's newest score of a model that may speak, not older than two hours: costs count with it."""
    p = t.predictions.c
    query = select(t.predictions).where(p.equipment_id == equipment_id, p.at_us > now_us - RECENT_US)
    query = query.where(p.status == PredictionStatus.SCORED.value, ~p.shadow)
    query = query.order_by(p.at_us.desc()).limit(1)
    row = tx.execute(query).mappings().one_or_none()
    found = as_prediction(dict(row)) if row else None
    if found is None or stops.stopped(tx, site_of(equipment_id), found.model_name):
        return None
    return None if shadow.in_shadow(tx, found) else found


def _cause(tx: Connection, signal: Signal) -> str:
    known = causes_of(tx, machine_at(tx, signal.equipment_id).machine_type)
    return signal.cause if signal.cause in known else ""


def put_signal(tx: Connection, case_id: str, signal: Signal) -> bool:
    """Write what a source says on a case; False when it had said something before."""
    row = {
        "case_id": case_id,
        "kind": signal.source.value,
        "source_id": signal.source_id,
        "said_by": signal.said_by,
        "at_us": signal.at_us,
        "words": signal.words,
        "told_wall_us": wall_us(),
    }
    return signals.put(tx, row)


def _open(tx: Connection, signal: Signal, cause: str) -> Taken:
    unit, at = signal.equipment_id, signal.at_us
    known = recent_prediction(tx, unit, at) or no_prediction(unit, at)
    plan = planned(tx, known, at, store.next_number(tx), cause=cause, wanted=signal.wanted)
    row = _case(signal, plan)
    if not makes_room(tx, row, at):
        return Taken(Effect.NOTHING)
    store.add(tx, row)
    propose(tx, row["case_id"], plan.commands(plan.advice.advised), wall_us())
    put_signal(tx, row["case_id"], signal)
    detail = {"title": row["title"], "source": signal.source.value, "words": signal.words}
    audit.of_case(tx, row["case_id"], "proposed", at, detail)
    return Taken(Effect.OPENED, row["case_id"])


def _case(signal: Signal, plan: Planned) -> dict[str, Any]:
    told = f"{signal.words} {plan.evidence.words}" if plan.evidence.prediction_id else signal.words
    against = plan.evidence.against
    if plan.situation.prediction.probability is None:
        against = (*against, "No model has scored this machine lately: what a failure costs is not counted.")
    prediction_id = plan.situation.prediction.prediction_id or None
    text = replace(plan.evidence, words=told, against=against, prediction_id=prediction_id).to_json()
    return {
        "case_id": new_id(),
        "site_id": site_of(signal.equipment_id),
        "number": plan.number,
        "equipment_id": signal.equipment_id,
        "kind": KINDS[signal.source].value,
        "state": CaseState.PROPOSED.value,
        "version": 1,
        "attention": False,
        "open_key": open_key(signal.equipment_id, plan.situation.cause),
        "opened_us": signal.at_us,
        "opened_wall_us": wall_us(),
        "default_action": DEFAULT_ACTION,
        "permission": "decide",
        "proposed_by": signal.said_by,
        "reason": "",
        **plan.columns(),
        "evidence_us": signal.at_us,
        "evidence": text,
        "evidence_hash": hash_of(text),
    }
