"""Reads of "why did we not see it?"."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from auth.permissions import Permission
from data.store import reviews as store
from data.store import tables as t
from domain.equipment import line_of
from domain.errors import NotFound
from services.context import Context
from services.queries.common import in_scope, names_of, people, portions
from services.reviews import BEFORE_US
from services.rows.predict import Trend
from services.rows.reviews import Replay, ReviewRow

RISK = "risk"
_R, _P = t.failure_reviews.c, t.predictions.c


class ReviewQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def reviews(self, state: str = "", verdict: str = "") -> tuple[ReviewRow, ...]:
        """Newest failure first. `state` open or settled, '' both; `verdict` as settled, else as proposed."""
        where: list[ColumnElement[bool]] = []
        if state:
            where.append(_R.verdict == "" if state == "open" else _R.verdict != "")
        if verdict:
            where.append((_R.verdict == verdict) | ((_R.verdict == "") & (_R.proposed == verdict)))
        with self._context.database.read() as tx:
            return self._rows(tx, *where)

    def replay(self, review_id: str) -> Replay:
        """One failure with the risk of the day before; NotFound outside the scopes."""
        with self._context.database.read() as tx:
            found = self._rows(tx, _R.review_id == review_id)
            if not found:
                raise NotFound("there is no such failure within your area")
            row = found[0]
            risk = Trend(RISK, "of 100", tuple(_risks(tx, row)))
        may = self._context.actor.may(Permission.REVIEW_FAILURES, row.equipment_id)
        return Replay(row, risk, may)

    def _rows(self, tx: Connection, *where: ColumnElement[bool]) -> tuple[ReviewRow, ...]:
        c = self._context
        c.actor.require(Permission.SEE_TRUST)
        mine = (in_scope(_R.equipment_id, c.actor), _R.site_id == c.site.site_id)
        return rows_of(tx, store.reviews(tx, *mine, *where))


def rows_of(tx: Connection, found: Sequence[dict[str, Any]]) -> tuple[ReviewRow, ...]:
    """Rows with names for ids."""
    units = [row["equipment_id"] for row in found]
    names = names_of(tx, [*units, *(line_of(unit) for unit in units)])
    who = people(tx, [row["settled_by"] for row in found])
    c = t.cases.c
    ids = [row["case_id"] for row in found if row["case_id"]]
    numbers = {
        row.case_id: row.number
        for some in portions(ids)
        for row in tx.execute(select(c.case_id, c.number).where(c.case_id.in_(some)))
    }
    same = (
        "review_id equipment_id failed_us cause scored highest threshold prediction_id proposed why verdict "
        "next_step words settled_us version"
    )
    return tuple(
        ReviewRow(
            **{name: row[name] for name in same.split()},
            equipment_name=names.get(row["equipment_id"], row["equipment_id"]),
            line_name=names.get(line_of(row["equipment_id"]), line_of(row["equipment_id"])),
            case_number=numbers.get(row["case_id"]),
            settled_by=who.get(row["settled_by"] or "", row["settled_by"] or ""),
        )
        for row in found
    )


def _risks(tx: Connection, row: ReviewRow) -> list[tuple[int, float | None]]:
    """(time, risk of 100) of the day before, None where nothing was known."""
    query = select(_P.at_us, _P.status, _P.probability).where(
        _P.equipment_id == row.equipment_id, _P.at_us > row.failed_us - BEFORE_US, _P.at_us <= row.failed_us,
        ~_P.shadow,
    )  # fmt: skip
    if row.prediction_id:
        model = select(_P.model_name).where(_P.prediction_id == row.prediction_id).scalar_subquery()
        query = query.where(_P.model_name == model)
    found = tx.execute(query.order_by(_P.at_us))
    return [(at, None if risk is None or status != "scored" else 100 * risk) for at, status, risk in found]
