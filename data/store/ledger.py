"""Rows of the value ledger: written, read, never changed and never deleted. Nothing here commits."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, or_, select

from data.store import tables as t

_V = t.value_entries.c


def add(tx: Connection, row: Mapping[str, Any]) -> None:
    """Append one line."""
    tx.execute(insert(t.value_entries).values(dict(row)))


def of_case(tx: Connection, case_id: str) -> list[dict[str, Any]]:
    """The lines of a case, oldest first."""
    query = select(t.value_entries).where(_V.case_id == case_id).order_by(_V.entry_id)
    return [dict(row) for row in tx.execute(query).mappings()]


def to_book(tx: Connection, limit: int) -> list[dict[str, Any]]:
    """Decided cases with a finding whose newest line is older than the finding, oldest first."""
    c, o, d = t.cases.c, t.outcomes.c, t.outcome_details.c
    booked = select(_V.entry_id).where(
        _V.case_id == c.case_id, _V.kind == "realised", _V.entered_wall_us >= o.reported_wall_us
    )
    query = (
        select(t.cases, o.finding, o.reported_by, o.at_us, d.grade)
        .join_from(t.cases, t.outcomes, o.case_id == c.case_id)
        .join(t.outcome_details, d.case_id == c.case_id, isouter=True)
        .where(c.decided_us.is_not(None), or_(c.state == "judged", c.state == "done"), ~booked.exists())
        .order_by(c.number)
        .limit(limit)
    )
    return [dict(row) for row in tx.execute(query).mappings()]
