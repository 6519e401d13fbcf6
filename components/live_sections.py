"""From what was read to the sections of a live screen: words, shares and shapes, ready to be shown.

Everything is plain JSON. The browser puts texts in as text, never as HTML; times stay microseconds
of plant time where an age or a place on a strip follows from them.
"""

from itertools import takewhile
from typing import Any

from components import live_words as say
from components.links import url
from components.stopping import strip
from components.words import metric_label, moment, money, of_100, plural, unit_text
from domain.clock import HOUR, MINUTE
from domain.oee import Oee
from domain.prediction import Prediction, PredictionStatus
from domain.strips import Strip
from domain.time_model import Leaf
from services.rows.floor import (
    LineFigures,
    LineView,
    MachineView,
    OrderRow,
    PlantFigures,
    StopRow,
    Stretch,
    UnitFigures,
    WaitingRow,
)
from services.rows.oversight import AiStatus

Sections = dict[str, Any]
KINDS: dict[str, str] = {
    Leaf.PRODUCTION: "run",
    Leaf.DOWN: "down",
    Leaf.SETUP: "setup",
    Leaf.DELAY: "wait",
    Leaf.PLANNED_DOWN: "planned",
    Leaf.OUTSIDE: "off",
    Leaf.NO_DATA: "gap",
}
SHOWN_CASES = 6  # the inbox has them all
ABNORMAL = ("no rate", "faster")  # flags worth a line on a card; the others stand under the losses
LOW_BY = 0.05  # an OEE this far under its target is shown as abnormal


def draw(view: PlantFigures | LineView | MachineView | AiStatus, advice: bool) -> Sections:
    """The sections of one screen. Without `advice`, nothing that a model said is in them."""
    if isinstance(view, AiStatus):
        return {"ai": strip(view)}
    if isinstance(view, PlantFigures):
        return _plant(view, advice)
    return _line(view, advice) if isinstance(view, LineView) else _machine(view, advice)


def _plant(view: PlantFigures, advice: bool) -> Sections:
    waiting = view.waiting if advice else ()
    sections: Sections = {
        "lead": say.plant_lead(view, waiting),
        "zone": view.zone,
        "lines": [line.line.equipment_id for line in view.lines],
        "losses": _losses(view.oee),
        "stops": _stops(view.stops, view.currency),
        "waiting": _waiting(waiting, view.currency) if advice else None,
    }
    for line in view.lines:
        sections[f"line:{line.line.equipment_id}"] = _card(line, view.zone)
    return sections


def _line(view: LineView, advice: bool) -> Sections:
    figures = view.figures
    sections: Sections = {
        "lead": say.line_lead(figures),
        "zone": view.zone,
        "card": _card(figures, view.zone),
        "units": [u.unit.equipment_id for u in view.units],
        "losses": _losses(figures.oee),
        "stops": _stops(view.stops, view.currency),
        "orders": [_order(order, view.zone, figures.stretch.to_us) for order in view.orders],
        "waiting": _waiting(view.waiting, view.currency) if advice else None,
    }
    for unit in view.units:
        sections[f"unit:{unit.unit.equipment_id}"] = _unit(unit, figures.stretch, advice)
    return sections


def _machine(view: MachineView, advice: bool) -> Sections:
    figures, span = view.figures, view.stretch
    now = span.to_us
    return {
        "lead": say.machine_lead(view, advice),
        "zone": view.zone,
        "unit": {**_unit(figures, span, advice), "ticks": _ticks(span, view.zone), "assigned": view.assigned},
        "sensors": [
            {
                "name": s.metric,
                "label": metric_label(s.metric),
                "unit": unit_text(s.unit),
                "ignored": moment(s.ignored_until_us, view.zone, now) if s.ignored_until_us else "",
            }
            for s in view.sensors
        ],
        **{f"trend:{s.metric}": [[at, value] for at, value in s.points] for s in view.sensors},
        "losses": _losses(figures.oee),
        "stops": _stops(view.stops, view.currency),
        "maintenance": [
            {
                "what": say.maintenance(row),
                "when": moment(row.at_us, view.zone, now),
                "took": say.took(row),
                "found": say.found(row),
            }
            for row in view.maintenance
        ],
        "order": _order(view.order, view.zone, now) if view.order else None,
        "risk": _risk(figures.risk, view, now) if advice else None,
        "case": {"title": view.case_title, "url": url("case", case=str(view.case_number))}
        if advice and view.case_number is not None
        else None,
    }


def _card(line: LineFigures, zone: str) -> Sections:
    return {
        "name": line.line.name,
        "url": url("line", id=line.line.equipment_id),
        **_figures(line.oee, line.line.target),
        "strip": _strip(line.strip),
        "from": line.stretch.from_us,
        "end": line.stretch.end_us,
        "ticks": _ticks(line.stretch, zone),
        "stretch": line.stretch.name,
        "constraint": line.constraint.name,
        "constraint_id": line.constraint.equipment_id,
        "units": {u.equipment_id: u.name for u in line.units},
        "reasons": {s.equipment_id: say.reason(s.reason) for s in line.standing},
        "order": _order(line.order, zone, line.stretch.to_us) if line.order else None,
    }


