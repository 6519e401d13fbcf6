"""Parts and energy per 5 minutes, kept as readings arrive and correct when they arrive late.

A bucket is always recomputed from the stored readings, never added to: the same message twice, or
an older message later, ends in the same figures. A counter that falls was reset: it starts at 0.
A counter below zero counts nothing: the reading is left out, and counted as refused.
"""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import BindParameter, Connection, bindparam, select

from data.store import tables as t
from data.store.upsert import upsert
from domain.clock import MINUTE
from domain.telemetry import Quality

BUCKET_US = 5 * MINUTE
_COLUMNS = {"good_count": "good", "scrap_count": "scrap", "energy": "energy_kwh"}
_SPLIT_US = 12 * BUCKET_US
# Built once: building them anew for each counter took most of the time of ingest.
_R = t.readings.c
_MINE = (_R.metric_id == bindparam("metric")) & (_R.quality == int(Quality.GOOD))
_FROM: BindParameter[int] = bindparam("from_us")
_TO: BindParameter[int] = bindparam("to_us")
_BEFORE = (
    select(_R.value).where(_MINE, _R.value >= 0, _R.source_us < _FROM).order_by(_R.source_us.desc()).limit(1)
)
_AFTER = select(_R.source_us).where(_MINE, _R.value >= 0, _R.source_us >= _TO).order_by(_R.source_us).limit(1)
_INSIDE = (
    select(_R.source_us, _R.value)
    .where(_MINE, _R.source_us >= _FROM, _R.source_us < _TO)
    .order_by(_R.source_us)
)


def bucket_of(source_us: int) -> int:
    """The start of the bucket that a reading closes: what it counts was made up to its source time."""
    return (source_us - 1) - (source_us - 1) % BUCKET_US


def refresh(tx: Connection, dirty: Iterable[tuple[str, int]]) -> None:
    """Recompute the buckets in which any reading arrived; `dirty` holds (equipment_id, bucket_us).

    A row exists for every bucket in which something arrived, counts or not: it is the evidence that
    the machine was being heard.
    """
    by_unit: dict[str, list[int]] = defaultdict(list)
    for equipment_id, bucket_us in set(dirty):
        by_unit[equipment_id].append(bucket_us)
    metrics = _counter_metrics(tx, list(by_unit))
    rows = []
    for equipment_id, buckets in by_unit.items():
        for run in _runs(sorted(buckets)):
            rows += _rows(tx, equipment_id, metrics.get(equipment_id, {}), run)
    upsert(tx, t.counts, rows, ["equipment_id", "bucket_us"])


def _counter_metrics(tx: Connection, units: list[str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = defaultdict(dict)
    query = select(t.metrics.c.equipment_id, t.metrics.c.name, t.metrics.c.metric_id).where(
        t.metrics.c.equipment_id.in_(units), t.metrics.c.name.in_(_COLUMNS)
    )
    for equipment_id, name, metric_id in tx.execute(query):
        found[equipment_id][_COLUMNS[name]] = metric_id
    return found


def _runs(buckets: list[int]) -> list[list[int]]:
    runs: list[list[int]] = [[buckets[0]]]
    for bucket in buckets[1:]:
        if bucket - runs[-1][-1] > _SPLIT_US:
            runs.append([])
        runs[-1].append(bucket)
    return runs


def _rows(
    tx: Connection, equipment_id: str, metrics: dict[str, int], run: list[int]
) -> list[dict[str, object]]:
    sums: dict[int, dict[str, float]] = {bucket: {} for bucket in run}
    for column, metric_id in metrics.items():
        for bucket, delta, odd in _deltas(tx, metric_id, run[0], run[-1] + BUCKET_US):
            cell = sums.setdefault(bucket, {})
            cell[column] = cell.get(column, 0.0) + delta
            if odd:
                cell[odd] = cell.get(odd, 0.0) + 1
    blank = dict.fromkeys((*_COLUMNS.values(), "resets", "refused"), 0.0)
    return [
        {"equipment_id": equipment_id, "bucket_us": bucket, **blank, **cell} for bucket, cell in sums.items()
    ]


def _deltas(tx: Connection, metric_id: int, from_us: int, to_us: int) -> list[tuple[int, float, str]]:
    """(bucket, increase, what is odd: "resets", "refused" or nothing) of every reading in the stretch, and
    of the one after it, whose predecessor may be new."""
    from_us, to_us = from_us + 1, to_us + 1
    before = tx.execute(_BEFORE, {"metric": metric_id, "from_us": from_us}).scalar()
    after = tx.execute(_AFTER, {"metric": metric_id, "to_us": to_us}).scalar()
    end = to_us if after is None else bucket_of(after) + BUCKET_US + 1
    inside = tx.execute(_INSIDE, {"metric": metric_id, "from_us": from_us, "to_us": end}).all()
    result = []
    for source_us, value in inside:
        if value < 0:
            result.append((bucket_of(source_us), 0.0, "refused"))
            continue
        if before is not None:
            reset = value < before
            result.append((bucket_of(source_us), value if reset else value - before, "resets" * reset))
        before = value
    return result
