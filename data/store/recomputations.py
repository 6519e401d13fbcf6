"""Rows of predictions that somebody had computed again. Nothing here commits."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select, update

from data.store import tables as t
from data.store.upsert import insert_ignore

_R = t.recomputations.c
EMPTY = {"detail": "", "probability": None, "rul": None, "rul_low": None, "rul_high": None,
         "difference": None, "done_wall_us": None}  # fmt: skip


def ask(tx: Connection, prediction_id: str, account_id: str, wall_us: int) -> None:
    """Put a request, or put it anew when an earlier one was answered."""
    wanted = {**EMPTY, "requested_by": account_id, "requested_wall_us": wall_us, "state": "waiting"}
    if not insert_ignore(tx, t.recomputations, [{"prediction_id": prediction_id, **wanted}]):
        done = (_R.prediction_id == prediction_id) & (_R.state != "waiting")
        tx.execute(update(t.recomputations).where(done).values(**wanted))


def waiting(tx: Connection, limit: int) -> list[dict[str, Any]]:
    """The rows of predictions that wait to be computed again, oldest request first."""
    query = (
        select(t.predictions)
        .join(t.recomputations, _R.prediction_id == t.predictions.c.prediction_id)
        .where(_R.state == "waiting")
        .order_by(_R.requested_wall_us)
        .limit(limit)
    )
    return [dict(row) for row in tx.execute(query).mappings()]


def finish(tx: Connection, prediction_id: str, result: Mapping[str, Any]) -> None:
    """Answer a request that still waits."""
    still = (_R.prediction_id == prediction_id) & (_R.state == "waiting")
    tx.execute(update(t.recomputations).where(still).values(**result))


def of(tx: Connection, prediction_id: str) -> Mapping[str, Any] | None:
    """The newest request for a prediction and its answer."""
    query = select(t.recomputations).where(_R.prediction_id == prediction_id)
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else dict(row)
