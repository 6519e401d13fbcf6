"""From a stored prediction to a case: opened, joined, withdrawn, or deliberately nothing.

Call `consider` for every new scored prediction, after its explanation is stored. It is idempotent
per prediction in effect: an older or equal prediction changes nothing.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select

from data.store import cases as store
from data.store import stops
from data.store import tables as t
from data.store.database import Database
from domain.cases import UNDECIDED, CaseKind, CaseState, open_key
from domain.clock import DAY, HOUR, wall_us
from domain.equipment import site_of
from domain.errors import Conflict
from domain.evidence import Evidence, alternatives_from_json
from domain.ids import new_id
from domain.messages import CommandKind, Finding
from domain.policy import DEFAULT_ACTION, MATERIAL_COST, keeps_quiet
from domain.prediction import Prediction, PredictionStatus
from domain.recommendation import AT_ONCE, Choice
from services import audit, ending, renewing, shadow
from services.carrying import too_far
from services.crowding import makes_room
from services.fallen import signers, tell_fallen
from services.following import judge_untaken
from services.joining import Signal, Source, join
from services.planning import Planned, planned, propose
from services.policy.current import default_action
from services.situation import Site, is_out, prediction_at, site_at

UNDECIDED_STATES = tuple(state.value for state in UNDECIDED)
INSPECTION_COUNTS_US = 2 * DAY
MATERIAL_RISK = 0.1
RENEW_US = HOUR


class Effect(StrEnum):
    """What came of considering a prediction."""

    OPENED = "opened"
    JOINED = "joined"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    QUIET = "quiet"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Considered:
    """The effect, the case that it had it on, and why, in one sentence."""

    effect: Effect
    case_id: str | None
    why: str


class Recommender:
    """Turns predictions into cases. Every call is one transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def consider(self, prediction_id: str) -> Considered:
        """Take a stored prediction into account. NotFound when it is not stored."""
        with self._database.write() as tx:
            prediction = prediction_at(tx, prediction_id)
            if stops.stopped(tx, site_of(prediction.equipment_id), prediction.model_name, hold=True):
                return Considered(Effect.NOTHING, None, "the model is stopped")
            if is_out(tx, prediction.equipment_id):
                return Considered(Effect.NOTHING, None, "the machine is out of the plant")
            if shadow.in_shadow(tx, prediction):
                shadow.note(tx, prediction)
                return Considered(Effect.NOTHING, None, "the model is in shadow")
            case = _ours(tx, prediction)
            if case is not None and prediction.at_us <= case["evidence_us"]:
                return Considered(Effect.NOTHING, case["case_id"], "older than the evidence of the case")
            if prediction.status is not PredictionStatus.SCORED or not prediction.above_threshold:
                return _calmer(tx, case, prediction)
            expire(tx, site_of(prediction.equipment_id), prediction.at_us)
            case = _ours(tx, prediction)
            return _open(tx, prediction) if case is None else _join(tx, case, prediction)

    def worth(self, prediction_id: str) -> int | None:
        """Cents that the case of a prediction would save; None where it opens none, or one is open."""
        with self._database.read() as tx:
            p = prediction_at(tx, prediction_id)
            if p.status is not PredictionStatus.SCORED or not p.above_threshold or _ours(tx, p):
                return None
            inspected = _found_by_inspection(tx, store.newest_closed(tx, p.equipment_id), p.at_us)
            return planned(tx, p, p.at_us, 0, inspected=inspected).advice.benefit.expected

    def expire_due(self, site_id: str, now_us: int) -> int:
        """Expire the undecided cases of a site whose deadline has passed; returns how many."""
        with self._database.write() as tx:
            return expire(tx, site_id, now_us)

    def renew_all(self) -> int:
        """Renew the proposals of every site whose start has passed; returns how many (services.renewing)."""
        with self._database.read() as tx:
            sites = tx.execute(select(t.clocks.c.site_id).order_by(t.clocks.c.site_id)).scalars().all()
            passed = [
                (site_id, case) for site_id in sites for case in renewing.passed(tx, site_at(tx, site_id))
            ]
        return sum(self._renew(site_id, case_id) for site_id, case_id in passed)

    def _renew(self, site_id: str, case_id: str) -> bool:
        with self._database.write() as tx:
            return renewing.renew(tx, site_at(tx, site_id), case_id)

    def judge_untaken(self) -> int:
        """Judge advice that nobody took by what the MES reports; returns how many were judged."""
        with self._database.write() as tx:
            sites = tx.execute(select(t.clocks.c.site_id).order_by(t.clocks.c.site_id)).scalars().all()
            return sum(judge_untaken(tx, site_at(tx, site_id)) for site_id in sites)

    def expire_all(self) -> int:
        """Expire what is due at every site, each by its own clock."""
        s = t.sites.c
        with self._database.read() as tx:
            rows = tx.execute(select(s.site_id).join_from(t.sites, t.clocks, t.clocks.c.site_id == s.site_id))
            due = [site for row in rows.all() if _any_due(tx, site := site_at(tx, row.site_id))]
        return sum(self.expire_due(site.site_id, site.now_us) for site in due)


