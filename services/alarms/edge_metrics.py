"""Alerts of gateways as alarms of the desk: one for each limit that a placed machine's gateway watches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, or_, select

from data.store import alarms as store
from data.store import tables as t
from domain.alarms.life import Priority
from domain.clock import wall_us
from domain.edge import Side, alert_metric, alert_on
from domain.equipment import line_of
from domain.ids import new_id
from domain.telemetry import METRICS
from services.alarms.definition import Definition, definition_of
from services.queries.common import under

GATEWAY = "gateway"  # who defined it
CONSEQUENCE = "Not written down yet: the gateway's file set this limit."
RESPONSE = "Look at the machine. Who manages alarms writes down here what to do."


@dataclass(frozen=True, slots=True)
class AlertMetric:
    """A metric that tells an alert, with its limit, and the source time of its newest value."""

    metric_id: int
    equipment_id: str
    name: str
    limit: float
    newest_us: int


def alert_metrics(tx: Connection, site_id: str) -> list[AlertMetric]:
    """Those of the site's placed machines."""
    m, e, latest = t.metrics.c, t.equipment.c, t.latest.c
    told = or_(*(m.name.endswith(alert_metric("", side), autoescape=True) for side in Side))
    query = (
        select(m.metric_id, m.equipment_id, m.name, m.edge_limit, latest.source_us)
        .join_from(t.metrics, t.equipment, e.equipment_id == m.equipment_id)
        .outerjoin(t.latest, latest.metric_id == m.metric_id)
        .where(told, m.edge_limit.is_not(None), e.assigned, under(m.equipment_id, site_id))
        .order_by(m.metric_id)
    )
    rows = tx.execute(query).all()
    return [AlertMetric(*row[:4], row[4] or 0) for row in rows if alert_on(row[2]) is not None]


def definitions(tx: Connection, site_id: str) -> dict[tuple[str, str], Definition]:
    """The newest definition of each alarm that a gateway judges, by machine and metric."""
    d = t.alarm_definitions.c
    told = or_(*(d.metric.endswith(alert_metric("", side), autoescape=True) for side in Side))
    found = [
        definition_of(dict(r))
        for r in tx.execute(store.newest(told, under(d.equipment_id, site_id))).mappings()
    ]
    return {(one.equipment_id, one.metric): one for one in found}


def undefined(
    metrics: Sequence[AlertMetric], known: Mapping[tuple[str, str], Definition]
) -> list[AlertMetric]:
    """Those without an alarm, and those whose limit has changed at the gateway."""
    return [
        one
        for one in metrics
        if (found := known.get((one.equipment_id, one.name))) is None or found.limit_value != one.limit
    ]


def define(tx: Connection, one: AlertMetric, known: Definition | None, now_us: int) -> None:
    """A new alarm, or a new version with the gateway's new limit; words and priority stay."""
    if known is None:
        made, reason = _new(tx, one), "A gateway watches this limit."
        store.begin(tx, made.alarm_id, now_us)
    else:
        made = replace(known, limit_value=one.limit, version=known.version + 1)
        reason = "The limit was changed in the gateway's file."
    who: dict[str, Any] = {"changed_by": GATEWAY, "changed_us": now_us, "changed_wall_us": wall_us()}
    store.add_definition(tx, {**made.columns(), **who, "reason": reason})


def _new(tx: Connection, one: AlertMetric) -> Definition:
    found = alert_on(one.name)
    assert found is not None  # noqa: S101 - alert_metrics gives no others
    metric, side = found
    spec = METRICS.get(metric)
    label = spec.label if spec else metric.replace("_", " ").capitalize()
    return Definition(
        new_id(), one.equipment_id, _position(tx, one.equipment_id),
        f"{label} {'over' if side is Side.HIGH else 'under'} the gateway's limit", one.name,
        side is Side.HIGH, one.limit, Priority.MEDIUM, CONSEQUENCE, RESPONSE,
    )  # fmt: skip


def _position(tx: Connection, equipment_id: str) -> str:
    """The nearest operator position above the machine; its line while none is named."""
    named = {part for part, _ in store.positions(tx)}
    parts = equipment_id.split("/")
    above = ("/".join(parts[:depth]) for depth in range(len(parts), 0, -1))
    return next((part for part in above if part in named), line_of(equipment_id))
