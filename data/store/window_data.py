"""What windows are built from: readings as arrays, states, the ends of maintenance, ignored inputs."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from data.store import tables as t
from domain.telemetry import Quality

Times = NDArray[np.int64]
Values = NDArray[np.float64]
Series = tuple[Times, Values]


class Ignored(NamedTuple):
    """A person distrusts a sensor in [from, until)."""

    metric: str
    from_us: int
    until_us: int


def readings(
    tx: Connection, equipment_id: str, metrics: Iterable[str], from_us: int, to_us: int
) -> dict[str, Series]:
    """Good readings of a machine with from <= source time <= to, by metric: times and values, in order.

    A metric that the machine never sent is not in the answer.
    """
    m = t.metrics.c
    known = tx.execute(
        select(m.name, m.metric_id).where(m.equipment_id == equipment_id, m.name.in_(list(metrics)))
    ).all()
    return {name: _series(tx, metric_id, from_us, to_us) for name, metric_id in known}


def states(tx: Connection, equipment_id: str, from_us: int, to_us: int) -> tuple[Times, Times, Times]:
    """State changes (time, state, mode) of a machine: the last at or before `from`, and those up to `to`."""
    s = t.states.c
    first = tx.execute(
        select(s.source_us)
        .where(s.equipment_id == equipment_id, s.source_us <= from_us)
        .order_by(s.source_us.desc())
        .limit(1)
    ).scalar()
    rows = tx.execute(
        select(s.source_us, s.state, s.mode)
        .where(s.equipment_id == equipment_id, s.source_us <= to_us)
        .where(s.source_us >= (from_us if first is None else first))
        .order_by(s.source_us)
    ).all()
    table = np.array([tuple(row) for row in rows], dtype=np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


def maintenance_ends(tx: Connection, equipment_id: str, to_us: int) -> Times:
    """When maintenance of a machine ended (inspections aside: they renew nothing), in order, up to `to`."""
    m = t.maintenance.c
    query = select(m.end_us).where(
        m.equipment_id == equipment_id, m.end_us.is_not(None), m.end_us <= to_us, m.kind != "inspection"
    )
    return np.array(tx.execute(query.order_by(m.end_us)).scalars().all(), dtype=np.int64)


def ignored(tx: Connection, equipment_id: str) -> list[Ignored]:
    """Inputs of a machine that people have set aside."""
    i = t.ignored_inputs.c
    query = select(i.metric, i.from_us, i.until_us).where(i.equipment_id == equipment_id)
    return [Ignored(*row) for row in tx.execute(query)]


def ignored_at(found: Sequence[Ignored], at_us: int) -> frozenset[str]:
    """The metrics that are set aside at a time."""
    return frozenset(one.metric for one in found if one.from_us <= at_us < one.until_us)


def newest_reading(tx: Connection, equipment_id: str, to_us: int) -> int | None:
    """Source time of the newest value of a machine, when it is not after `to`; else the newest before it."""
    m, latest = t.metrics.c, t.latest.c
    rows = tx.execute(
        select(latest.source_us)
        .join_from(t.metrics, t.latest, m.metric_id == latest.metric_id)
        .where(m.equipment_id == equipment_id)
    ).scalars()
    times = list(rows)
    return min(max(times), to_us) if times else None


def _series(tx: Connection, metric_id: int, from_us: int, to_us: int) -> Series:
    mark = "?" if tx.dialect.name == "sqlite" else "%s"
    query = (
        f"SELECT source_us, value FROM readings WHERE metric_id = {mark} AND quality = {int(Quality.GOOD)}"  # noqa: S608
        f" AND source_us BETWEEN {mark} AND {mark} ORDER BY source_us"
    )
    rows = tx.exec_driver_sql(query, (metric_id, from_us, to_us)).cursor.fetchall()
    table = np.fromiter(chain.from_iterable(rows), np.float64, 2 * len(rows)).reshape(-1, 2)
    return table[:, 0].astype(np.int64), table[:, 1].copy()  # times below 2^53 us are whole in a double
