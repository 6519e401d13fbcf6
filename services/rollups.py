"""Parts and energy per 5 minutes, kept as readings arrive and correct when they arrive late.

A bucket is always recomputed from the stored readings, never added to: the same message twice, or
an older message later, ends in the same figures. A counter that falls to less than half was reset: it
starts at 0. One that falls by less (a meter that jitters, a controller that came back with an older value)
counts nothing, and goes on from there. A counter below zero counts nothing: the reading is left out, and
counted as refused. A bucket without a reading of the energy meter is not metered: its 0 is no measurement.
What comes at once after a gap between readings keeps the time of the reading before.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, select

from data.store import tables as t
from data.store.statements import Among, Statement
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
    select(_R.source_us, _R.value)
    .where(_MINE, _R.value >= 0, _R.source_us < _FROM)
    .order_by(_R.source_us.desc())
    .limit(1)
)
_AFTER = select(_R.source_us).where(_MINE, _R.value >= 0, _R.source_us >= _TO).order_by(_R.source_us).limit(1)
_INSIDE = (
    select(_R.source_us, _R.value)
    .where(_MINE, _R.source_us >= _FROM, _R.source_us < _TO)
    .order_by(_R.source_us)
)
_COUNTERS = Among(
    "SELECT equipment_id, name, metric_id FROM metrics"
    " WHERE equipment_id {among} AND name IN ('good_count', 'scrap_count', 'energy')"
)
_KEEP = Statement(
    "INSERT INTO counts (equipment_id, bucket_us, good, scrap, energy_kwh, resets, refused, fell, metered,"
    " parts_since_us, energy_since_us)"
    " VALUES (:equipment_id, :bucket_us, :good, :scrap, :energy_kwh, :resets, :refused, :fell, :metered,"
    " :parts_since_us, :energy_since_us)"
    " ON CONFLICT (equipment_id, bucket_us) DO UPDATE SET good = excluded.good, scrap = excluded.scrap,"
    " energy_kwh = excluded.energy_kwh, resets = excluded.resets, refused = excluded.refused,"
    " fell = excluded.fell, metered = excluded.metered, parts_since_us = excluded.parts_since_us,"
    " energy_since_us = excluded.energy_since_us"
)
RESET_BELOW = 0.5  # of the value before
GAP_US = 15 * MINUTE
SURE = 1.0  # a part, a kWh: so much a counter that speaks when it changes has counted just now
_SINCE = {"good": "parts_since_us", "scrap": "parts_since_us", "energy_kwh": "energy_since_us"}


def bucket_of(source_us: int) -> int:
    """The start of the bucket that a reading closes: what it counts was made up to its source time."""
    return (source_us - 1) - (source_us - 1) % BUCKET_US


def refresh(tx: Connection, dirty: Iterable[tuple[str, int]]) -> set[tuple[str, int]]:
    """Recompute the buckets in which any reading arrived; `dirty` holds (equipment_id, bucket_us). Returns
    the buckets that changed with them: the next reading of a counter has another one before it now.

    A row exists for every bucket in which something arrived, counts or not: it is the evidence that
    the machine was being heard.
    """
    by_unit: dict[str, list[int]] = defaultdict(list)
    for equipment_id, bucket_us in set(dirty):
        by_unit[equipment_id].append(bucket_us)
    metrics = _counter_metrics(tx, list(by_unit))
    rows: dict[tuple[str, int], dict[str, object]] = {}
    for equipment_id, buckets in by_unit.items():
        for run in _runs(sorted(buckets)):
            rows |= _rows(tx, equipment_id, metrics.get(equipment_id, {}), run)
    if rows:
        _KEEP.run_many(tx, list(rows.values()))
    return {key for key in rows if key[1] not in by_unit[key[0]]}


def _counter_metrics(tx: Connection, units: list[str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for equipment_id, name, metric_id in _COUNTERS.rows(tx, units, {}):
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
) -> dict[tuple[str, int], dict[str, object]]:
    """Whole rows by machine and bucket: of a run of buckets, and of those in which a counter is read next."""
    end = run[-1] + BUCKET_US
    behind = {
        bucket_of(at) for metric_id in metrics.values() if (at := _next(tx, metric_id, end)) is not None
    }
    sums: dict[int, dict[str, Any]] = {bucket: {} for bucket in (*run, *behind)}
    for from_us, to_us in [(run[0], end), *((bucket, bucket + BUCKET_US) for bucket in sorted(behind))]:
        for column, metric_id in metrics.items():
            for bucket, delta, odd, since in _deltas(tx, metric_id, from_us, to_us):
                cell = sums.setdefault(bucket, {})
                if since is not None:
                    cell[_SINCE[column]] = min(since, cell.get(_SINCE[column], since))
                cell[column] = cell.get(column, 0.0) + delta
                if column == "energy_kwh" and odd != "refused":
                    cell["metered"] = 1
                if odd:
                    cell[odd] = cell.get(odd, 0.0) + 1
    blank: dict[str, Any] = dict.fromkeys((*_COLUMNS.values(), "resets", "refused", "fell"), 0.0)
    blank |= {"metered": 0, "parts_since_us": None, "energy_since_us": None}
    return {
        (equipment_id, bucket): {"equipment_id": equipment_id, "bucket_us": bucket, **blank, **cell}
        for bucket, cell in sums.items()
    }


def _next(tx: Connection, metric_id: int, to_us: int) -> int | None:
    """The first reading of a counter behind a bucket that ends at `to_us`."""
    found: int | None = tx.execute(_AFTER, {"metric": metric_id, "to_us": to_us + 1}).scalar()
    return found


def _deltas(
    tx: Connection, metric_id: int, from_us: int, to_us: int
) -> list[tuple[int, float, str, int | None]]:
    """(bucket, increase, what is odd: "resets", "fell", "refused" or nothing, the time of the reading before
    where much came at once after a gap) of every reading in buckets."""
    from_us, to_us = from_us + 1, to_us + 1
    found = tx.execute(_BEFORE, {"metric": metric_id, "from_us": from_us}).first()
    before = None if found is None else (found[0], found[1])
    inside = tx.execute(_INSIDE, {"metric": metric_id, "from_us": from_us, "to_us": to_us}).all()
    result: list[tuple[int, float, str, int | None]] = []
    for source_us, value in inside:
        bucket = bucket_of(source_us)
        if value < 0:
            result.append((bucket, 0.0, "refused", None))
            continue
        if before is not None:
            delta, odd = _step(before[1], value)
            at_once = delta > SURE and source_us - before[0] > GAP_US
            result.append((bucket, delta, odd, before[0] if at_once else None))
        before = (source_us, value)
    return result


def _step(before: float, value: float) -> tuple[float, str]:
    """The increase from one reading of a counter to the next, and what is odd about it."""
    if value >= before:
        return value - before, ""
    return (value, "resets") if value < RESET_BELOW * before else (0.0, "fell")
