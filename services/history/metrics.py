"""What the roll-up must know of a metric: where it belongs, how long its values stand, when it was dead."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from data.store import holding
from data.store import tables as t
from data.store.statements import Row, Statement
from domain.clock import FOR_EVER_US, MINUTE, SECOND
from domain.equipment import line_of
from domain.telemetry import MetricKind, Quality

HOLD_US = MINUTE  # how long a value is taken to stand where nothing is known of its source
LONGEST_US = 30 * MINUTE
HELD_US = FOR_EVER_US // 2
_READINGS = Statement(
    f"SELECT source_us, value, quality = {int(Quality.GOOD)} FROM readings"  # noqa: S608
    " WHERE metric_id = :metric AND source_us >= :from_us AND source_us < :to_us"
    " ORDER BY source_us LIMIT :most"
)
_BEFORE = Statement(
    f"SELECT source_us, value, quality = {int(Quality.GOOD)} FROM readings"  # noqa: S608
    " WHERE metric_id = :metric AND source_us < :at ORDER BY source_us DESC LIMIT 1"
)
_NEWEST = Statement(
    f"SELECT source_us, value, quality = {int(Quality.GOOD)} FROM latest"  # noqa: S608
    " WHERE metric_id = :metric AND source_us < :at"
)
_AFTER = Statement(
    "SELECT source_us FROM readings WHERE metric_id = :metric AND source_us > :at ORDER BY source_us LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Held:
    """A metric that is rolled up. `by_exception`: its silence means unchanged while its source lives."""

    metric_id: int
    equipment_id: str
    hold_us: int
    by_exception: bool

    @property
    def line_id(self) -> str:
        """The line that its machine stands in."""
        return line_of(self.equipment_id)


def load(tx: Connection) -> dict[int, Held]:
    """Every metric that is rolled up, by id. States and modes are not: they have a log of their own."""
    m = t.metrics.c
    query = select(m.metric_id, m.equipment_id, m.deadband, m.sampling_ms, m.aggregate_s)
    wanted = query.where(m.kind.not_in([MetricKind.STATE.value, MetricKind.MODE.value]))
    return {
        row.metric_id: Held(
            row.metric_id,
            row.equipment_id,
            HELD_US if row.deadband is not None else _hold(row.sampling_ms, row.aggregate_s),
            row.deadband is not None,
        )
        for row in tx.execute(wanted)
    }


def _hold(sampling_ms: float | None, aggregate_s: float | None) -> int:
    """Twice the time between two values where the source says it, a minute at least."""
    every_us = max((sampling_ms or 0) * 1_000, (aggregate_s or 0) * SECOND)
    return min(max(HOLD_US, round(2 * every_us)), LONGEST_US)


def readings(tx: Connection, metric_id: int, from_us: int, to_us: int, most: int) -> list[Row]:
    """(time, value, good) in [from_us, to_us), at most `most`, in order."""
    values = {"metric": metric_id, "from_us": from_us, "to_us": to_us, "most": most}
    return _READINGS.rows(tx, values)


def before(tx: Connection, metric_id: int, at_us: int) -> list[Row]:
    """The last reading before a moment; the newest value where the readings themselves are gone already."""
    values = {"metric": metric_id, "at": at_us}
    return _BEFORE.rows(tx, values) or _NEWEST.rows(tx, values)


def next_after(tx: Connection, metric_id: int, at_us: int) -> int | None:
    """When the metric spoke next."""
    rows = _AFTER.rows(tx, {"metric": metric_id, "at": at_us})
    return rows[0][0] if rows else None


def silences(tx: Connection, equipment_id: str) -> list[tuple[int, int]]:
    """Stretches of which nothing is known of a machine; the last may be open."""
    return holding.silences(tx, equipment_id)


def dead_since(found: Iterable[tuple[int, int]]) -> int | None:
    """Since when the source is dead, if it is."""
    return min((begin for begin, end in found if end == FOR_EVER_US), default=None)
