"""Rows of failure reviews. Nothing here commits."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, update

from data.store import tables as t
from data.store.upsert import insert_ignore

_R = t.failure_reviews.c


def add(tx: Connection, row: Mapping[str, Any]) -> bool:
    """Store a new review; False when this failure has one."""
    return insert_ignore(tx, t.failure_reviews, [dict(row)]) == 1


def hold(tx: Connection, review_id: str) -> dict[str, Any] | None:
    """A review, locked until this transaction ends."""
    query = select(t.failure_reviews).where(_R.review_id == review_id).with_for_update()
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else dict(row)


def change(tx: Connection, review_id: str, version: int, values: Mapping[str, Any]) -> bool:
    """Change a review that still has this version; False: somebody else was first."""
    mine = (_R.review_id == review_id) & (_R.version == version)
    done = tx.execute(update(t.failure_reviews).where(mine).values(version=version + 1, **values))
    return done.rowcount == 1


def reviews(tx: Connection, *where: ColumnElement[bool]) -> list[dict[str, Any]]:
    """Reviews, the newest failure first."""
    query = select(t.failure_reviews).where(*where).order_by(_R.failed_us.desc(), _R.review_id)
    return [dict(row) for row in tx.execute(query).mappings()]


def known(tx: Connection, site_id: str, since_us: int) -> set[tuple[str, int]]:
    """(machine, time) of the failures that have a review."""
    query = select(_R.equipment_id, _R.failed_us).where(_R.site_id == site_id, _R.failed_us > since_us)
    return {(row.equipment_id, row.failed_us) for row in tx.execute(query)}
