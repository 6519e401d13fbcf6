"""Settings of processes in SQL: what operations ran with, and the limits that hold."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, select

from data.store import tables as t
from data.store.upsert import insert_ignore

_P, _O, _L, _Q = t.process_parameters.c, t.operations.c, t.parameter_limits.c, t.quality_results.c
RAN = and_(_O.instance == _P.instance, _O.operation_id == _P.operation_id)
Key = tuple[str, str, str]  # machine or line, product, parameter


def spread(tx: Connection, where: ColumnElement[bool], since_us: int) -> Sequence[Any]:
    """By machine, product and parameter what operations that began since then ran with: `runs`, `lowest`,
    `highest`, and `at_us`, `value`, `set_point`, `unit` of the newest."""
    group = (_P.equipment_id, _O.product_id, _P.parameter)
    newest_first = func.row_number().over(partition_by=group, order_by=(_O.start_us.desc(), _O.operation_id))
    every = (
        select(
            *group, _O.instance, _P.value, _P.set_point, _P.unit, _O.start_us.label("at_us"),
            newest_first.label("place"),
            func.count().over(partition_by=group).label("runs"),
            func.min(_P.value).over(partition_by=group).label("lowest"),
            func.max(_P.value).over(partition_by=group).label("highest"),
        )
        .join_from(t.process_parameters, t.operations, RAN)
        .where(where, _O.start_us >= since_us)
        .subquery()
    )  # fmt: skip
    e, p = every.c, t.products.c
    named = and_(p.instance == e.instance, p.product_id == e.product_id)
    query = select(every, p.name.label("product")).join_from(every, t.products, named, isouter=True)
    query = query.where(e.place == 1).order_by(e.product_id, e.equipment_id, e.parameter)
    return tx.execute(query).all()


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
