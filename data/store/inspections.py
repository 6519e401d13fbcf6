"""Rows of pictures and inspections. Nothing here commits."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, exists, func, select, update

from data.store import tables as t
from data.store.upsert import insert_ignore, upsert

_I, _P, _S = t.inspections.c, t.part_pictures.c, t.shadow_inspections.c
Row = Mapping[str, Any]
WAITING, JUDGED, UNJUDGED, REFUSED = "waiting", "judged", "unjudged", "refused"
_EMPTY: Row = {
    "reason": "", "model_name": "", "model_version": "", "label": "", "confidence": None,
    "strangeness": None, "unknown": False, "for_person": False, "content": "{}", "said_label": "",
    "said_by": "", "said_us": None, "said_wall_us": None, "said_words": "",
}  # fmt: skip


def add(tx: Connection, row: Row, data: bytes | None) -> bool:
    """Store an inspection, and its picture unless `data` is None. False: this picture of this machine is
    known already."""
    new = insert_ignore(tx, t.inspections, [{**_EMPTY, **row}]) == 1
    if new and data is not None:
        picture = {"sha256": row["sha256"], "data": data, "stored_wall_us": row["received_wall_us"]}
        insert_ignore(tx, t.part_pictures, [picture])
    return new


def waiting(tx: Connection, site_id: str | None = None) -> int:
    """How many pictures wait to be judged."""
    query = select(func.count()).select_from(t.inspections).where(_I.state == WAITING)
    if site_id is not None:
        query = query.where(_I.site_id == site_id)
    return int(tx.execute(query).scalar_one())


def next_waiting(tx: Connection, limit: int) -> list[dict[str, Any]]:
    """The pictures that have waited longest, with their bytes."""
    query = (
        select(_I.inspection_id, _I.site_id, _I.equipment_id, _I.sha256, _I.taken_us, _P.data)
        .join_from(t.inspections, t.part_pictures, _P.sha256 == _I.sha256)
        .where(_I.state == WAITING)
        .order_by(_I.received_wall_us, _I.inspection_id)
    )
    return [dict(row) for row in tx.execute(query.limit(limit)).mappings()]


def settle(tx: Connection, inspection_id: str, values: Row) -> bool:
    """Write what became of a waiting picture. False: it waits no more."""
    mine = (_I.inspection_id == inspection_id) & (_I.state == WAITING)
    return tx.execute(update(t.inspections).where(mine).values(dict(values))).rowcount == 1


def shadow(tx: Connection, row: Row) -> None:
    """Keep what a challenger says of a picture."""
    upsert(tx, t.shadow_inspections, [row], ("inspection_id", "model_name", "model_version"))


def judged_since(tx: Connection, after_us: int, model: tuple[str, str], limit: int) -> list[dict[str, Any]]:
    """Judged pictures taken after a time that a challenger has not seen, oldest first, with their bytes."""
    seen = exists().where(
        _S.inspection_id == _I.inspection_id, _S.model_name == model[0], _S.model_version == model[1]
    )
    query = (
        select(_I.inspection_id, _I.site_id, _P.data)
        .join_from(t.inspections, t.part_pictures, _P.sha256 == _I.sha256)
        .where(_I.state == JUDGED, _I.model_name == model[0], _I.taken_us > after_us, ~seen)
        .order_by(_I.taken_us, _I.inspection_id)
    )
    return [dict(row) for row in tx.execute(query.limit(limit)).mappings()]


def seen_by_both(tx: Connection, name: str, challenger: str, champion: str) -> list[Any]:
    """What the champion and a challenger said of the same pictures, and what a person did, by time."""
    query = (
        select(
            _I.taken_us, _I.label, _I.unknown, _I.for_person, _I.said_label,
            _S.label.label("our_label"), _S.unknown.label("our_unknown"),
            _S.for_person.label("our_for_person"),
        )
        .join_from(t.inspections, t.shadow_inspections, _S.inspection_id == _I.inspection_id)
        .where(_S.model_name == name, _S.model_version == challenger, _I.state == JUDGED)
        .where(_I.model_name == name, _I.model_version == champion)
        .order_by(_I.taken_us)
    )  # fmt: skip
    return list(tx.execute(query).all())


def get(tx: Connection, inspection_id: str, *, hold: bool = False) -> dict[str, Any] | None:
    """One inspection; `hold` keeps others from changing it until the transaction ends."""
    query = select(t.inspections).where(_I.inspection_id == inspection_id)
    row = tx.execute(query.with_for_update() if hold else query).mappings().one_or_none()
    return None if row is None else dict(row)


def say(tx: Connection, inspection_id: str, values: Row) -> None:
    """Write what a person says of it."""
    tx.execute(update(t.inspections).where(_I.inspection_id == inspection_id).values(dict(values)))


def pictures(tx: Connection, hashes: Iterable[str]) -> dict[str, bytes]:
    """The bytes of pictures that are still kept, by hash."""
    wanted = sorted(set(hashes))
    rows = tx.execute(select(_P.sha256, _P.data).where(_P.sha256.in_(wanted)))
    return {row.sha256: row.data for row in rows}


def forget(tx: Connection, site_id: str, before_us: int, limit: int) -> int:
    """Delete pictures that nobody needs any more; what was said of them stays.

    Those taken before `before_us` that no person has named and that showed nothing; returns how many.
    """
    i = t.inspections.alias()
    needed = exists().where(
        i.c.sha256 == _P.sha256,
        (i.c.taken_us >= before_us) | (i.c.said_label != "") | (i.c.site_id != site_id),
    )
    known = exists().where(i.c.sha256 == _P.sha256, i.c.site_id == site_id)
    old = tx.execute(select(_P.sha256).where(known, ~needed).limit(limit)).scalars().all()
    if old:
        tx.execute(delete(t.part_pictures).where(_P.sha256.in_(old)))
    return len(old)


def said(tx: Connection, conditions: Sequence[Any]) -> list[Any]:
    """(label, unknown, said_label, count) of judged pictures that a person has named."""
    query = (
        select(_I.label, _I.unknown, _I.said_label, func.count())
        .where(_I.state == JUDGED, _I.said_label != "", *conditions)
        .group_by(_I.label, _I.unknown, _I.said_label)
    )
    return list(tx.execute(query).all())
