"""Settings of processes in SQL: what operations ran with, and the limits that hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, select

from data.store import tables as t
from data.store.upsert import insert_ignore

_P, _O, _L, _Q = t.process_parameters.c, t.operations.c, t.parameter_limits.c, t.quality_results.c
RAN = and_(_O.instance == _P.instance, _O.operation_id == _P.operation_id)
Key = tuple[str, str, str]  # machine or line, product, parameter


@dataclass(frozen=True, slots=True)
class Spread:
    """What operations of a machine and a product had set as one parameter: of the newest when it began, its
    value, its set point and the unit; of all how many there were, the lowest value and the highest."""

    equipment_id: str
    product_id: str
    product: str | None
    parameter: str
    unit: str
    at_us: int
    value: float
    set_point: float | None
    runs: int
    lowest: float
    highest: float


def spread(tx: Connection, where: ColumnElement[bool], since_us: int) -> list[Spread]:
    """By product, machine and parameter what operations that began since then ran with."""
    group = (_P.equipment_id, _O.product_id, _P.parameter)
    ran = (
        select(
            *group, _O.equipment_id.label("booked_at"), func.max(_O.start_us).label("at_us"),
            func.count().label("runs"), func.min(_P.value).label("lowest"),
            func.max(_P.value).label("highest"),
        )
        .join_from(t.process_parameters, t.operations, RAN)
        .where(where, _O.start_us >= since_us)
        .group_by(*group, _O.equipment_id)
        .subquery()
    )  # fmt: skip
    r, p = ran.c, t.products.c
    newest = and_(_O.equipment_id == r.booked_at, _O.start_us == r.at_us, _O.product_id == r.product_id)
    its = and_(RAN, _P.equipment_id == r.equipment_id, _P.parameter == r.parameter)
    named = and_(p.instance == _O.instance, p.product_id == _O.product_id)
    query = (
        select(ran, _P.value, _P.set_point, _P.unit, p.name.label("product"))
        .join_from(ran, t.operations, newest)
        .join(t.process_parameters, its)
        .outerjoin(t.products, named)
        .order_by(r.product_id, r.equipment_id, r.parameter, r.at_us.desc(), _O.operation_id)
    )
    rows = groupby(tx.execute(query), lambda row: (row.product_id, row.equipment_id, row.parameter))
    return [_together(list(group)) for _, group in rows]


def _together(rows: Sequence[Any]) -> Spread:
    """One row of those of a group, the newest first: more than one where operations began at once, or where
    a setting is told for another machine than its operation is booked at."""
    first, parts = rows[0], {row.booked_at: row for row in rows}.values()
    return Spread(
        first.equipment_id, first.product_id, first.product, first.parameter, first.unit, first.at_us,
        first.value, first.set_point, sum(row.runs for row in parts), min(row.lowest for row in parts),
        max(row.highest for row in parts),
    )  # fmt: skip


def limits(tx: Connection, where: ColumnElement[bool]) -> dict[Key, Mapping[str, Any]]:
    """The newest version of limits by place, product and parameter, also where it took them back."""
    newest = func.max(_L.version).over(partition_by=(_L.scope, _L.product_id, _L.parameter))
    every = select(t.parameter_limits, newest.label("newest")).where(where).subquery()
    rows = tx.execute(select(every).where(every.c.version == every.c.newest)).mappings()
    return {(row["scope"], row["product_id"], row["parameter"]): dict(row) for row in rows}


def add_limits(tx: Connection, row: Mapping[str, Any]) -> bool:
    """Write a version; False where it is there already."""
    return bool(insert_ignore(tx, t.parameter_limits, [dict(row)]))


def unit_of(tx: Connection, where: ColumnElement[bool], product_id: str, parameter: str) -> str | None:
    """The unit in which a setting is told for a product; None where no operation ran with it."""
    query = select(_P.unit).join_from(t.process_parameters, t.operations, RAN)
    query = query.where(where, _O.product_id == product_id, _P.parameter == parameter)
    found: str | None = tx.execute(query.order_by(_O.start_us.desc()).limit(1)).scalar()
    return found
