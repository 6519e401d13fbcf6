"""A plan: the evidence, the ranked choices, and the orders of the advised one, from a situation."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from data.store import cases as store
from domain.cases import CaseKind
from domain.costs import Cost, Setting, after_inspection
from domain.evidence import Alternative, Evidence, ProposedCommand, alternatives_to_json
from domain.ids import new_id
from domain.messages import CommandState
from domain.policy import deadline
from domain.prediction import Prediction, PredictionStatus
from domain.recommendation import Advice, Choice, advise, at_time
from services.proposal import Proposal, cost_of, orders, title
from services.signing import hash_of
from services.situation import Situation, card_of, machine_at, prediction_at, situation, stock_of, task_for
from services.telling import evidence_of


@dataclass(frozen=True, slots=True)
class Planned:
    """All that a case holds because of one situation."""

    situation: Situation
    setting: Setting
    advice: Advice
    evidence: Evidence
    number: int

    def commands(self, choice: Alternative, again: int = 1) -> tuple[ProposedCommand, ...]:
        """The orders of a choice. `again` counts the rounds in which this case has sent orders."""
        s = self.situation
        proposal = Proposal(self.number, s.machine, s.cause, self.setting, choice, s.site.zone, again)
        return orders(proposal)

    @property
    def proposer(self) -> str:
        """The model behind the plan, by name and version."""
        p = self.situation.prediction
        return f"{p.model_name} {p.model_version}"

    def title(self, choice: Alternative) -> str:
        """What the choice does, in one line."""
        return title(self.situation.machine, self.situation.cause, self.setting, choice)

    def columns(self) -> dict[str, Any]:
        """The columns of `cases` that a new plan sets."""
        evidence, advised = self.evidence.to_json(), self.advice.advised
        return {
            "cause": self.situation.cause,
            "title": self.title(advised),
            "deadline_us": deadline(self.setting.risk.at_us, advised.start_us),
            "prediction_id": self.situation.prediction.prediction_id or None,
            "evidence_us": self.evidence.data_us,
            "evidence": evidence,
            "evidence_hash": hash_of(evidence),
            "alternatives": alternatives_to_json(self.advice.alternatives),
            "advised": advised.key,
            **money(cost_of(advised, self.commands(advised)), self.advice.benefit),
        }


def money(cost_cents: int, benefit: Cost) -> dict[str, int]:
    """The columns of `cases` for a cost and a benefit."""
    return {
        "cost_cents": cost_cents,
        "benefit_cents": benefit.expected,
        "benefit_low_cents": benefit.low,
        "benefit_high_cents": benefit.high,
    }


def planned(
    tx: Connection,
    prediction: Prediction,
    at_us: int,
    number: int,
    *,
    cause: str = "",
    wanted: Choice | None = None,
    inspected: bool = False,
) -> Planned:
    """The plan as of `at_us` (plant time). `inspected`: somebody has looked, and found wear."""
    s = situation(tx, prediction, cause)
    task = task_for(tx, s.machine.machine_type, s.cause)
    setting = s.setting(task, stock_of(tx, task.part_id), at_us)
    if inspected:
        risk = replace(setting.risk, probability=after_inspection(setting.risk.probability, s.rates))
        setting = replace(setting, risk=risk)
    advice = advise(setting, s.calendar, wanted=wanted, inspected=inspected)
    return Planned(s, setting, advice, evidence_of(tx, s, setting), number)


def replanned(tx: Connection, case: dict[str, Any], now_us: int, wanted: Choice | None = None) -> Planned:
    """The plan of a stored case, counted anew from its own prediction as of now."""
    if case["prediction_id"]:
        prediction = prediction_at(tx, case["prediction_id"])
    else:
        prediction = no_prediction(case["equipment_id"], case["evidence_us"])
    looked = case["kind"] == CaseKind.INSPECTED
    cause = case["cause"]
    return planned(tx, prediction, now_us, case["number"], cause=cause, wanted=wanted, inspected=looked)


def after_finding(
    tx: Connection, case: dict[str, Any], now_us: int, number: int, cause: str
) -> Planned | None:
    """The plan of the repair that an inspection has shown to be needed; None without a prediction."""
    if not case["prediction_id"]:
        return None
    prediction = prediction_at(tx, case["prediction_id"])
    return planned(tx, prediction, now_us, number, cause=cause, inspected=True)


def chosen(plan: Planned, choice: str, start_us: int | None) -> tuple[Alternative, Cost]:
    """The alternative that a person asks for, at their own time if they give one, and its benefit."""
    listed = next((a for a in plan.advice.alternatives if a.key == choice), None)
    start = start_us if start_us is not None else (listed.start_us if listed else None)
    if start is None:
        return (listed or plan.advice.advised), Cost(0, 0, 0)
    if listed is not None and start_us is None:
        return replace(listed, advised=False), plan.advice.benefits[listed.key]
    inspect = choice == Choice.INSPECT_FIRST
    return at_time(plan.setting, plan.situation.calendar, start, inspect=inspect)


def no_prediction(equipment_id: str, at_us: int) -> Prediction:
    """What stands in for a prediction where there is none: nothing is known."""
    return Prediction(
        prediction_id="",
        equipment_id=equipment_id,
        at_us=at_us,
        status=PredictionStatus.NOT_KNOWN,
        reason="raised by a person",
        model_name="",
        model_version="",
        feature_version="",
        window_hash="",
        window_from_us=at_us,
        window_to_us=at_us,
        horizon_s=86_400,
        life_unit="operating hours",
        probability=None,
        rul=None,
        rul_low=None,
        rul_high=None,
        above_threshold=False,
    )


def command_rows(case_id: str, commands: tuple[ProposedCommand, ...], wall_us: int) -> list[dict[str, Any]]:
    """Rows of `commands`, proposed, with ids of their own."""
    ids = {c.position: new_id() for c in commands}
    return [
        {
            "command_id": ids[c.position],
            "case_id": case_id,
            "position": c.position,
            "queue": c.queue,
            "kind": c.kind.value,
            "state": CommandState.PROPOSED.value,
            "business_key": c.business_key,
            "payload": c.payload(),
            "depends_on": None if c.depends_on is None else ids[c.depends_on],
            "cancels": None,
            "detail": "",
            "changed_wall_us": wall_us,
        }
        for c in commands
    ]


def propose(tx: Connection, case_id: str, commands: tuple[ProposedCommand, ...], wall_us: int) -> None:
    """Put new proposed commands in the place of those that were only proposed."""
    store.drop_proposed(tx, case_id)
    store.add_commands(tx, command_rows(case_id, commands, wall_us))


__all__ = ["Planned", "card_of", "chosen", "machine_at", "money", "planned", "propose", "replanned"]
