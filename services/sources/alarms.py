"""Alarms that ask for an operator join their machine's open case; one of high priority may open one."""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from data.store import alarms as store
from data.store import tables as t
from domain.alarms.life import Priority
from domain.clock import HOUR
from domain.recommendation import CAUSES, probable_cause_of
from domain.telemetry import METRICS, figure_text
from services.alarms.definition import Definition, definition_of
from services.joining import Signal, Source
from services.queries.common import names_of, under
from services.situation import causes_of, machine_at

FRESH_US = HOUR


def found(tx: Connection, site_id: str, now_us: int) -> list[Signal]:
    """The alarms of the last hour that still stand, the newest time each, oldest first."""
    e, s = t.alarm_events.c, t.alarm_states.c
    rows = tx.execute(
        select(e.alarm_id, e.at_us, e.value)
        .join_from(t.alarm_events, t.alarm_states, s.alarm_id == e.alarm_id)
        .where(e.asks, e.at_us > now_us - FRESH_US, e.at_us <= now_us, s.condition)
        .where(under(e.equipment_id, site_id))
        .order_by(e.at_us)
    ).all()
    newest = {row.alarm_id: row for row in rows}
    return [
        _signal(tx, one, newest[one.alarm_id].at_us, newest[one.alarm_id].value) for one in _of(tx, newest)
    ]


def _of(tx: Connection, alarm_ids: Iterable[str]) -> list[Definition]:
    query = store.newest(t.alarm_definitions.c.alarm_id.in_(list(alarm_ids)))
    return [definition_of(dict(row)) for row in tx.execute(query).mappings()]


def _signal(tx: Connection, one: Definition, at_us: int, value: float | None) -> Signal:
    spec = METRICS.get(one.watched)
    unit = "" if spec is None or spec.unit == "1" else spec.unit
    label = (spec.label if spec else one.watched.replace("_", " ")).lower()
    name = names_of(tx, [one.equipment_id]).get(one.equipment_id, one.equipment_id)
    beyond = f"{'above' if one.high else 'below'} {figure_text(one.limit_value, unit)}"
    at = f" ({figure_text(value, unit)})" if value is not None else ""
    known = causes_of(tx, machine_at(tx, one.equipment_id).machine_type)
    return Signal(
        source=Source.ALARM,
        source_id=one.alarm_id,
        said_by=f"alarm {one.name}",
        equipment_id=one.equipment_id,
        cause=probable_cause_of({one.watched: 1.0}, [cause for cause in known if cause in CAUSES]),
        at_us=at_us,
        words=f"The alarm \u201c{one.name}\u201d of {name} came: {label} {beyond}{at}. {one.consequence}",
        opens=one.priority is Priority.HIGH,
    )
