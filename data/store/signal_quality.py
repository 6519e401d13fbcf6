"""Looks at signals: what is needed for one, and the newest of each metric."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from data.store import tables as t
from data.store.upsert import upsert
from domain.signal_quality import Look


class Readings(NamedTuple):
    """Readings in order of their source time: times in microseconds, values, quality codes, receipts."""

    source_us: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.int64]
    receive_us: NDArray[np.int64]


def readings(tx: Connection, metric_id: int, after_us: int, to_us: int) -> Readings:
    """Readings of a metric with after < source time <= to."""
    r = t.readings.c
    query = select(r.source_us, r.value, r.quality, r.receive_us).where(
        r.metric_id == metric_id, r.source_us > after_us, r.source_us <= to_us
    )
    rows = tx.execute(query.order_by(r.source_us)).all()
    columns = list(zip(*rows, strict=True)) if rows else [(), (), (), ()]
    whole = [np.array(columns[place], np.int64) for place in (0, 2, 3)]
    return Readings(whole[0], np.array(columns[1], np.float64), whole[1], whole[2])


def machines(tx: Connection, site_id: str) -> list[str]:
    """Placed machines of a site that are in the plant, in order."""
    e = t.equipment.c
    query = (
        select(e.equipment_id)
        .where(
            e.equipment_id.startswith(f"{site_id}/", autoescape=True), e.level == "unit", e.assigned.is_(True)
        )
        .where(e.removed_us.is_(None))
    )
    return list(tx.execute(query.order_by(e.equipment_id)).scalars())


def metrics(tx: Connection, equipment_id: str) -> list[tuple[str, int]]:
    """(name, metric id) of a machine's metrics."""
    m = t.metrics.c
    query = select(m.name, m.metric_id).where(m.equipment_id == equipment_id).order_by(m.name)
    return [(row.name, row.metric_id) for row in tx.execute(query)]


def save(tx: Connection, equipment_id: str, looks: Sequence[Look]) -> None:
    """Keep the newest look at each metric of a machine."""
    rows = [{"equipment_id": equipment_id, **asdict(look)} for look in looks]
    upsert(tx, t.signal_quality, rows, ["equipment_id", "metric"])


def load(tx: Connection, equipment_ids: Iterable[str]) -> dict[str, list[Look]]:
    """The newest looks, by machine."""
    s = t.signal_quality
    query = select(s).where(s.c.equipment_id.in_(list(equipment_ids))).order_by(s.c.equipment_id, s.c.metric)
    found: dict[str, list[Look]] = {}
    for row in tx.execute(query).mappings():
        values = dict(row)
        found.setdefault(values.pop("equipment_id"), []).append(Look(**values))
    return found
