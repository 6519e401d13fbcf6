"""What came of moved set points, for the card of a case and the screen of trust."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from data.store import tables as t
from domain.evidence import Evidence
from domain.process import SettingMove
from domain.set_points import Outcome, Side
from services.queries.common import portions
from services.rows.set_points import MovedRow

_C, _O = t.cases.c, t.set_point_outcomes.c


def moved(tx: Connection, where: ColumnElement[bool]) -> tuple[MovedRow, ...]:
    """The judged cases about set points that a condition on cases holds for, newest first."""
    query = (
        select(_C.number, _C.title, _C.proposed_by, _C.evidence, t.set_point_outcomes)
        .join_from(t.cases, t.set_point_outcomes, _O.case_id == _C.case_id)
        .where(where)
        .order_by(_O.judged_us.desc(), _C.number.desc())
    )
    return tuple(_row(row) for row in tx.execute(query))


def verdicts(tx: Connection, case_ids: Sequence[str]) -> dict[str, str]:
    """The verdict on the moved set point of each case that has one."""
    found: dict[str, str] = {}
    for some in portions(case_ids):
        rows = tx.execute(select(_O.case_id, _O.verdict).where(_O.case_id.in_(some)))
        found |= {row.case_id: row.verdict for row in rows}
    return found


def _row(row: Any) -> MovedRow:
    outcome = Outcome(
        Side(row.before_operations, row.before_parts, row.before_bad),
        Side(row.after_operations, row.after_parts, row.after_bad),
        row.change, row.change_low, row.change_high,
    )  # fmt: skip
    return MovedRow(
        row.number, row.title, row.proposed_by, row.judged_us, outcome,
        _expected(Evidence.from_json(row.evidence).setting, row.to_value),
    )  # fmt: skip


def _expected(move: SettingMove | None, value: float) -> tuple[float, float, float] | None:
    """What was expected of the value that was approved; nothing was said of any but the advised one."""
    if move is None or move.to_value != value:
        return None
    return move.change, move.change_low, move.change_high