def _any_due(tx: Connection, site: Site) -> bool:
    return bool(store.overdue(tx, site.site_id, site.now_us, UNDECIDED_STATES))


def expire(tx: Connection, site_id: str, now_us: int) -> int:
    """As `expire_due`, within a transaction."""
    due = store.overdue(tx, site_id, now_us, UNDECIDED_STATES)
    for case in due:
        told = {"default_action": default_action(tx, case)}
        ending.end(tx, case, CaseState.EXPIRED, "", case["deadline_us"], "expired without a decision", told)
    return len(due)


def _ours(tx: Connection, p: Prediction) -> dict[str, Any] | None:
    """The machine's open case that a model opened."""
    cases = store.open_for(tx, p.equipment_id)
    return next((c for c in cases if c["kind"] == CaseKind.FAILURE_RISK), None)


def _open(tx: Connection, p: Prediction) -> Considered:
    ended = store.newest_closed(tx, p.equipment_id)
    if ended is not None and _quiet(ended, p):
        return Considered(Effect.QUIET, ended["case_id"], "decided a short while ago, and no worse since")
    inspected = _found_by_inspection(tx, ended, p.at_us)
    plan = planned(tx, p, p.at_us, store.next_number(tx), inspected=inspected)
    if not plan.advice.worth_a_case:
        return Considered(Effect.NOTHING, None, "waiting costs less than doing something now")
    beyond = too_far(tx, plan.situation, Choice(plan.advice.advised.key))
    if beyond:
        return Considered(Effect.NOTHING, None, beyond)
    other = _taken(tx, None, plan)
    if other is not None:
        join(tx, other, _signal(p, plan))
        return Considered(Effect.CONFIRMED, other["case_id"], "joined the case that is open for this")
    case_id = new_id()
    row = {
        "case_id": case_id,
        "number": plan.number,
        "site_id": plan.situation.site.site_id,
        "equipment_id": p.equipment_id,
        "kind": CaseKind.FAILURE_RISK.value,
        "state": CaseState.PROPOSED.value,
        "version": 1,
        "attention": False,
        "open_key": open_key(p.equipment_id, plan.situation.cause),
        "opened_us": p.at_us,
        "opened_wall_us": wall_us(),
        "default_action": DEFAULT_ACTION,
        "permission": "decide",
        "proposed_by": f"{p.model_name} {p.model_version}",
        "reason": "",
        **plan.columns(),
    }
    if not makes_room(tx, row, p.at_us):
        return Considered(Effect.QUIET, None, "this shift has as many new cases as its supervisor can read")
    store.add(tx, row)
    propose(tx, case_id, plan.commands(plan.advice.advised), wall_us())
    detail = {"title": row["title"], "evidence_hash": row["evidence_hash"]}
    audit.of_case(tx, case_id, "proposed", p.at_us, detail)
    return Considered(Effect.OPENED, case_id, row["title"])


def _quiet(ended: dict[str, Any], p: Prediction) -> bool:
    state, finding = CaseState(ended["state"]), ended["finding"]
    answered = state in (CaseState.REJECTED, CaseState.EXPIRED) or finding == Finding.NOTHING_FOUND
    before = Evidence.from_json(ended["evidence"]).probability or 0.0
    return answered and keeps_quiet(ended["closed_us"], before, p.at_us, p.probability or 0.0)


def _found_by_inspection(tx: Connection, ended: dict[str, Any] | None, at_us: int) -> bool:
    if ended is None:
        return False
    worn = ended["finding"] in (Finding.DEGRADED, Finding.FAILED)
    recent = at_us - ended["closed_us"] < INSPECTION_COUNTS_US
    kinds = {row["kind"] for row in store.commands_of(tx, ended["case_id"])}
    return worn and recent and kinds == {CommandKind.INSPECTION_ORDER.value}


