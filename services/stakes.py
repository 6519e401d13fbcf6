"""What a failure is expected to cost at machines for which no case is open: a rough figure, to rank them by.

A case knows the cause, the part and the plan (domain.costs). Here the work takes as long as the works on
this type of machine do on average, its part lies in stock, and production runs: the chance times one failure.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean

from sqlalchemy import Connection, select

from data.store import tables as t
from domain.clock import HOUR
from domain.cost_inputs import Rates, Risk, Setting, Task
from domain.costs import failure_loss
from domain.prediction import Prediction
from services.situation import DEFAULT_TASK, stated_for_all


def expected_cents(
    tx: Connection, types: Mapping[str, str], predictions: Iterable[Prediction]
) -> dict[str, int]:
    """By machine, in cents, where the chance is known. `types`: the machine types, by machine."""
    chances = {p.equipment_id: p.probability for p in predictions if p.probability is not None}
    stated, works = stated_for_all(tx, list(chances)), _works(tx, sorted({types[unit] for unit in chances}))
    return {
        unit: round(
            chance * _failure_cents(stated[unit].rates if unit in stated else Rates(), works[types[unit]])
        )
        for unit, chance in chances.items()
    }


def _failure_cents(rates: Rates, task: Task) -> float:
    return failure_loss(Setting(Risk(0, HOUR, 1.0), task, None, rates), 0, 1.0).cents


def _works(tx: Connection, types: Sequence[str]) -> dict[str, Task]:
    """The average work on machines of each type."""
    p = t.parts_of_machines.c
    found: dict[str, list[int]] = defaultdict(list)
    for machine_type, duration_s in tx.execute(
        select(p.machine_type, p.duration_s).where(p.machine_type.in_(types))
    ):
        found[machine_type].append(duration_s)
    usual = [DEFAULT_TASK.duration_s]
    return {one: replace(DEFAULT_TASK, duration_s=round(fmean(found[one] or usual))) for one in types}
