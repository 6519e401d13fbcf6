"""A machine with all that is known of it now."""

from typing import Any

from sqlalchemy import Connection, func, select

from data.store import holding
from data.store import tables as t
from domain.clock import HOUR, MINUTE
from domain.equipment import line_of, site_of
from domain.errors import NotFound
from domain.oee import Oee
from domain.telemetry import METRICS, MetricKind
from domain.time_model import Span
from services.floor import facts, plant
from services.floor.line import newest_risks
from services.kpi import valid
from services.kpi import window as windows
from services.rows.floor import (
    MachineView,
    MaintenanceRow,
    Node,
    Point,
    SensorTrend,
    UnitFigures,
)

TREND_US = 8 * HOUR
BUCKET_US = 2 * MINUTE
SHOWN_MAINTENANCE = 8
SHOWN_STOPS = 6


def read(tx: Connection, ask: plant.Request) -> MachineView:
    """Everything about the unit `ask.scope`. Raises NotFound."""
    unit, assigned, out_us = _unit(tx, ask.scope)
    zone, currency = facts.site_words(tx, site_of(ask.scope))
    line = next(iter(facts.nodes(tx, line_of(ask.scope), "line")), None)
    line = line or Node(line_of(ask.scope), line_of(ask.scope), "other", False, 0, None)
    span = facts.stretches(tx, [line.equipment_id], ask.window, ask.now_us, zone)[line.equipment_id]
    at = valid.goal_moments(tx, {line.equipment_id: span.to_us})[line.equipment_id]
    unit, line = facts.aimed(facts.aims(tx, [unit, line]), [unit, line], at)
    pace = next(
        (u.equipment_id for u in facts.nodes(tx, line.equipment_id, "unit") if u.constraint), ask.scope
    )
    window = Span(span.from_us, span.to_us)
    both = windows.read(tx, line.equipment_id, sorted({ask.scope, pace}), window, ask.now_us)
    measured = both[ask.scope]
    figures = Oee(span.from_us, span.to_us, measured.measures, valid.model_of(tx, ask.scope, span.to_us))
    stops = facts.stops(tx, ask.scope, window, {ask.scope: unit.name}, both[pace].strip)
    risk = newest_risks(tx, [ask.scope]).get(ask.scope) if out_us is None else None
    case = _open_case(tx, ask.scope)
    return MachineView(
        UnitFigures(unit, figures, measured.strip, risk),
        line,
        span,
        assigned,
        sensors(tx, ask.scope, ask.now_us),
        stops[:SHOWN_STOPS],
        _maintenance(tx, ask.scope),
        next(iter(facts.orders(tx, {line.equipment_id: ask.scope}, limit=1)[line.equipment_id]), None),
        case[0] if case else None,
        case[1] if case else "",
        zone,
        currency,
        out_us,
    )


def sensors(tx: Connection, unit_id: str, now_us: int) -> tuple[SensorTrend, ...]:
    """The measured values of a unit in the order of `METRICS`, each with its means over TREND_US."""
    m = t.metrics.c
    known = {row.name: row for row in tx.execute(select(t.metrics).where(m.equipment_id == unit_id))}
    gauges = [n for n, s in METRICS.items() if s.kind is MetricKind.GAUGE and n in known]
    others = sorted(n for n, row in known.items() if row.kind == MetricKind.GAUGE and n not in METRICS)
    ignored = _ignored(tx, unit_id, now_us)
    since = now_us - TREND_US
    return tuple(
        SensorTrend(n, known[n].unit, _means(tx, known[n], since, now_us), ignored.get(n))
        for n in (*gauges, *others)
    )


def _means(tx: Connection, metric: Any, from_us: int, to_us: int) -> tuple[Point, ...]:
    """A metric that is sent when it changes stands in between; others have a hole after 15 minutes."""
    if metric.deadband is not None:
        rows = holding.means(tx, metric.equipment_id, metric.name, from_us, to_us, BUCKET_US)
    else:
        rows = _sent_means(tx, metric.metric_id, from_us, to_us)
    points: list[Point] = []
    for _, mean, last_us in rows:
        if points and last_us - points[-1][0] > 15 * MINUTE:
            points.append((points[-1][0] + 1, None))
        points.append((last_us, float(mean)))
    return tuple(points)


def _sent_means(tx: Connection, metric_id: int, from_us: int, to_us: int) -> list[tuple[int, float, int]]:
    r = t.readings.c
    bucket = (r.source_us - from_us) // BUCKET_US
    rows = tx.execute(
        select(bucket.label("bucket"), func.avg(r.value), func.max(r.source_us))
        .where(r.metric_id == metric_id, r.source_us >= from_us, r.source_us <= to_us, r.quality > 0)
        .group_by("bucket")
        .order_by("bucket")
    )
    return [(int(row[0]), float(row[1]), int(row[2])) for row in rows]


def _ignored(tx: Connection, unit_id: str, now_us: int) -> dict[str, int]:
    i = t.ignored_inputs.c
    rows = tx.execute(
        select(i.metric, i.until_us).where(
            i.equipment_id == unit_id, i.from_us <= now_us, i.until_us > now_us
        )
    )
    return {row[0]: row[1] for row in rows}


def _unit(tx: Connection, unit_id: str) -> tuple[Node, bool, int | None]:
    e = t.equipment.c
    row = tx.execute(
        select(
            e.equipment_id,
            e.name,
            e.machine_type,
            e.constraint_unit,
            e.position,
            e.target_oee,
            e.assigned,
            e.removed_us,
        ).where(e.equipment_id == unit_id, e.level == "unit")
    ).first()
    if row is None:
        raise NotFound("there is no such machine")
    return Node(*row[:6]), row[6], row[7]


def _open_case(tx: Connection, unit_id: str) -> tuple[int, str] | None:
    c = t.cases.c
    row = tx.execute(
        select(c.number, c.title)
        .where(c.equipment_id == unit_id, c.open_key.is_not(None))
        .order_by(c.number.desc())
        .limit(1)
    ).first()
    return (row[0], row[1]) if row else None


def _maintenance(tx: Connection, unit_id: str) -> tuple[MaintenanceRow, ...]:
    m = t.maintenance.c
    at = func.coalesce(m.start_us, m.planned_us)
    rows = tx.execute(
        select(m.kind, m.status, at, m.end_us, m.part_id, m.finding, m.cause, m.command_id)
        .where(m.equipment_id == unit_id)
        .order_by(at.desc())
        .limit(SHOWN_MAINTENANCE)
    )
    return tuple(
        MaintenanceRow(r[0], r[1], r[2], r[3], r[4] or "", r[5] or "", r[6] or "", r[7] is not None)
        for r in rows
    )
