"""Every figure that a card's costs are counted from: its value, its source, and since when it holds."""

from sqlalchemy import Connection, func, select

from data.store import tables as t
from domain.clock import HOUR
from domain.costs import Setting, producing_us
from domain.equipment import line_of
from domain.evidence import CostInput
from domain.recommendation import cause_label
from services.situation import Situation

# (field of Rates, label, unit) in the order of the card
_RATES = (
    ("downtime_cents_per_hour", "A stop, per producing hour", "cents/h"),
    ("labour_cents_per_hour", "Work, per hour", "cents/h"),
    ("unplanned_factor", "Work after a failure, times the planned", "factor"),
    ("call_out_s", "Until somebody comes after a failure", "s"),
    ("collateral_cents", "Other damage of a failure", "cents"),
    ("emergency_delivery_s", "Emergency delivery of a part, at most", "s"),
    ("alarm_catches", "Failures that the limit alarm catches", "share"),
    ("alarm_lead_s", "How long before the failure the alarm comes", "s"),
    ("inspection_finds", "Real faults that an inspection finds", "share"),
    ("inspection_misleads", "False alarms in which it finds wear too", "share"),
    ("slow_speed", "Slow running, share of the usual speed", "share"),
)


def inputs_of(tx: Connection, s: Situation, setting: Setting) -> tuple[CostInput, ...]:
    """The inputs in the order of the formula: risk, rates, work, part, plan, other machine."""
    found = [*_risk(s, setting), *_stated(tx, s, setting), *_work(s, setting), *_part(tx, setting)]
    return (*found, *_plan(tx, s, setting), *_spare(s, setting))


def _risk(s: Situation, setting: Setting) -> list[CostInput]:
    p, r = s.prediction, setting.risk
    if not p.prediction_id:
        return [CostInput("Risk of a failure: not known, counted as none", 0.0, "share", "no model", None)]
    told = f"{p.model_name} {p.model_version}"
    label = f"Risk of a failure within {r.horizon_us / HOUR:g} h"
    rows = [CostInput(label, r.probability, "share", told, p.at_us)]
    lives = (("5 %", r.life_low_us), ("50 %", r.life_us), ("95 %", r.life_high_us))
    rows += [
        CostInput(f"Hours until {share} of such machines have failed", us / HOUR, "h", told, p.at_us)
        for share, us in lives
        if us is not None
    ]
    return rows


def _stated(tx: Connection, s: Situation, setting: Setting) -> list[CostInput]:
    source, since = "built in; nothing is stated for this machine", None
    if s.stated is not None:
        e = t.equipment.c
        name = tx.execute(select(e.name).where(e.equipment_id == s.stated.equipment_id)).scalar()
        source, since = f"stated for {name or s.stated.equipment_id}", s.stated.since_us
    values = {key: float(getattr(setting.rates, key)) for key, _, _ in _RATES}
    return [CostInput(label, values[key], unit, source, since) for key, label, unit in _RATES]


def _work(s: Situation, setting: Setting) -> list[CostInput]:
    source = f"work plan for {s.machine.machine_type}, {cause_label(s.cause)}"
    task = setting.task
    return [
        CostInput(f"Work: {task.task}", float(task.duration_s), "s", source, None),
        CostInput("Work: inspection", float(task.inspect_s), "s", source, None),
        CostInput(
            "Life grows with slowness to the power of",
            task.wear_exponent,
            "factor",
            "ISO 281 (bearings), Taylor (tools), else assumed",
            None,
        ),
    ]


def _part(tx: Connection, setting: Setting) -> list[CostInput]:
    stock, task = setting.stock, setting.task
    if stock is None or task.part_id is None:
        return []
    row = t.stock.c
    since = tx.execute(select(func.max(row.updated_us)).where(row.part_id == task.part_id)).scalar()
    name = task.part_name or task.part_id
    return [
        CostInput(f"{name}: price", float(stock.price_cents), "cents", "stock of the ERP", since),
        CostInput(f"{name}: free in stock", stock.unreserved, "pieces", "stock of the ERP", since),
        CostInput(f"{name}: delivery", float(stock.lead_time_s), "s", "stock of the ERP", since),
    ]


def _plan(tx: Connection, s: Situation, setting: Setting) -> list[CostInput]:
    r = setting.risk
    hours = producing_us(setting, r.at_us, r.horizon_us) / HOUR
    label = f"Producing hours within the next {r.horizon_us / HOUR:g} h"
    if setting.producing is None:
        return [CostInput(label, hours, "h", "no shifts are planned here: every hour counts", None)]
    c = t.shifts.c
    newest = select(func.max(c.updated_us)).where(
        c.line_id == line_of(s.machine.equipment_id), c.end_us > r.at_us
    )
    return [CostInput(label, hours, "h", "shifts and orders of the MES", tx.execute(newest).scalar())]


def _spare(s: Situation, setting: Setting) -> list[CostInput]:
    spare = setting.spare
    if spare is None:
        return []
    source, at = "its idle time over the last 7 days", s.prediction.at_us
    return [
        CostInput(f"{spare.name} can make up, of the lost output", spare.share, "share", source, at),
        CostInput(f"{spare.name}: setup before it", float(spare.setup_s), "s", "its last setups", at),
    ]
