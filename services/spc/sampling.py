"""Samples of a chart, out of stored readings and inspections.

A stretch of `every_us` is cut into as many slots as a subgroup has places; each place takes the first
good value of its slot that was read while the machine had been executing for a minute (and making the
chart's product): how often a machine reports does not change what a subgroup means. A stretch that is
not yet over gives no sample; one with fewer than half of its places filled gives none either.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, or_, select, true

from data.store import activity, window_data
from data.store import tables as t
from domain.clock import MINUTE
from domain.spc.model import DEFECTS, SUBGROUPED, Sample
from services.spc.definition import QUALITY, Chart

SETTLED_US = MINUTE
Bools = NDArray[np.bool_]
Times = NDArray[np.int64]


def samples_of(tx: Connection, chart: Chart, from_us: int, to_us: int) -> list[Sample]:
    """The samples whose stretch lies in (from, to], both whole multiples of `every_us`."""
    if chart.source == QUALITY:
        return _counted(tx, chart, from_us, to_us)
    found = window_data.readings(tx, chart.equipment_id, [chart.metric], from_us, to_us)
    if chart.metric not in found:
        return []
    times, values = found[chart.metric]
    inside = (times > from_us) & (times <= to_us) & usable(tx, chart.equipment_id, times)
    if chart.product_id:
        inside &= making(tx, chart.equipment_id, chart.product_id, times)
    inside &= ~ignored(tx, chart.equipment_id, chart.metric, times)
    return _grouped(chart, times[inside], values[inside])


def usable(tx: Connection, equipment_id: str, times: Times) -> Bools:
    """True where the machine had been executing for a minute at least, by the classified intervals: those of
    a machine that only counts, too. False behind them."""
    inside = np.zeros(len(times), bool)
    if not len(times):
        return inside
    for span in activity.ran(tx, equipment_id, int(times[0]) - SETTLED_US, int(times[-1])):
        first, last = np.searchsorted(times, (span.from_us + SETTLED_US, span.to_us))
        inside[first:last] = True
    return inside


def making(tx: Connection, equipment_id: str, product_id: str, times: Times) -> Bools:
    """True while an operation on the product runs, its setup over."""
    inside = np.zeros(len(times), bool)
    if not len(times):
        return inside
    o = t.operations.c
    rows = tx.execute(
        select(o.start_us, o.setup_end_us, o.end_us).where(
            o.equipment_id == equipment_id,
            o.product_id == product_id,
            o.start_us <= int(times[-1]),
            or_(o.end_us.is_(None), o.end_us >= int(times[0])),
        )
    )
    for start, ready, end in rows:
        inside |= (times >= (ready or start)) & (times < (end or int(times[-1]) + 1))
    return inside


def ignored(tx: Connection, equipment_id: str, metric: str, times: Times) -> Bools:
    """True while a person has set the sensor aside."""
    aside = np.zeros(len(times), bool)
    for one in window_data.ignored(tx, equipment_id):
        if one.metric == metric:
            aside |= (times >= one.from_us) & (times < one.until_us)
    return aside


def _grouped(chart: Chart, times: Times, values: NDArray[np.float64]) -> list[Sample]:
    if not len(times):
        return []
    slot_us = chart.every_us // chart.subgroup_size
    start = (times - 1) // chart.every_us * chart.every_us
    slot = np.minimum((times - 1 - start) // slot_us, chart.subgroup_size - 1)
    _, first = np.unique(np.stack([start, slot]), axis=1, return_index=True)
    first.sort()
    least = max(2 if chart.kind in SUBGROUPED else 1, (chart.subgroup_size + 1) // 2)
    ends, begins, counts = np.unique(start[first], return_index=True, return_counts=True)
    chosen = values[first]
    return [
        Sample(int(end) + chart.every_us, tuple(float(v) for v in chosen[begin : begin + count]))
        for end, begin, count in zip(ends, begins, counts, strict=True)
        if count >= least
    ]


def _counted(tx: Connection, chart: Chart, from_us: int, to_us: int) -> list[Sample]:
    """Inspections of the MES summed by stretch: bad parts, or defects where the chart counts those. What
    contradicts itself is left out, of a chart of defects what nobody counted them in, and reworked parts,
    which are in what was inspected first."""
    q, o = t.quality_results.c, t.orders.c
    query = select(q.at_us, q.good, q.scrap, q.rework, q.defects).where(
        q.equipment_id == chart.equipment_id, q.at_us > from_us, q.at_us <= to_us,
        q.reinspection.is_not(true()),
    )  # fmt: skip
    if chart.product_id:
        query = query.join(t.orders, (o.order_id == q.order_id) & (o.instance == q.instance)).where(
            o.product_id == chart.product_id
        )
    sums: dict[int, list[float]] = {}
    for row in tx.execute(query.order_by(q.at_us)):
        if min(row.good, row.scrap, row.rework, row.defects or 0) < 0:
            continue
        found = row.defects if chart.kind in DEFECTS else row.scrap + row.rework
        if found is None:
            continue
        end = -(-row.at_us // chart.every_us) * chart.every_us
        cell = sums.setdefault(end, [0.0, 0.0])
        cell[0] += found
        cell[1] += row.good + row.scrap + row.rework
    return [Sample(at, (), bad, size) for at, (bad, size) in sorted(sums.items()) if size > 0]


def tells_defects(tx: Connection, equipment_id: str) -> bool:
    """Whether any inspection of a machine says how many defects there were."""
    q = t.quality_results.c
    query = select(q.result_id).where(q.equipment_id == equipment_id, q.defects.is_not(None))
    return tx.execute(query.limit(1)).first() is not None


def odd_results(tx: Connection, equipment_id: str, from_us: int, to_us: int) -> Sequence[str]:
    """Ids of inspections that contradict themselves (negative counts): shown, never charted."""
    q = t.quality_results.c
    query = select(q.result_id).where(
        q.equipment_id == equipment_id,
        q.at_us > from_us,
        q.at_us <= to_us,
        or_(q.good < 0, q.scrap < 0, q.rework < 0, q.defects < 0),
    )
    return list(tx.execute(query.order_by(q.at_us)).scalars())
