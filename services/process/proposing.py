"""What a case about a set point says, and the request that it sends: contributed, expected, never caused."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from domain.clock import DAY
from domain.evidence import Evidence, ProposedCommand
from domain.messages import CommandKind, SetPointChange
from domain.process import SettingMove, exact, parameter_label, points, settings_of
from domain.telemetry import figure_text
from domain.wording import percent
from services.situation import Machine

if TYPE_CHECKING:
    from services.process.worth import Worth

BACK_US = 30 * DAY  # how far back the operations behind an advice lie
LIMITS = (
    "One setting is moved at a time; what two of them do together is not learned.",
    "What went together in past operations contributed to what is expected; it is no proof.",
)
WOULD_CHANGE = (
    "A look that no longer says so withdraws this; after 90 minutes without one it cannot be approved.",
    "Validated limits that are changed or taken back.",
)


def title_of(machine: Machine, move: SettingMove, value: float) -> str:
    """What is proposed, in one line."""
    name, to = parameter_label(move.parameter).lower(), exact(value, move.unit)
    return f"Move the {name} of {move.product} on {machine.name} to {to}"


def request_of(machine: Machine, move: SettingMove, value: float, number: int) -> ProposedCommand:
    """The request to the MES of the machine. Its key tells a case's value once."""
    work = SetPointChange(
        machine.equipment_id, move.product_id, move.parameter, move.unit, move.from_value, value
    )
    span = f"{exact(move.from_value)} to {exact(value, move.unit)}"
    name = parameter_label(move.parameter).lower()
    words = f"Set point of the {name}, {move.product} on {machine.name}: {span}, from its next order on"
    key = f"CASE-{number}-SET-POINT"
    return ProposedCommand(0, machine.mes_queue, CommandKind.SET_POINT_CHANGE, work, key, words)


def evidence_of(machine: Machine, said: Mapping[str, Any], move: SettingMove, worth: "Worth") -> Evidence:
    """The evidence, from a row of `process_advice`, the limits that hold, and what it is worth."""
    at_us = said["at_us"]
    return Evidence(
        equipment_id=machine.equipment_id, equipment_name=machine.name, cause=settings_of(move.product_id),
        cause_label=settings_of(move.product), words=_words(machine, move), prediction_id=None,
        model_name=said["model_name"], model_version=said["model_version"],
        feature_version=said["feature_version"], at_us=at_us, data_us=at_us, window_from_us=at_us - BACK_US,
        window_to_us=at_us, horizon_s=0, probability=None, base=None, rul=None, rul_low=None, rul_high=None,
        life_unit="", main_metric=None, moved=(), against=_against(move), would_change=WOULD_CHANGE,
        similar=(), similar_words=(), limits=LIMITS, assumptions=worth.words, inputs=worth.inputs,
        setting=move,
    )  # fmt: skip


def _words(machine: Machine, move: SettingMove) -> str:
    name = parameter_label(move.parameter).lower()
    came = "" if move.came is None else f", of which {percent(move.came)} of the parts were bad"
    return (
        f"The {name} contributed to the share of bad parts of {move.product} in {move.taught:,} operations "
        f"that taught the model. With {figure_text(move.to_value, move.unit)} instead of "
        f"{figure_text(move.from_value, move.unit)} on {machine.name}, "
        f"{percent(move.share + move.change)} bad parts are expected instead of {percent(move.share)}: "
        f"{points(move.change)} points (90 %: {points(move.change_low)} to {points(move.change_high)}). "
        f"Behind it stand the last {move.operations} operations here{came}."
    )


def _against(move: SettingMove) -> tuple[str, ...]:
    found = []
    if move.came is not None and move.came < move.share + move.change:
        found.append("Fewer parts were bad of late than are expected after the change.")
    if move.change_high > move.change / 2:
        found.append("The interval is wide: the fall may be less than half of what is expected.")
    return tuple(found)
