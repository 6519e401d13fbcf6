"""Signals for charts: readings as they came, or roll-ups added up to as many points as a chart shows."""

from typing import Any

from sqlalchemy import Connection

from data.store.statements import Row, Statement
from domain.telemetry import Quality

_SUMS = (
    "SELECT (at_us - :from_us) / :step AS bucket, SUM(readings), SUM(bad), SUM(covered_us),"
    " SUM(mean * covered_us) / NULLIF(SUM(covered_us), 0), MIN(low), MAX(high) FROM {}"
    " WHERE metric_id = :metric AND at_us >= :from_us AND at_us < :to_us GROUP BY bucket ORDER BY bucket"
)
_STEPS = {name: Statement(_SUMS.format(f"rolled_{name}s")) for name in ("minute", "hour")}
_SHIFTS = Statement(
    "SELECT s.at_us, s.readings, s.bad, s.covered_us, s.mean, s.low, s.high, g.name FROM rolled_shifts s"
    " JOIN rolled_shift_grid g ON g.line_id = :line AND g.at_us = s.at_us"
    " WHERE s.metric_id = :metric AND s.at_us >= :from_us AND s.at_us < :to_us ORDER BY s.at_us"
)
_RAW = Statement(
    "SELECT source_us, value, quality FROM readings WHERE metric_id = :metric"
    " AND source_us >= :from_us AND source_us < :to_us ORDER BY source_us LIMIT :most"
)
_SECONDS = Statement(
    "SELECT (source_us - :from_us) / :step AS bucket, SUM(CASE WHEN quality = :good THEN 1 ELSE 0 END),"
    " SUM(CASE WHEN quality = :good THEN 0 ELSE 1 END), 0, AVG(CASE WHEN quality = :good THEN value END),"
    " MIN(CASE WHEN quality = :good THEN value END), MAX(CASE WHEN quality = :good THEN value END)"
    " FROM readings WHERE metric_id = :metric AND source_us >= :from_us AND source_us < :to_us"
    " GROUP BY bucket ORDER BY bucket"
)
_COUNT = Statement(
    "SELECT COUNT(*) FROM (SELECT 1 FROM readings WHERE metric_id = :metric"
    " AND source_us >= :from_us AND source_us < :to_us LIMIT :most) AS found"
)
_OLDEST = Statement("SELECT MIN(at_us) FROM rolled_minutes WHERE metric_id = :metric")


def steps(tx: Connection, level: str, metric_id: int, from_us: int, to_us: int, step_us: int) -> list[Row]:
    """(bucket, good readings, bad ones, covered, mean, low, high): bucket 0 begins at from_us.
    `level` is minute or hour, and `step_us` a multiple of it."""
    values = {"metric": metric_id, "from_us": from_us, "to_us": to_us, "step": step_us}
    return _STEPS[level].rows(tx, values)


def shifts(tx: Connection, line_id: str, metric_id: int, from_us: int, to_us: int) -> list[Row]:
    """(start, readings, bad, covered, mean, low, high, name) of the shifts that begin in the stretch."""
    values: dict[str, Any] = {"line": line_id, "metric": metric_id, "from_us": from_us, "to_us": to_us}
    return _SHIFTS.rows(tx, values)


def raw(tx: Connection, metric_id: int, from_us: int, to_us: int, most: int) -> list[tuple[int, float, bool]]:
    """(time, value, good) of the readings, the first `most`."""
    values = {"metric": metric_id, "from_us": from_us, "to_us": to_us, "most": most}
    return [(at, value, quality == int(Quality.GOOD)) for at, value, quality in _RAW.rows(tx, values)]


def seconds(tx: Connection, metric_id: int, from_us: int, to_us: int, step_us: int) -> list[Row]:
    """As `steps`, of the readings themselves: the mean is that of the good ones, and nothing is covered."""
    values = {"metric": metric_id, "from_us": from_us, "to_us": to_us, "step": step_us}
    return _SECONDS.rows(tx, values | {"good": int(Quality.GOOD)})


def count(tx: Connection, metric_id: int, from_us: int, to_us: int, most: int) -> int:
    """How many readings there are; counting ends at `most`."""
    found = _COUNT.rows(tx, {"metric": metric_id, "from_us": from_us, "to_us": to_us, "most": most})
    return int(found[0][0])


def oldest_minute(tx: Connection, metric_id: int) -> int | None:
    """When the roll-ups by minute begin."""
    rows = _OLDEST.rows(tx, {"metric": metric_id})
    found: int | None = rows[0][0]
    return found
