"""Everything that an advice rests on, read in one go: machine, prediction, part, stock, plan, rates."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, func, select

from data.store import tables as t
from data.store.statements import Among
from domain.clock import HOUR, SECOND, Clock
from domain.cost_inputs import WEAR_EXPONENTS
from domain.costs import Rates, Risk, Setting, Spare, Stock, Task
from domain.equipment import line_of, site_of, with_all_above
from domain.errors import NotFound
from domain.prediction import Contribution, Counterfactual, Prediction
from domain.recommendation import Calendar, life_us, probable_cause
from services.line_plan import plan_of
from services.queries.predictions import as_prediction, explanation_of
from services.spare import spare_for

Span = tuple[int, int]
_RATED = t.cost_rates.c.keys()
_RATES = Among(f"SELECT {', '.join(_RATED)} FROM cost_rates WHERE equipment_id {{among}}")  # noqa: S608
DEFAULT_TASK = Task("Check and repair", "mechanic", 2 * 3_600, 1_800, None, "")


@dataclass(frozen=True, slots=True)
class Site:
    """The site, its clock, and whether it is a replay."""

    site_id: str
    zone: str
    shadow: bool
    clock: Clock

    @property
    def now_us(self) -> int:
        """Plant time now."""
        return self.clock.plant_us()


@dataclass(frozen=True, slots=True)
class Machine:
    """The unit, and the MES instance that its orders go to."""

    equipment_id: str
    name: str
    machine_type: str
    mes_queue: str


@dataclass(frozen=True, slots=True)
class Stated:
    """Rates as stated for a unit, line, area or site, and since when (None: not written down)."""

    equipment_id: str
    rates: Rates
    since_us: int | None


@dataclass(frozen=True, slots=True)
class Situation:
    """All of it. `base` is the risk of a healthy machine of this type; None without an explanation.

    `stated` is None when no row of `cost_rates` covers the machine; `cause_told` is False when the
    sensors point to no cause, and the most frequent one on such machines is assumed. `spare` is the machine
    that can take the work meanwhile, or why there is none.
    """

    site: Site
    machine: Machine
    prediction: Prediction
    contributions: tuple[Contribution, ...]
    counterfactual: Counterfactual | None
    base: float | None
    cause: str
    cause_told: bool
    rates: Rates
    stated: Stated | None
    card: Mapping[str, Any]
    producing: tuple[Span, ...] | None
    calendar: Calendar
    spare: Spare | str

    def setting(self, task: Task, stock: Stock | None, at_us: int) -> Setting:
        """What costs depend on, seen from `at_us`."""
        p = self.prediction
        risk = Risk(
            at_us=at_us,
            horizon_us=horizon_us(p, self.card),
            probability=p.probability or 0.0,
            life_low_us=life_us(p.rul_low, p.life_unit),
            life_us=life_us(p.rul, p.life_unit),
            life_high_us=life_us(p.rul_high, p.life_unit),
        )
        spare = None if isinstance(self.spare, str) else self.spare
        no_spare = self.spare if isinstance(self.spare, str) else ""
        return Setting(risk, task, stock, self.rates, self.producing, spare, no_spare)


def horizon_us(prediction: Prediction, card: Mapping[str, Any]) -> int:
    """The horizon as plant time. Cycles of a test engine count as hours."""
    if prediction.horizon_s:
        return prediction.horizon_s * SECOND
    return round(float(card.get("horizon") or 24) * HOUR)


def site_at(tx: Connection, site_id: str) -> Site:
    """The site with its clock; NotFound without one."""
    s, c = t.sites.c, t.clocks.c
    row = tx.execute(
        select(s.time_zone, s.shadow, c.origin_plant_us, c.origin_wall_us, c.speed)
        .join_from(t.sites, t.clocks, c.site_id == s.site_id)
        .where(s.site_id == site_id)
    ).one_or_none()
    if row is None:
        raise NotFound(f"no site {site_id!r} with a clock")
    return Site(site_id, row.time_zone, row.shadow, Clock(*row[2:]))


def every_site(tx: Connection) -> list[Site]:
    """The sites that have a clock."""
    return [site_at(tx, site_id) for site_id in tx.execute(select(t.clocks.c.site_id)).scalars().all()]


def machine_at(tx: Connection, equipment_id: str) -> Machine:
    """The machine; its queue is that of the MES that knows it, else one named like its line."""
    e, a = t.equipment.c, t.equipment_aliases.c
    row = tx.execute(select(e.name, e.machine_type).where(e.equipment_id == equipment_id)).one_or_none()
    if row is None:
        raise NotFound(f"no machine {equipment_id!r}")
    known = tx.execute(
        select(a.source).where(a.equipment_id == equipment_id, a.source.like("mes:%")).order_by(a.source)
    ).scalars()
    instance = next(
        (source.removeprefix("mes:") for source in known), line_of(equipment_id).rsplit("/", 1)[-1]
    )
    return Machine(equipment_id, row.name, row.machine_type, f"mes.{instance}")


def is_out(tx: Connection, equipment_id: str) -> bool:
    """True for a machine that was taken out of the plant: nobody is advised on it."""
    e = t.equipment.c
    query = select(e.equipment_id).where(e.equipment_id == equipment_id, e.removed_us.is_not(None))
    return tx.execute(query).first() is not None


def prediction_at(tx: Connection, prediction_id: str) -> Prediction:
    """The stored prediction; NotFound without one."""
    query = select(t.predictions).where(t.predictions.c.prediction_id == prediction_id)
    row = tx.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no prediction {prediction_id!r}")
    return as_prediction(dict(row))


def situation(tx: Connection, prediction: Prediction, cause: str = "") -> Situation:
    """The situation of a scored prediction. Without a `cause` the probable one is taken."""
    site, machine = site_at(tx, site_of(prediction.equipment_id)), machine_at(tx, prediction.equipment_id)
    explanation = explanation_of(tx, prediction.prediction_id)
    contributions = explanation.contributions if explanation else ()
    stated = stated_for(tx, prediction.equipment_id)
    producing, calendar = plan_of(tx, site.zone, line_of(prediction.equipment_id), prediction.at_us)
    told = cause or probable_cause(contributions, causes_of(tx, machine.machine_type))
    return Situation(
        site=site,
        machine=machine,
        prediction=prediction,
        contributions=contributions,
        counterfactual=explanation.counterfactual if explanation else None,
        base=explanation.base_value if explanation else None,
        cause=told if told != "unknown" else usual_cause(tx, machine.machine_type),
        cause_told=told != "unknown",
        rates=stated.rates if stated else Rates(),
        stated=stated,
        card=card_of(tx, prediction.model_name, prediction.model_version),
        producing=producing,
        calendar=calendar,
        spare=spare_for(tx, machine.equipment_id, machine.machine_type, prediction.at_us),
    )


def causes_of(tx: Connection, machine_type: str) -> list[str]:
    """The causes for which there is a known task on this type of machine."""
    p = t.parts_of_machines.c
    return list(tx.execute(select(p.cause).where(p.machine_type == machine_type).order_by(p.cause)).scalars())


def usual_cause(tx: Connection, machine_type: str) -> str:
    """The cause found most often on machines of this type; "unknown" when no work is known at all."""
    known, m, e = causes_of(tx, machine_type), t.maintenance.c, t.equipment.c
    found = tx.execute(
        select(m.cause)
        .join_from(t.maintenance, t.equipment, e.equipment_id == m.equipment_id)
        .where(e.machine_type == machine_type, m.cause.in_(known))
        .group_by(m.cause)
        .order_by(func.count().desc(), m.cause)
        .limit(1)
    ).scalar()
    return found or next(iter(known), "unknown")


def task_for(tx: Connection, machine_type: str, cause: str) -> Task:
    """The work for a cause; where none is known, a general check without a part."""
    p = t.parts_of_machines.c
    row = tx.execute(
        select(t.parts_of_machines).where(p.machine_type == machine_type, p.cause == cause)
    ).one_or_none()
    if row is None:
        return DEFAULT_TASK
    name = tx.execute(select(t.stock.c.name).where(t.stock.c.part_id == row.part_id)).scalar() or row.part_id
    slower = WEAR_EXPONENTS.get(cause, 0.0)
    return Task(row.task, row.skill, row.duration_s, row.inspect_s, row.part_id, name, slower)


def stock_of(tx: Connection, part_id: str | None) -> Stock | None:
    """Unreserved stock, price and lead time of a part; None when the ERP lists no such part."""
    s = t.stock.c
    row = tx.execute(select(t.stock).where(s.part_id == part_id).order_by(s.module)).first()
    if row is None:
        return None
    return Stock(max(0.0, row.on_hand - row.reserved), row.price_cents, row.lead_time_s)


def stated_for(tx: Connection, equipment_id: str) -> Stated | None:
    """The nearest stated rates: of the unit, its line, its area or its site."""
    return stated_for_all(tx, [equipment_id]).get(equipment_id)


def stated_for_all(tx: Connection, equipment_ids: Sequence[str]) -> dict[str, Stated]:
    """`stated_for` each; without those for which none are stated."""
    above = {unit: with_all_above(unit) for unit in equipment_ids}
    wanted = {place for places in above.values() for place in places}
    rows = [dict(zip(_RATED, row, strict=True)) for row in _RATES.rows(tx, sorted(wanted), {})]
    stated = {row["equipment_id"]: _stated(row) for row in rows}
    nearest = {unit: next((stated[p] for p in places if p in stated), None) for unit, places in above.items()}
    return {unit: found for unit, found in nearest.items() if found is not None}


def _stated(row: Mapping[str, Any]) -> Stated:
    known = {f.name: row[f.name] for f in fields(Rates) if row[f.name] is not None}
    return Stated(row["equipment_id"], Rates(**known), row["stated_us"])


def rates_for(tx: Connection, equipment_id: str) -> Rates | None:
    """As `stated_for`, the rates only."""
    stated = stated_for(tx, equipment_id)
    return stated.rates if stated else None


def card_of(tx: Connection, name: str, version: str) -> dict[str, Any]:
    """The model's card, {} when it is not registered."""
    m = t.model_versions.c
    text = tx.execute(select(m.card).where(m.name == name, m.version == version)).scalar()
    card = json.loads(text) if text else {}
    return card if isinstance(card, dict) else {}
