"""A machine's newest run of values in a row: what its own capability (Cm, Cmk) is judged by."""

import numpy as np
from sqlalchemy import Connection, func, select

from data.store import tables as t
from data.store import window_data
from domain.clock import DAY
from services.spc.definition import Chart
from services.spc.sampling import ignored, making, usable

BACK_US = 3 * DAY


def newest_run(tx: Connection, chart: Chart, count: int) -> tuple[float, ...]:
    """The newest `count` good values in a row, taken without a stop between them; () when there are none.

    Looks back three days from the machine's newest value.
    """
    m, latest = t.metrics.c, t.latest.c
    newest = tx.execute(
        select(func.max(latest.source_us))
        .join_from(t.metrics, t.latest, m.metric_id == latest.metric_id)
        .where(m.equipment_id == chart.equipment_id, m.name == chart.metric)
    ).scalar()
    if newest is None:
        return ()
    found = window_data.readings(tx, chart.equipment_id, [chart.metric], newest - BACK_US, newest)
    times, values = found.get(chart.metric, (np.zeros(0, np.int64), np.zeros(0)))
    good = usable(tx, chart.equipment_id, times) & ~ignored(tx, chart.equipment_id, chart.metric, times)
    if chart.product_id:
        good &= making(tx, chart.equipment_id, chart.product_id, times)
    edges = np.flatnonzero(np.diff(np.r_[False, good, False].astype(np.int8)))
    for begin, end in zip(edges[::2][::-1], edges[1::2][::-1], strict=True):
        if end - begin >= count:
            return tuple(float(v) for v in values[end - count : end])
    return ()
