"""What a move of a set point is expected to save in a week, with every figure that it is counted from.

Money is counted as the losses of the KPIs count it (services.kpi.losses): scrap costs time of the machine
that sets the pace. What is scrapped before that machine costs none of it, and where no rate is stated, or
no planned cycle, nobody knows; then nothing is counted, and why is said.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from data.store import process_runs as store
from data.store import tables as t
from domain.clock import DAY
from domain.costs import Cost
from domain.equipment import line_of
from domain.evidence import CostInput
from domain.process import SettingMove
from domain.saving import PartCost, saved_a_week
from domain.time_model import Span
from services.kpi.part_costs import per_part_s
from services.kpi.reading import lines_of
from services.process.runs import runs
from services.queries.common import names_of
from services.rows.floor import Node
from services.situation import Stated, stated_for

BACK_US, WEEK_US = 30 * DAY, 7 * DAY
NOTHING = Cost(0, 0, 0)
HOW = (
    "Saved in a week: the fall of the share of bad parts x parts a week x the share of them that is scrapped "
    "x the cost of one. The range is that of the fall.",
    "A scrapped part costs the planned run time of a part at the machine that sets the pace, at the rate of "
    "its line, as in the losses of Figures. Material and rework are not counted.",
)


@dataclass(frozen=True, slots=True)
class Worth:
    """What is saved in a week, from which figures, and how; or nothing, and why not."""

    saving: Cost
    inputs: tuple[CostInput, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Made:
    parts: float
    scrapped: float
    bad: float
    days: float


def worth_of(tx: Connection, unit: str, move: SettingMove, now_us: int) -> Worth:
    """The worth of a move on a machine, as of now."""
    found = _counted(tx, unit, move.product_id, now_us)
    if isinstance(found, str):
        return Worth(NOTHING, (), (f"What it saves is not counted: {found}.",))
    cost, inputs = found
    return Worth(saved_a_week(move.change, move.change_low, move.change_high, cost), inputs, HOW)


def _counted(
    tx: Connection, unit: str, product_id: str, now_us: int
) -> tuple[PartCost, tuple[CostInput, ...]] | str:
    stated = stated_for(tx, line_of(unit))
    if stated is None or stated.rates.downtime_cents_per_hour <= 0:
        return "no cost of an hour is stated for this line"
    pace = _pace(tx, unit)
    if isinstance(pace, str):
        return pace
    seconds = per_part_s(tx, pace.equipment_id, product_id, now_us)
    if seconds is None:
        return f"no planned cycle is stated for this product on {pace.name}, which sets the pace"
    made = _made(tx, unit, product_id, now_us)
    if made.days * DAY < WEEK_US:
        return "operations of this machine are known for less than a week"
    if not made.scrapped:
        return f"no part of the last {made.days:.0f} days was scrapped here"
    cost = PartCost(
        made.parts * WEEK_US / (made.days * DAY), made.scrapped / made.bad, seconds,
        stated.rates.downtime_cents_per_hour,
    )  # fmt: skip
    return cost, _inputs(tx, cost, made, pace, stated)


def _pace(tx: Connection, unit: str) -> Node | str:
    """The machine that sets the pace of the line, where scrap of this machine costs its time."""
    line = lines_of(tx, unit)[0]
    position = next(one.position for one in line.units if one.equipment_id == unit)
    if position < line.constraint.position:
        name = line.constraint.name
        return f"{name} sets the pace of the line, and what is scrapped before it costs none of its time"
    return line.constraint


def _made(tx: Connection, unit: str, product_id: str, now_us: int) -> _Made:
    """Parts of a product on a machine that first inspections counted of late; an order counts once."""
    every = runs(tx, unit, Span(now_us - BACK_US, now_us))
    since_us = min((run.operation.at_us for run in every), default=now_us)
    orders = {run.order_id for run in every if run.operation.product_id == product_id}
    parts = store.counted(tx, t.quality_results.c.equipment_id == unit, now_us - BACK_US)
    mine = [row for (_, order, _), row in parts.items() if order in orders]
    scrapped, bad = sum(row[1] for row in mine), sum(row[1] + row[2] for row in mine)
    return _Made(sum(map(sum, mine)), scrapped, bad, (now_us - since_us) / DAY)


def _inputs(tx: Connection, cost: PartCost, made: _Made, pace: Node, stated: Stated) -> tuple[CostInput, ...]:
    counted = f"first inspections here of the last {made.days:.0f} days"
    place = stated.equipment_id
    told = f"stated for {names_of(tx, [place]).get(place, place)}"
    cycle = f"planned run time of {cost.per_part_s:.1f} s on {pace.name}, at the rate below"
    return (
        CostInput("Parts a week", round(cost.parts_a_week), "pieces", counted, None),
        CostInput("Of the bad parts, scrapped", cost.scrapped, "share", counted, None),
        CostInput("A scrapped part", cost.cents, "cents", cycle, None),
        CostInput("A stop, per producing hour", cost.cents_per_hour, "cents/h", told, stated.since_us),
    )
