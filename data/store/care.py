"""Rows of who looks after a case, second opinions, and handovers. Nothing here commits."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select, update

from data.store import tables as t
from data.store.upsert import insert_ignore

Row = Mapping[str, Any]
_FRESH = {"assigned_to": None, "assigned_by": "", "assigned_us": None, "snoozed_until_us": None}
_FRESH |= {"snoozed_by": "", "snooze_reason": "", "snoozed_version": None}


def care(tx: Connection, case_id: str) -> dict[str, Any] | None:
    """Who looks after a case, and until when it sleeps; None when nobody has said."""
    return _one(tx.execute(select(t.care).where(t.care.c.case_id == case_id)))


def set_care(tx: Connection, case_id: str, values: Row) -> None:
    """Change some of it."""
    insert_ignore(tx, t.care, [{"case_id": case_id, **_FRESH}])
    tx.execute(update(t.care).where(t.care.c.case_id == case_id).values(dict(values)))


def add_opinion(tx: Connection, row: Row) -> None:
    """Somebody asks a colleague."""
    tx.execute(insert(t.opinions).values(dict(row)))


def opinion(tx: Connection, opinion_id: str) -> dict[str, Any] | None:
    """One question with its answer."""
    return _one(tx.execute(select(t.opinions).where(t.opinions.c.opinion_id == opinion_id)))


def answer(tx: Connection, opinion_id: str, text: str, at_us: int) -> bool:
    """Store the answer. False: it was answered already."""
    o = t.opinions.c
    statement = update(t.opinions).where(o.opinion_id == opinion_id, o.answered_us.is_(None))
    return tx.execute(statement.values(answer=text, answered_us=at_us)).rowcount == 1


def opinions_of(tx: Connection, case_id: str) -> list[dict[str, Any]]:
    """The questions of a case, oldest first."""
    o = t.opinions.c
    query = select(t.opinions).where(o.case_id == case_id).order_by(o.asked_us, o.opinion_id)
    return [dict(row) for row in tx.execute(query).mappings()]


def handover(tx: Connection, equipment_id: str, shift_end_us: int) -> dict[str, Any] | None:
    """The handover of a place at the end of a shift, locked until this transaction ends."""
    h = t.handovers.c
    query = select(t.handovers).where(h.equipment_id == equipment_id, h.shift_end_us == shift_end_us)
    return _one(tx.execute(query.with_for_update()))


def last_handovers(tx: Connection, equipment_id: str, limit: int) -> list[dict[str, Any]]:
    """The newest handovers of a place."""
    h = t.handovers.c
    query = select(t.handovers).where(h.equipment_id == equipment_id).order_by(h.shift_end_us.desc())
    return [dict(row) for row in tx.execute(query.limit(limit)).mappings()]


def add_handover(tx: Connection, row: Row) -> None:
    """The outgoing shift has signed."""
    tx.execute(insert(t.handovers).values(dict(row)))


def accept_handover(tx: Connection, handover_id: str, account_id: str, at_us: int) -> bool:
    """The incoming shift accepts. False: somebody has accepted already."""
    h = t.handovers.c
    statement = update(t.handovers).where(h.handover_id == handover_id, h.incoming.is_(None))
    return tx.execute(statement.values(incoming=account_id, accepted_us=at_us)).rowcount == 1


def shift_at(tx: Connection, line_id: str, at_us: int) -> dict[str, Any] | None:
    """The shift that runs on a line at a plant time; None between shifts."""
    s = t.shifts.c
    query = select(t.shifts).where(s.line_id == line_id, s.start_us <= at_us, s.end_us > at_us)
    row = tx.execute(query.order_by(s.end_us).limit(1)).mappings().one_or_none()
    return None if row is None else dict(row)


def _one(result: Any) -> dict[str, Any] | None:
    row = result.mappings().one_or_none()
    return None if row is None else dict(row)
