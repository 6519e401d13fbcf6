"""Operations with their settings and what came of them, in SQL."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, true

from data.store import tables as t
from data.store.process import RAN

_P, _O, _Q = t.process_parameters.c, t.operations.c, t.quality_results.c


def parameters(tx: Connection, where: ColumnElement[bool], from_us: int, to_us: int) -> Sequence[Any]:
    """A row per setting of each ended operation that began in a span, in order of time: `instance`,
    `operation_id`, `order_id`, `equipment_id`, `product_id`, `start_us`, `end_us`, `parameter`, `value`,
    `set_point`, `unit`."""
    query = (
        select(
            _O.instance, _O.operation_id, _O.order_id, _O.equipment_id, _O.product_id, _O.start_us, _O.end_us,
            _P.parameter, _P.value, _P.set_point, _P.unit,
        )
        .join_from(t.process_parameters, t.operations, RAN)
        .where(where, _O.start_us >= from_us, _O.start_us < to_us, _O.end_us.is_not(None))
        .order_by(_O.start_us, _O.operation_id, _P.parameter)
    )  # fmt: skip
    return tx.execute(query).all()


def counted(tx: Connection, where: ColumnElement[bool], from_us: int) -> dict[Any, Any]:
    """Parts by (instance, order, machine) of first inspections since then: (good, scrap, rework)."""
    query = (
        select(
            _Q.instance, _Q.order_id, _Q.equipment_id, func.sum(_Q.good), func.sum(_Q.scrap),
            func.sum(_Q.rework),
        )
        .where(where, _Q.order_id.is_not(None), _Q.at_us >= from_us, _Q.reinspection.is_not(true()))
        .group_by(_Q.instance, _Q.order_id, _Q.equipment_id)
    )  # fmt: skip
    return {(row[0], row[1], row[2]): (row[3], row[4], row[5]) for row in tx.execute(query)}
