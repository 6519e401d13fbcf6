"""Rows of the watch over models: marks, the newest look, what is behind proposals to train anew.

Nothing here commits.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, insert, select, update

from data.store import tables as t
from data.store.upsert import upsert
from domain.cases import open_key

_W, _R, _B = t.model_watch.c, t.retrain_proposals.c, t.baseline_marks.c


def mark(tx: Connection, row: Mapping[str, Any]) -> None:
    """Write down that a sensor, a tool or something else of a machine is new."""
    tx.execute(insert(t.baseline_marks).values(**row))


def newest_changes(tx: Connection, site_id: str, from_us: int, to_us: int) -> dict[str, tuple[int, str]]:
    """(time, kind) of the newest thing in (from, to] that made a machine's usual values new, by machine:
    marks, and the ends of maintenances that were more than an inspection."""
    m, below = t.maintenance.c, f"{site_id}/"
    marks = select(_B.equipment_id, _B.at_us, _B.kind).where(
        _B.equipment_id.startswith(below, autoescape=True), _B.at_us > from_us, _B.at_us <= to_us
    )
    works = select(m.equipment_id, m.end_us, m.kind).where(
        m.equipment_id.startswith(below, autoescape=True), m.kind != "inspection",
        m.end_us > from_us, m.end_us <= to_us,
    )  # fmt: skip
    rows = sorted((int(at), str(kind), unit) for unit, at, kind in (*tx.execute(marks), *tx.execute(works)))
    return {unit: (at, kind) for at, kind, unit in rows}


def half_hours(tx: Connection, equipment_id: str, first: int, last: int) -> tuple[NDArray[np.int64], Any]:
    """Bins (n,) and means (n, gauges), NaN where a gauge said nothing, in [first, last]."""
    h = t.half_hours.c
    query = select(h.bin, h.mean).where(h.equipment_id == equipment_id, h.bin.between(first, last))
    rows = tx.execute(query.order_by(h.bin)).all()
    bins = np.array([row.bin for row in rows], np.int64)
    return bins, np.array([np.frombuffer(row.mean) for row in rows])


def put_look(tx: Connection, row: Mapping[str, Any]) -> None:
    """Put a look in the place of the last."""
    upsert(tx, t.model_watch, [row], ["site_id", "model_name"])


def looks(tx: Connection, site_id: str) -> list[dict[str, Any]]:
    """The newest look at each model of a site."""
    query = select(t.model_watch).where(_W.site_id == site_id).order_by(_W.model_name)
    return [dict(row) for row in tx.execute(query).mappings()]


def looked_us(tx: Connection, site_id: str, model_name: str) -> int:
    """Plant time of the newest look; 0 without one."""
    query = select(_W.made_us).where(_W.site_id == site_id, _W.model_name == model_name)
    return int(tx.execute(query).scalar() or 0)


def open_case(tx: Connection, site_id: str, model_name: str) -> dict[str, Any] | None:
    """The case about training a model anew that waits for a decision or for its run."""
    query = select(t.cases).where(t.cases.c.open_key == open_key(site_id, model_name))
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else dict(row)


def approved_before(tx: Connection, site_id: str, model_name: str) -> dict[str, Any] | None:
    """A proposal that was approved before proposals were cases, and was not run yet."""
    query = select(t.retrain_proposals).where(_R.open_key == f"{site_id}|{model_name}")
    row = tx.execute(query.where(_R.state == "approved")).mappings().one_or_none()
    return None if row is None else dict(row)


def of_case(tx: Connection, case_id: str) -> dict[str, Any] | None:
    """What is behind a case."""
    row = tx.execute(select(t.retrain_proposals).where(_R.case_id == case_id)).mappings().one_or_none()
    return None if row is None else dict(row)


def proposals(tx: Connection, site_id: str, limit: int = 50) -> list[dict[str, Any]]:
    """Proposals of a site, newest first, with `number` and `case_state` of their case (None without)."""
    c = t.cases.c
    query = select(t.retrain_proposals, c.number, c.state.label("case_state"))
    query = query.join_from(t.retrain_proposals, t.cases, c.case_id == _R.case_id, isouter=True)
    query = query.where(_R.site_id == site_id).order_by(_R.opened_wall_us.desc())
    return [dict(row) for row in tx.execute(query.limit(limit)).mappings()]


def propose(tx: Connection, row: Mapping[str, Any]) -> None:
    """Keep what is behind a case."""
    empty = dict.fromkeys(
        ("decided_by", "printed_name", "meaning", "record_hash", "reason", "new_version"), ""
    )
    tx.execute(insert(t.retrain_proposals).values(empty | dict(row)))


def change_proposal(tx: Connection, proposal_id: str, values: Mapping[str, Any]) -> None:
    """Write what became of it."""
    tx.execute(update(t.retrain_proposals).where(_R.proposal_id == proposal_id).values(**values))