def _join(tx: Connection, case: dict[str, Any], p: Prediction) -> Considered:
    ours = case["proposed_by"].rpartition(" ")[0] == p.model_name  # a promoted version goes on with it
    if case["state"] not in UNDECIDED_STATES or not ours:
        return Considered(Effect.NOTHING, case["case_id"], "a person has taken this case in hand")
    plan = planned(tx, p, p.at_us, case["number"])
    if _taken(tx, case, plan):
        plan = planned(tx, p, p.at_us, case["number"], cause=case["cause"])
    if too_far(tx, plan.situation, Choice(plan.advice.advised.key)) or not _material(case, plan):
        _change(tx, case, {"evidence_us": plan.evidence.data_us})
        return Considered(Effect.CONFIRMED, case["case_id"], "newer data say the same")
    values = {
        **plan.columns(),
        "open_key": open_key(p.equipment_id, plan.situation.cause),
        "proposed_by": f"{p.model_name} {p.model_version}",
        "state": CaseState.PROPOSED.value,
        "version": case["version"] + 1,
    }
    if not plan.advice.worth_a_case:
        ending.end(tx, case, CaseState.WITHDRAWN, "waiting costs less by now", p.at_us, "withdrawn")
        return Considered(Effect.WITHDRAWN, case["case_id"], "waiting costs less by now")
    signed = signers(tx, case)
    _change(tx, case, values)
    propose(tx, case["case_id"], plan.commands(plan.advice.advised), wall_us())
    tell_fallen(tx, site_at(tx, case["site_id"]), {**case, **values}, signed, "newer data say otherwise")
    detail = {
        "title": values["title"],
        "evidence_hash": values["evidence_hash"],
        "version": values["version"],
    }
    audit.of_case(tx, case["case_id"], "proposal renewed on newer data", p.at_us, detail)
    return Considered(Effect.JOINED, case["case_id"], values["title"])


def _taken(tx: Connection, case: dict[str, Any] | None, plan: Planned) -> dict[str, Any] | None:
    """Another open case of this machine and cause: a person or another source was first."""
    machine = plan.situation.machine.equipment_id
    others = [c for c in store.open_for(tx, machine) if case is None or c["case_id"] != case["case_id"]]
    key = open_key(machine, plan.situation.cause)
    return next((c for c in others if c["open_key"] == key), None)


def _signal(p: Prediction, plan: Planned) -> Signal:
    return Signal(
        source=Source.PREDICTION,
        source_id=p.model_name,
        said_by=f"{p.model_name} {p.model_version}",
        equipment_id=p.equipment_id,
        cause=plan.situation.cause,
        at_us=p.at_us,
        words=plan.evidence.words,
    )


def _change(tx: Connection, case: dict[str, Any], values: dict[str, Any]) -> None:
    if not store.change(tx, case["case_id"], case["version"], values):
        raise Conflict(f"case {case['number']} was changed at the same time")


def _material(case: dict[str, Any], plan: Planned) -> bool:
    """A person who reads the card must see it anew: another cause, choice or start, or other figures.

    Work that is to begin as soon as possible is renewed before its deadline for as long as the data say
    the same: a risk that stays keeps its case.
    """
    before = Evidence.from_json(case["evidence"])
    advised = plan.advice.advised
    old = next(a for a in alternatives_from_json(case["alternatives"]) if a.advised)
    moved = abs((before.probability or 0) - (plan.evidence.probability or 0)) >= MATERIAL_RISK
    dearer = abs(old.cost_cents - advised.cost_cents) > MATERIAL_COST * max(1, old.cost_cents)
    if advised.key in AT_ONCE:
        restarted = case["deadline_us"] - plan.setting.risk.at_us <= RENEW_US
    else:
        restarted = old.start_us != advised.start_us
    other = (case["cause"], old.key) != (plan.situation.cause, advised.key)
    return other or moved or dearer or restarted or (not before.moved and bool(plan.evidence.moved))


def _calmer(tx: Connection, case: dict[str, Any] | None, p: Prediction) -> Considered:
    """Withdraw an undecided case once the risk stays low, or the machine was maintained meanwhile."""
    if case is None or case["state"] not in UNDECIDED_STATES:
        return Considered(Effect.NOTHING, None, "no case waits for a decision")
    if ending.maintained_since(tx, p.equipment_id, case["opened_us"], p.at_us):
        reason = "The machine was maintained meanwhile"
    elif ending.calm(tx, p):
        reason = f"The risk has fallen back to {round((p.probability or 0) * 100)} of 100"
    else:
        return Considered(Effect.NOTHING, case["case_id"], "not calm for long enough yet")
    ending.end(tx, case, CaseState.WITHDRAWN, reason, p.at_us, "withdrawn")
    return Considered(Effect.WITHDRAWN, case["case_id"], reason)
