"""Silence that means "unchanged": metrics that are sent only when they change, held while they stand.

A metric whose birth named a deadband is sent by exception (`metrics.deadband`). Its last value stands until
the next one, as long as its source is known to have lived: up to the first gap, or the moment when it died.
"""

from collections.abc import Collection, Mapping

import numpy as np
from sqlalchemy import Connection, select

from data.store import tables as t
from data.store import window_data
from data.store.window_data import Series
from domain.clock import FOR_EVER_US
from domain.sending import Sending
from domain.telemetry import Quality


def held(
    tx: Connection, equipment_id: str, found: Mapping[str, Series], from_us: int, to_us: int, step_us: int
) -> dict[str, Series]:
    """The series, with the values of metrics sent by exception repeated each `step_us` while they stood,
    between from_us and to_us. Other series are as they were."""
    m = t.metrics.c
    query = select(m.name, m.metric_id).where(m.equipment_id == equipment_id, m.deadband.is_not(None))
    mine = {name: metric_id for name, metric_id in tx.execute(query) if name in found}
    if not mine:
        return dict(found)
    silent = silences(tx, equipment_id)
    return {
        name: _held(_with_before(tx, mine[name], series, from_us), silent, from_us, to_us, step_us)
        if name in mine
        else series
        for name, series in found.items()
    }


def means(
    tx: Connection, equipment_id: str, metric: str, from_us: int, to_us: int, bucket_us: int
) -> list[tuple[int, float, int]]:
    """(bucket, mean, time of the last value) of a metric sent by exception, held: bucket 0 begins at
    from_us. Buckets of which nothing is known are left out."""
    found = window_data.readings(tx, equipment_id, [metric], from_us, to_us)
    times, values = held(tx, equipment_id, found, from_us, to_us, bucket_us // 2)[metric]
    if not len(times):
        return []
    bucket = (times - from_us) // bucket_us
    number, first = np.unique(bucket, return_index=True)
    counts = np.diff(np.append(first, len(times)))
    sums = np.add.reduceat(values, first)
    last = times[first + counts - 1]
    return list(zip(number.tolist(), (sums / counts).tolist(), last.tolist(), strict=True))


def standing(tx: Connection, equipment_id: str) -> dict[str, float]:
    """Metrics sent by exception whose source lives: silent, they are unchanged. Name -> deadband."""
    m = t.metrics.c
    query = select(m.name, m.deadband).where(m.equipment_id == equipment_id, m.deadband.is_not(None))
    found = {row.name: float(row.deadband) for row in tx.execute(query)}
    return found if found and not any(end == FOR_EVER_US for _, end in silences(tx, equipment_id)) else {}


def _with_before(tx: Connection, metric_id: int, series: Series, from_us: int) -> Series:
    """With the last value before the stretch in front, good or not: a bad one holds nothing."""
    r = t.readings.c
    row = tx.execute(
        select(r.source_us, r.value, r.quality)
        .where(r.metric_id == metric_id, r.source_us < from_us)
        .order_by(r.source_us.desc())
        .limit(1)
    ).first()
    if row is None or row.quality != int(Quality.GOOD):
        return series
    return np.append(row.source_us, series[0]), np.append(row.value, series[1])


def sent(tx: Connection, equipment_id: str, names: Collection[str]) -> dict[str, Sending]:
    """How these metrics of a machine are sent, as the newest birth says; those of which none says it are left
    out."""
    m = t.metrics.c
    query = select(m.name, m.deadband, m.sampling_ms, m.aggregate_s).where(m.equipment_id == equipment_id)
    return {
        name: Sending(*rest)
        for name, *rest in tx.execute(query)
        if name in names and any(one is not None for one in rest)
    }


def silences(tx: Connection, equipment_id: str) -> list[tuple[int, int]]:
    """Stretches of which nothing is known, of the device and of its node; the last may end at FOR_EVER_US."""
    a, g, d, n = t.equipment_aliases.c, t.gaps.c, t.edge_devices.c, t.edge_nodes.c
    names = list(tx.execute(select(a.external_id).where(a.equipment_id == equipment_id)).scalars())
    nodes = ["/".join(name.split("/")[:2]) for name in names]
    gaps = tx.execute(select(g.from_us, g.to_us).where(g.external_id.in_([*names, *nodes]))).all()
    dead = tx.execute(select(d.offline_us).where(d.external_id.in_(names), d.offline_us.is_not(None)))
    gone = tx.execute(select(n.offline_us).where(n.node.in_(nodes), n.offline_us.is_not(None)))
    ends = [at_us for at_us in (*dead.scalars(), *gone.scalars()) if at_us is not None]
    return [*((row.from_us, row.to_us) for row in gaps), *((at_us, FOR_EVER_US) for at_us in ends)]


def _held(series: Series, silent: list[tuple[int, int]], from_us: int, to_us: int, step_us: int) -> Series:
    times, values = series
    if not len(times):
        return series
    until = np.append(times[1:], to_us + 1)
    for begin, end in silent:
        touched = (times < end) & (until > begin)
        until[touched] = np.minimum(until[touched], np.maximum(begin, times[touched]))
    more_times, more_values = [times], [values]
    for place in np.flatnonzero(until - times > step_us):
        steps = np.arange(times[place] + step_us, until[place], step_us, dtype=np.int64)
        more_times.append(steps)
        more_values.append(np.full(len(steps), values[place]))
    all_times, all_values = np.concatenate(more_times), np.concatenate(more_values)
    inside = np.flatnonzero((all_times >= from_us) & (all_times <= to_us))
    order = inside[np.argsort(all_times[inside], kind="stable")]
    return all_times[order], all_values[order]
