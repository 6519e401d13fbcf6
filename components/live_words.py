"""The sentences of the floor screens: what matters, in words and numbers."""

from collections.abc import Sequence
from typing import Any

from components.words import lapse, life, local, moment, money, of_100, worth_words
from domain.cases import ABOUT_SETTINGS, NO_FAULT
from domain.clock import SECOND
from domain.oee import Oee
from domain.prediction import Prediction
from domain.recommendation import cause_label
from domain.saving import together
from domain.time_model import Leaf
from services.rows.floor import (
    LineFigures,
    MachineView,
    MaintenanceRow,
    PlantFigures,
    WaitingRow,
)

_SMALL = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


def plant_lead(view: PlantFigures, waiting: Sequence[WaitingRow]) -> dict[str, str]:
    """The sentence on top of the plant: OEE against target, where the loss is, what waits."""
    if not view.lines:
        return {"bold": "No lines yet.", "rest": "Machines appear here once they are placed on a line."}
    name = view.lines[0].stretch.name
    if view.oee.oee is None:
        return {
            "bold": f"{name}: no OEE yet.",
            "rest": why_unknown(view.oee) or "No production is known yet.",
        }
    bold = f"{name} {100 * view.oee.oee:.1f} % OEE{against(view.oee.oee, view.target)}."
    rest = " ".join(part for part in (_worst(view), _decisions(waiting, view.currency)) if part)
    return {"bold": bold, "rest": rest}


def line_lead(figures: LineFigures) -> dict[str, str]:
    """The sentence on top of a line."""
    oee = figures.oee
    if oee.oee is None:
        return {"bold": f"{figures.stretch.name}: no OEE yet.", "rest": why_unknown(oee) or ""}
    bold = f"{figures.stretch.name} {100 * oee.oee:.1f} % OEE{against(oee.oee, figures.line.target)}."
    lost = oee.seconds[Leaf.DOWN]
    rest = f"{figures.constraint.name} sets the pace"
    rest += (
        f"; it stood still for {lapse(round(lost * SECOND))}." if lost >= 60 else " and hardly stood still."
    )
    return {"bold": bold, "rest": f"{round(oee.good):,} good parts, {round(oee.scrap):,} scrap. {rest}"}


def machine_lead(view: MachineView, advice: bool) -> dict[str, str]:
    """The sentence on top of a machine: what its shift looks like, and its risk."""
    oee = view.figures.oee
    bold = (
        f"{view.stretch.name} {100 * oee.oee:.1f} % OEE, {round(oee.good):,} good parts."
        if oee.oee is not None
        else f"{view.stretch.name}: no OEE yet."
    )
    if view.out_us is not None:
        since = moment(view.out_us, view.zone, view.stretch.to_us)
        return {"bold": f"Out of the plant since {since}.", "rest": "No figure holds it, nobody is advised."}
    risk = view.figures.risk
    if not advice or risk is None or risk.probability is None:
        return {"bold": bold, "rest": "" if oee.oee is not None else why_unknown(oee)}
    high = "High risk" if risk.above_threshold else "Risk"
    return {"bold": bold, "rest": f"{high} of a failure: {chance(risk)}."}


def against(value: float, target: float | None) -> str:
    """`, 3.1 points under target`."""
    if target is None:
        return ""
    points = 100 * (value - target)
    if abs(points) < 0.05:
        return ", on target"
    return f", {abs(points):.1f} points {'over' if points > 0 else 'under'} target"


def _worst(view: PlantFigures) -> str:
    """Which line lost most of the good time, and its dearest stop."""
    lost = {line.line.name: line.oee.pbt_s - line.oee.ideal_good_s for line in view.lines}
    total = sum(max(0.0, seconds) for seconds in lost.values())
    if len(lost) < 2 or total <= 0:
        return ""
    name, most = max(lost.items(), key=lambda item: item[1])
    text = f"{name} cost {100 * most / total:.0f} % of the loss"
    stop = next((s for s in view.stops if s.line_id in _id_of(view, name)), None)
    return f"{text}, above all {stop.name}: {reason(stop.reason)}." if stop else f"{text}."


def _id_of(view: PlantFigures, name: str) -> list[str]:
    return [line.line.equipment_id for line in view.lines if line.line.name == name]


def _decisions(waiting: Sequence[WaitingRow], currency: str) -> str:
    if not waiting:
        return ""
    count = len(waiting)
    number = _SMALL[count] if count < len(_SMALL) else f"{count}"
    sums = worth_words(together((row.kind, row.benefit_cents) for row in waiting), currency)
    tail = f", worth about {sums}" if sums else ""
    return f"{number} {'decision waits' if count == 1 else 'decisions wait'}{tail}."


def why_unknown(oee: Oee) -> str:
    """Why there is no OEE: empty when there is one."""
    if oee.oee is not None:
        return ""
    if not oee.rated:
        return "No rate: parts were made without an order or a planned cycle time."
    if oee.measures.unplanned:
        return "No shift plan: this time lies in no shift, so that no standstill counts."
    if oee.seconds[Leaf.NO_DATA]:
        return "No data from this machine in this time."
    return "No planned production in this time."


def reason(text: str) -> str:
    """A stop's reason; a missing one is said."""
    return text or "reason not given yet"


def worth(row: WaitingRow, currency: str) -> str:
    """`worth about \u20ac 2,200 (300 to 4,700)`, `a week` for a set point; '' without money."""
    if row.kind in NO_FAULT and not row.benefit_cents:
        return ""
    weekly = " a week" if row.kind in ABOUT_SETTINGS else ""
    ends = (row.benefit_low_cents, row.benefit_high_cents)
    low, high = (f"{cents / 100:,.0f}".replace("-", "\u2212") for cents in ends)
    return f"worth about {money(row.benefit_cents, currency, whole=True)}{weekly} ({low} to {high})"


def chance(risk: Prediction) -> str:
    """`62 of 100 within 24 h`."""
    return f"{of_100(risk.probability)} within {risk.horizon_s / 3600:.0f} h"


def life_text(risk: Prediction) -> str:
    """Remaining life with its interval, or nothing."""
    if risk.rul is None:
        return ""
    return f"life left: {life(risk.rul, risk.rul_low, risk.rul_high, risk.life_unit)}"


def tick(at_us: int, zone: str, hours: float) -> str:
    """The hour, or the day on long strips."""
    then = local(at_us, zone)
    return f"{then:%H}" if hours <= 48 else f"{then:%a}"


def maintenance(row: MaintenanceRow) -> str:
    """`corrective, under way (ours)`."""
    text = f"{row.kind.replace('_', ' ')}, {row.status.replace('_', ' ')}"
    return f"{text}, ordered from this desk" if row.ours else text


def took(row: MaintenanceRow) -> str:
    """How long the work took, once it is done."""
    return lapse(row.end_us - row.at_us) if row.end_us else ""


def found(row: MaintenanceRow) -> str:
    """What was found, and the part that was used."""
    words: list[Any] = [
        row.finding.replace("_", " "),
        cause_label(row.cause) if row.cause else "",
        row.part_id,
    ]
    return ", ".join(word for word in words if word)
