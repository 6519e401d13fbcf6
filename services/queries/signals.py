"""Reads for the screen *Signals*: the level is chosen by the stretch and by what a chart can show."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from auth.permissions import Permission
from data.store import signal_levels
from data.store import tables as t
from domain.clock import DAY, HOUR, MINUTE, SECOND
from domain.equipment import line_of
from domain.errors import NotFound
from domain.telemetry import METRICS, MetricKind
from domain.time_model import Leaf
from services.context import Context
from services.queries.common import in_scope, names_of, under
from services.rows.signals import Ask, SignalName, SignalPoint, SignalSeries, SignalView, Stopped

MOST_SIGNALS = 4
RAW_US = 30 * MINUTE
MINUTES_US = 3 * DAY  # up to here minutes are read, beyond it hours
STOPS_US = 14 * DAY
STOPS_MOST = 300
SECOND_STEPS = tuple(n * SECOND for n in (1, 2, 3, 5, 10, 15, 30))
MINUTE_STEPS = tuple(n * MINUTE for n in (1, 2, 5, 10, 15, 30))
HOUR_STEPS = tuple(n * HOUR for n in (1, 2, 3, 4, 6, 8, 12, 24, 48, 96, 168))
_ORDER = {name: place for place, name in enumerate(METRICS)}


class SignalQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def machines(self) -> tuple[tuple[str, str], ...]:
        """(id, "Line, machine") of the placed machines, in the order of their lines."""
        c, e = self._context, t.equipment.c
        c.actor.require(Permission.SEE_FLOOR)
        query = select(e.equipment_id, e.name).where(
            e.level == "unit", e.assigned, in_scope(e.equipment_id, c.actor)
        )
        with c.database.read() as tx:
            rows = tx.execute(
                query.where(under(e.equipment_id, c.site.site_id)).order_by(e.parent_id, e.position)
            ).all()
            lines = names_of(tx, {line_of(row.equipment_id) for row in rows})
        return tuple(
            (row.equipment_id, f"{lines.get(line_of(row.equipment_id), '')}, {row.name}") for row in rows
        )

    def names(self, equipment_id: str) -> tuple[SignalName, ...]:
        """What a machine measures, in the usual order. Raises NotFound for what the actor may not see."""
        self._check(equipment_id)
        with self._context.database.read() as tx:
            rows = _metrics(tx, equipment_id)
        return tuple(SignalName(row.name, row.unit, row.kind == MetricKind.COUNTER) for row in rows)

    def view(self, ask: Ask) -> SignalView:
        """The signals asked for, MOST_SIGNALS at most. Raises NotFound for what the actor may not see."""
        self._check(ask.equipment_id)
        with self._context.database.read() as tx:
            known = {row.name: row for row in _metrics(tx, ask.equipment_id)}
            wanted = [known[name] for name in ask.names if name in known][:MOST_SIGNALS]
            level, step = _level(tx, ask, wanted)
            series = tuple(
                SignalSeries(
                    m.name, m.unit, m.kind == MetricKind.COUNTER, _points(tx, ask, level, step, m.metric_id)
                )
                for m in wanted
            )
            return SignalView(ask, level, step, series, _stops(tx, ask))

    def _check(self, equipment_id: str) -> None:
        if not self._context.actor.may(Permission.SEE_FLOOR, equipment_id):
            raise NotFound("there is no such machine within your area")


def _metrics(tx: Connection, equipment_id: str) -> list[Any]:
    m = t.metrics.c
    drawn = m.kind.not_in([MetricKind.STATE.value, MetricKind.MODE.value])
    query = select(m.metric_id, m.name, m.unit, m.kind).where(m.equipment_id == equipment_id, drawn)
    rows: list[Any] = list(tx.execute(query))
    return sorted(rows, key=lambda row: (_ORDER.get(row.name, len(_ORDER)), row.name))


def _level(tx: Connection, ask: Ask, wanted: Sequence[Any]) -> tuple[str, int]:
    """What to read, and how much of it makes a point."""
    if ask.by_shift:
        return "shift", 0
    span = ask.to_us - ask.from_us
    if span <= RAW_US and (most := _most_readings(tx, ask, wanted)):
        return ("reading", 0) if most <= ask.points else ("second", _step(SECOND_STEPS, span, ask.points))
    if span <= MINUTES_US and _has_minutes(tx, ask, wanted):
        return "minute", _step(MINUTE_STEPS, span, ask.points)
    return "hour", _step(HOUR_STEPS, span, ask.points)


def _most_readings(tx: Connection, ask: Ask, wanted: Sequence[Any]) -> int:
    """Of the signal with the most of them; no more than what a line can show is counted, and one."""
    stretch = ask.from_us, ask.to_us, ask.points + 1
    return max((signal_levels.count(tx, metric.metric_id, *stretch) for metric in wanted), default=0)


def _has_minutes(tx: Connection, ask: Ask, wanted: Sequence[Any]) -> bool:
    """False where minutes are gone already, and hours are not."""
    for metric in wanted:
        oldest = signal_levels.oldest_minute(tx, metric.metric_id)
        if oldest is not None and oldest <= ask.from_us:
            continue
        if signal_levels.steps(tx, "hour", metric.metric_id, ask.from_us, (oldest or ask.to_us) - HOUR, DAY):
            return False
    return True


def _step(steps: Sequence[int], span: int, points: int) -> int:
    return next((step for step in steps if span <= step * points), steps[-1])


def _points(tx: Connection, ask: Ask, level: str, step: int, metric_id: int) -> tuple[SignalPoint, ...]:
    stretch = (metric_id, ask.from_us, ask.to_us)
    if level == "reading":
        rows = signal_levels.raw(tx, *stretch, ask.points)
        return tuple(
            SignalPoint(at, good, not good, 0, *((value,) * 3 if good else (None,) * 3))
            for at, value, good in rows
        )
    if level == "shift":
        return tuple(SignalPoint(*r) for r in signal_levels.shifts(tx, line_of(ask.equipment_id), *stretch))
    if level == "second":
        found = signal_levels.seconds(tx, *stretch, step)
    else:
        found = signal_levels.steps(tx, level, *stretch, step)
    return tuple(
        SignalPoint(ask.from_us + int(at) * step, int(good), int(bad), int(us), mean, low, high)
        for at, good, bad, us, mean, low, high in found
    )


def _stops(tx: Connection, ask: Ask) -> tuple[Stopped, ...]:
    """When the machine was down, where the stretch is short enough to see it."""
    if ask.by_shift or ask.to_us - ask.from_us > STOPS_US:
        return ()
    i = t.intervals.c
    rows = tx.execute(
        select(i.from_us, i.to_us, i.cause)
        .where(i.equipment_id == ask.equipment_id, i.leaf == Leaf.DOWN.value)
        .where(i.from_us < ask.to_us, i.from_us >= ask.from_us - DAY, i.to_us > ask.from_us)
        .order_by((i.to_us - i.from_us).desc())
        .limit(STOPS_MOST)
    )
    edge = ask.from_us, ask.to_us
    return tuple(
        Stopped(max(row.from_us, edge[0]), min(row.to_us, edge[1]), str(row.cause).replace("_", " "))
        for row in sorted(rows)
    )