def _unit(unit: UnitFigures, span: Stretch, advice: bool) -> Sections:
    risk = unit.risk if advice else None
    return {
        "name": unit.unit.name,
        "url": url("machine", id=unit.unit.equipment_id),
        "constraint": unit.unit.constraint,
        **_figures(unit.oee, unit.unit.target),
        "made": round(unit.oee.good),
        "scrap": round(unit.oee.scrap),
        "strip": _strip(unit.strip),
        "from": span.from_us,
        "end": span.end_us,
        "stretch": span.name,
        "since": _since(unit.strip),
        "risk": of_100(risk.probability) if risk else "",
        "at_risk": bool(risk and risk.above_threshold),
    }


def _since(strip: Strip) -> int | None:
    """Since when the machine is in its newest known state."""
    backwards = zip(reversed(strip.state), reversed(strip.from_us), strict=True)
    known = ((state, begin) for state, begin in backwards if state is not None)
    newest = next(known, None)
    if newest is None:
        return None
    return min([newest[1], *(begin for _, begin in takewhile(lambda one: one[0] == newest[0], known))])


def _figures(oee: Oee, target: float | None) -> Sections:
    value = oee.oee
    return {
        "oee": _pct(value),
        "why": say.why_unknown(oee),
        "target": _pct(target),
        "low": value is not None and target is not None and value < target - LOW_BY,
        "apq": [_pct(oee.availability), _pct(oee.effectiveness), _pct(oee.quality)],
        "flags": [flag for flag in oee.flags if flag.startswith(ABNORMAL)],
    }


def _pct(value: float | None) -> float | None:
    return None if value is None else round(100 * value, 1)


def _strip(strip: Strip) -> list[list[Any]]:
    rows = zip(strip.from_us, strip.to_us, strip.leaf, strict=True)
    return [[begin, end, KINDS[leaf]] for begin, end, leaf in rows if leaf != Leaf.OUTSIDE]


def _ticks(span: Stretch, zone: str) -> list[list[Any]]:
    hours = (span.end_us - span.from_us) / HOUR
    step = (2 if hours <= 14 else 6 if hours <= 48 else 24) * HOUR
    return [[at, say.tick(at, zone, hours)] for at in range(span.from_us, span.end_us + 1, step)]


def _losses(oee: Oee) -> Sections:
    """Bars from planned time down to OEE, in percent of planned time; they add up."""
    planned = oee.pbt_s
    if not planned or oee.oee is None:
        return {"bars": [], "note": say.why_unknown(oee) or "No planned time yet."}
    part = {leaf: oee.seconds[leaf] / planned * 100 for leaf in Leaf}
    minor = oee.minor_s / planned * 100
    speed = (oee.seconds[Leaf.PRODUCTION] - oee.ideal_s) / planned * 100
    defects = (oee.ideal_s - oee.ideal_good_s) / planned * 100
    losses = [
        ("Stops", part[Leaf.DOWN] - minor),
        ("Minor stops", minor),
        ("Waiting", part[Leaf.DELAY]),
        ("Setup", part[Leaf.SETUP]),
        ("Speed", speed),
        ("Defects", defects),
    ]
    worst = max(losses, key=lambda loss: loss[1])[0]
    bars = [
        ["Planned", 100.0, "whole"],
        *([n, round(v, 1), "worst" if n == worst else "loss"] for n, v in losses),
    ]
    return {"bars": [*bars, ["OEE", round(100 * oee.oee, 1), "rest"]], "note": "; ".join(oee.flags)}


def _stops(stops: tuple[StopRow, ...], currency: str) -> list[Sections]:
    most = max((s.cost_cents for s in stops), default=0) or 1
    return [
        {
            "name": s.name,
            "reason": say.reason(s.reason),
            "url": url("machine", id=s.equipment_id),
            "share": s.cost_cents / most,
            "minutes": f"{s.lost_us // MINUTE:,} min",
            "times": plural(s.times, "time"),
            "money": "planned" if s.planned else "waited" if s.elsewhere else money(s.cost_cents, currency),
            "open": s.open_since_us is not None and not s.planned and not s.elsewhere,
        }
        for s in stops
    ]


def _waiting(rows: tuple[WaitingRow, ...], currency: str) -> list[Sections]:
    return [
        {
            "title": r.title,
            "worth": say.worth(r, currency),
            "due": r.deadline_us,
            "attention": r.attention,
            "url": url("case", case=str(r.number)),
        }
        for r in rows[:SHOWN_CASES]
    ]


def _order(order: OrderRow, zone: str, now_us: int) -> Sections:
    return {
        "id": order.order_id,
        "product": order.product,
        "made": round(order.made),
        "quantity": round(order.quantity),
        "due": moment(order.due_us, zone, now_us),
        "late": order.due_us < now_us,
        "status": order.status.lower(),
    }


def _risk(risk: Prediction | None, view: MachineView, now_us: int) -> Sections:
    if risk is None:
        return {"known": False, "text": "not known yet", "why": "no prediction yet", "url": "", "high": False}
    known = risk.status is PredictionStatus.SCORED
    return {
        "known": known,
        "text": say.chance(risk) if known else "not known yet",
        "why": say.life_text(risk) if known else risk.reason.replace("_", " "),
        "high": risk.above_threshold,
        "url": url("explanation", prediction=risk.prediction_id),
        "at": risk.at_us,
        "when": moment(risk.at_us, view.zone, now_us),
    }
