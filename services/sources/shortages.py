"""A spare part that is missing: told on the cases that need it, and bought in time where that pays.

A part is missing when none lies unreserved in stock. Its open cases are told. Where no case is open, the
machine with the highest recent risk may get one, when buying the part now and repairing when it is here is
expected to cost less than waiting for the limit alarm (domain.costs).
"""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from data.store import tables as t
from domain.equipment import site_of
from domain.recommendation import Choice, cause_label, minutes_text
from services.joining import Signal, Source, open_case, recent_prediction
from services.planning import planned


@dataclass(frozen=True, slots=True)
class _Missing:
    part_id: str
    name: str
    lead_time_s: int
    machine_type: str
    cause: str


def found(tx: Connection, site_id: str, now_us: int) -> list[Signal]:
    """A signal for each open case that needs a missing part, or for the machine where buying it pays."""
    return [signal for one in _missing(tx) for signal in _signals(tx, site_id, one, now_us)]


def _missing(tx: Connection) -> list[_Missing]:
    s, p = t.stock.c, t.parts_of_machines.c
    rows = tx.execute(
        select(s.part_id, s.name, s.lead_time_s, p.machine_type, p.cause)
        .join_from(t.stock, t.parts_of_machines, p.part_id == s.part_id)
        .where(s.on_hand - s.reserved < 1)
        .order_by(s.part_id, p.machine_type, p.cause)
    )
    return [_Missing(*row) for row in rows]


def _signals(tx: Connection, site_id: str, one: _Missing, now_us: int) -> list[Signal]:
    units = _units(tx, site_id, one.machine_type)
    needing = [unit for unit in units if open_case(tx, unit, one.cause)]
    if needing:
        return [_signal(unit, one, now_us, opens=False) for unit in needing]
    best = _pays(tx, units, one, now_us)
    return [_signal(best, one, now_us, opens=True)] if best else []


def _units(tx: Connection, site_id: str, machine_type: str) -> list[str]:
    e = t.equipment.c
    query = select(e.equipment_id).where(e.level == "unit", e.machine_type == machine_type, e.assigned)
    every = tx.execute(query.where(e.removed_us.is_(None)).order_by(e.equipment_id)).scalars()
    return [unit for unit in every if site_of(unit) == site_id]


def _pays(tx: Connection, units: list[str], one: _Missing, now_us: int) -> str | None:
    known = [(unit, recent_prediction(tx, unit, now_us)) for unit in units]
    scored = [(unit, p) for unit, p in known if p is not None and p.probability]
    if not scored:
        return None
    unit, prediction = max(scored, key=lambda pair: pair[1].probability or 0.0)
    advice = planned(tx, prediction, now_us, 0, cause=one.cause).advice
    benefit = advice.benefits.get(Choice.WHEN_PART_ARRIVES)
    return unit if benefit is not None and benefit.expected > 0 else None


def _signal(unit: str, one: _Missing, now_us: int, *, opens: bool) -> Signal:
    lead = (
        minutes_text(one.lead_time_s)
        if one.lead_time_s < 2 * 86_400
        else f"{one.lead_time_s / 86_400:.0f} days"
    )
    return Signal(
        source=Source.SHORTAGE,
        source_id=one.part_id,
        said_by="stock of the ERP",
        equipment_id=unit,
        cause=one.cause,
        at_us=now_us,
        words=f"None of {one.name} lies free in stock, the part for: {cause_label(one.cause)}. "
        f"A new one takes {lead}.",
        opens=opens,
        wanted=Choice.WHEN_PART_ARRIVES,
    )
