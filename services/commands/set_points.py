"""Approving a case about a set point: as advised, or moved to another value inside the validated limits.

Whatever is approved is held against the limits that hold at that moment, not those of the evidence.
"""

import math
from dataclasses import dataclass

from data.store import cases as store
from domain.errors import InvalidInput, NotNow
from domain.evidence import Evidence, Payload, ProposedCommand
from domain.messages import CommandState, SetPointChange
from domain.process import Limits, SettingMove, exact, parameter_label
from services.commands.acting import Work
from services.process.limits import GONE, InForce, objection
from services.process.proposing import request_of, title_of
from services.situation import machine_at


@dataclass(frozen=True, slots=True)
class OtherValue:
    """The request of a value that a person chose, and the title of the case with it."""

    command: ProposedCommand
    title: str
    words: str


def check_limits(work: Work) -> None:
    """NotNow when a set point that is about to be asked for lies outside the limits that hold."""
    for row in store.commands_of(work.tx, work.case["case_id"]):
        asked = Payload.from_json(row["payload"]).work
        if row["state"] != CommandState.PROPOSED or not isinstance(asked, SetPointChange):
            continue
        if why := objection(work.tx, asked):
            raise NotNow(why)


def other_value(work: Work, value: float | None) -> OtherValue:
    """The set point at another value. InvalidInput outside the limits that hold, or where it stands."""
    move = Evidence.from_json(work.case["evidence"]).setting
    if move is None or value is None or not math.isfinite(value):
        raise InvalidInput("say to what the set point is to be moved", "value")
    limits = _limits(work, move)
    if not limits.holds(value):
        within = f"{exact(limits.low)} to {exact(limits.high, move.unit)}"
        raise InvalidInput(f"the validated limits are {within}", "value")
    if value == move.from_value:
        raise InvalidInput("this is what it is set to already; reject the advice instead", "value")
    machine = machine_at(work.tx, work.case["equipment_id"])
    command = request_of(machine, move, value, work.case["number"])
    return OtherValue(command, title_of(machine, move, value), _told(move, value))


def _told(move: SettingMove, value: float) -> str:
    return f"{parameter_label(move.parameter)} to {exact(value, move.unit)}"


def _limits(work: Work, move: SettingMove) -> Limits:
    machine = work.case["equipment_id"]
    found = InForce.read(work.tx, work.case["site_id"]).of(machine, move.product_id, move.parameter)
    if found is None or found[1].unit != move.unit:
        raise NotNow(GONE)
    return found[1]
