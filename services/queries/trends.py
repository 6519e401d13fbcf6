"""Sensors over time around a prediction, thinned to what a chart can show."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from data.store import holding
from data.store import tables as t
from domain.clock import HOUR, MINUTE
from domain.prediction import Prediction
from domain.telemetry import sensors_of
from services.rows.predict import Point, Trend

BEFORE_US = 8 * HOUR
AFTER_US = 8 * HOUR
BUCKET_US = 10 * MINUTE
SHOWN = 3


def top_metrics(tx: Connection, prediction_id: str, count: int) -> tuple[str, ...]:
    """The sensors that raised the risk most, by the sum over their time segments; joined ones each."""
    c = t.contributions.c
    total = func.sum(c.value)
    rows = tx.execute(
        select(c.metric)
        .where(c.prediction_id == prediction_id)
        .group_by(c.metric)
        .having(total > 0)
        .order_by(total.desc(), c.metric)
        .limit(count)
    )
    return tuple(sensor for metric in rows.scalars() for sensor in sensors_of(metric))


def sensor_trends(tx: Connection, prediction: Prediction, now_us: int) -> tuple[Trend, ...]:
    """The top sensors that have readings, from 8 h before the window to 8 h after it, or now.

    Means over 10 minutes of plant time; a stretch of more than two empty means shows as None.
    """
    from_us = prediction.window_from_us - BEFORE_US
    to_us = min(now_us, prediction.window_to_us + AFTER_US)
    wanted = top_metrics(tx, prediction.prediction_id, 2 * SHOWN)
    return trends_of(tx, prediction.equipment_id, wanted, from_us, to_us)


def trends_of(
    tx: Connection, equipment_id: str, wanted: Sequence[str], from_us: int, to_us: int
) -> tuple[Trend, ...]:
    """The first SHOWN of the wanted sensors that a machine has, over time."""
    m = t.metrics.c
    known = tx.execute(
        select(m.name, m.metric_id, m.unit, m.deadband, m.equipment_id).where(m.equipment_id == equipment_id)
    ).all()
    by_name = {row.name: row for row in known}
    shown = [name for name in wanted if name in by_name][:SHOWN]
    trends = (Trend(name, by_name[name].unit, _means(tx, by_name[name], from_us, to_us)) for name in shown)
    return tuple(trend for trend in trends if trend.points)


def _means(tx: Connection, metric: Any, from_us: int, to_us: int) -> tuple[Point, ...]:
    if metric.deadband is not None:
        held = holding.means(tx, metric.equipment_id, metric.name, from_us, to_us - 1, BUCKET_US)
        return _with_gaps([(bucket, mean) for bucket, mean, _ in held], from_us)
    r = t.readings.c
    bucket = (r.source_us - from_us) // BUCKET_US
    rows = tx.execute(
        select(bucket.label("bucket"), func.avg(r.value))
        .where(r.metric_id == metric.metric_id, r.source_us >= from_us, r.source_us < to_us, r.quality > 0)
        .group_by("bucket")
        .order_by("bucket")
    ).all()
    return _with_gaps([(int(b), float(mean)) for b, mean in rows], from_us)


def _with_gaps(means: Sequence[tuple[int, float]], from_us: int) -> tuple[Point, ...]:
    points: list[Point] = []
    before: int | None = None
    for bucket, mean in means:
        at = from_us + bucket * BUCKET_US + BUCKET_US // 2
        if before is not None and bucket - before > 2:
            points.append((at - BUCKET_US, None))
        points.append((at, mean))
        before = bucket
    return tuple(points)
