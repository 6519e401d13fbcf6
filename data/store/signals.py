"""Rows of what sources say about cases. Nothing here commits."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from data.store import tables as t
from data.store.upsert import upsert

_S = t.case_signals.c
KEY = ("case_id", "kind", "source_id")


def put(tx: Connection, row: Mapping[str, Any]) -> bool:
    """Write what a source says of a case over what it said before; False when it had said something."""
    mine = [t.case_signals.c[name] == row[name] for name in KEY]
    before = tx.execute(select(_S.case_id).where(*mine)).first()
    upsert(tx, t.case_signals, [dict(row)], KEY, newer_by="at_us")
    return before is None


def of_case(tx: Connection, case_id: str) -> list[dict[str, Any]]:
    """What was said of a case, oldest first."""
    query = select(t.case_signals).where(_S.case_id == case_id).order_by(_S.at_us, _S.kind, _S.source_id)
    return [dict(row) for row in tx.execute(query).mappings()]


def said(tx: Connection, equipment_id: str, kind: str, source_id: str, words: str) -> bool:
    """Does an open case of the machine hold these words of this source already?"""
    c = t.cases.c
    query = select(_S.case_id).join_from(t.case_signals, t.cases, c.case_id == _S.case_id)
    query = query.where(c.equipment_id == equipment_id, c.open_key.is_not(None), _S.kind == kind)
    return tx.execute(query.where(_S.source_id == source_id, _S.words == words).limit(1)).first() is not None
