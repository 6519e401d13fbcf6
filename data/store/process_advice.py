"""Rows of what a model of scrap advises. Nothing here commits."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, select

from data.store import tables as t
from data.store.upsert import upsert

_A = t.process_advice.c
_KEY = ("equipment_id", "product_id")


def put(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """The newest word on each product and machine; it takes the place of the one before."""
    upsert(tx, t.process_advice, list(rows), list(_KEY))


def of(tx: Connection, where: ColumnElement[bool], since_us: int) -> Sequence[Any]:
    """What is said of machines and rests on operations that ended since then, by product and machine."""
    query = select(t.process_advice).where(where, _A.at_us >= since_us)
    return tx.execute(query.order_by(_A.product_id, _A.equipment_id)).all()


def forget(tx: Connection, where: ColumnElement[bool], before_us: int) -> int:
    """Delete what rests on operations that ended before a time; returns how many words."""
    return tx.execute(delete(t.process_advice).where(where, _A.at_us < before_us)).rowcount
