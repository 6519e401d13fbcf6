"""Which other machine can take the work of one that is to be repaired, and how much of it.

A machine can when it is of the same type at the same site, the MES states a rate for the product on it, it
is not working on the same order already (then it is another step of the same flow, or shares it), and
nobody has an open case on it. It makes up the share of its planned time in which it stood idle over the
last week, times how fast it makes the product compared with ours (planned cycles); a setup comes first.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from data.store import plan_facts
from data.store import tables as t
from domain.cases import ABOUT_SETTINGS
from domain.clock import DAY
from domain.costs import Spare
from domain.equipment import line_of, site_of
from domain.rates import rate_at
from domain.time_model import Cause, Leaf
from services.line_plan import usual_setup_s

BACK_US = 7 * DAY
LEAST = 0.05  # of its time: with less to spare a machine is no help
_IDLE = (Cause.NO_ORDER, Cause.IDLE, Cause.WAITING, Cause.BLOCKED, Cause.STARVED)


@dataclass(frozen=True, slots=True)
class _Work:
    """What a machine works on."""

    order_id: str
    product_id: str


def spare_for(tx: Connection, equipment_id: str, machine_type: str, at_us: int) -> Spare | str:
    """The machine with the most to spare, or why there is none."""
    work = _work(tx, [equipment_id], at_us).get(equipment_id)
    others = _others(tx, equipment_id, machine_type)
    if not others:
        return f"there is no other {machine_type} at this site"
    if work is None:
        return "the MES names no running order for this machine"
    cycles = _cycles(tx, work.product_id, [equipment_id, *others], at_us)
    able = [unit for unit in others if unit in cycles]
    if not able:
        return f"no other {machine_type} has a planned rate for {work.product_id}"
    busy = {u for u, w in _work(tx, able, at_us).items() if w.order_id == work.order_id}
    free = [unit for unit in able if unit not in busy]
    if not free:
        return f"those that can make {work.product_id} work on the same order"
    healthy = [unit for unit in free if unit not in _troubled(tx, free)]
    if not healthy:
        return f"those that can make {work.product_id} have an open case themselves"
    return _best(tx, equipment_id, {u: others[u] for u in healthy}, cycles, at_us)


def _best(
    tx: Connection, equipment_id: str, names: dict[str, str], cycles: dict[str, float], at_us: int
) -> Spare | str:
    idle = _idle_shares(tx, list(names), at_us)
    ours = cycles.get(equipment_id)
    shares = {u: min(1.0, share * (ours / cycles[u] if ours else 1.0)) for u, share in idle.items()}
    best = max(sorted(shares), key=lambda unit: shares[unit], default=None)
    if best is None:
        return "nobody has measured yet how busy the others are"
    if shares[best] < LEAST:
        return "the others have no time to spare"
    return Spare(best, names[best], shares[best], usual_setup_s(tx, line_of(best), at_us))


def _others(tx: Connection, equipment_id: str, machine_type: str) -> dict[str, str]:
    e = t.equipment.c
    rows = tx.execute(
        select(e.equipment_id, e.name)
        .where(e.level == "unit", e.machine_type == machine_type, e.equipment_id != equipment_id)
        .where(e.equipment_id.startswith(site_of(equipment_id) + "/", autoescape=True))
        .where(e.assigned, e.removed_us.is_(None))
        .order_by(e.equipment_id)
    )
    return {row.equipment_id: row.name for row in rows}


def _work(tx: Connection, units: list[str], at_us: int) -> dict[str, _Work]:
    o = t.operations.c
    rows = tx.execute(
        select(o.equipment_id, o.order_id, o.product_id)
        .where(o.equipment_id.in_(units), o.start_us > at_us - 30 * DAY, o.start_us <= at_us)
        .where((o.end_us.is_(None)) | (o.end_us > at_us))
        .order_by(o.start_us)
    )
    return {row.equipment_id: _Work(row.order_id, row.product_id) for row in rows}


def _cycles(tx: Connection, product_id: str, units: list[str], at_us: int) -> dict[str, float]:
    """Planned seconds per piece, by machine, as valid at the moment."""
    found = {unit: rate_at(plan_facts.rates(tx, unit)[product_id], "", at_us) for unit in units}
    return {unit: rate.per_part_s for unit, rate in found.items() if rate and rate.per_part_s}


def _troubled(tx: Connection, units: list[str]) -> set[str]:
    c = t.cases.c
    query = select(c.equipment_id).where(c.equipment_id.in_(units), c.open_key.is_not(None))
    query = query.where(c.kind.not_in(ABOUT_SETTINGS))
    return set(tx.execute(query).scalars())


def _idle_shares(tx: Connection, units: list[str], at_us: int) -> dict[str, float]:
    """Idle time by planned time over the last week, by the classified time of the figures."""
    i: Any = t.intervals.c
    length = func.sum(i.to_us - i.from_us)
    inside = (i.equipment_id.in_(units), i.from_us >= at_us - BACK_US, i.to_us <= at_us)
    away = [Leaf.OUTSIDE.value, Leaf.PLANNED_DOWN.value, Leaf.NO_DATA.value]
    rows = tx.execute(
        select(i.equipment_id, i.cause, length)
        .where(*inside, i.leaf.not_in(away))
        .group_by(i.equipment_id, i.cause)
    ).all()
    total: dict[str, int] = {}
    idle: dict[str, int] = {}
    for unit, cause, us in rows:
        total[unit] = total.get(unit, 0) + int(us)
        if cause in {one.value for one in _IDLE}:
            idle[unit] = idle.get(unit, 0) + int(us)
    return {unit: idle.get(unit, 0) / us for unit, us in total.items() if us > 0}
