"""Reads for *Sources and topics* and *Flow*: what comes in, from where, and what could not be read."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, and_, case, func, select, true

from auth.permissions import Permission
from data.sources.messages import JSON, SPARKPLUG
from data.store import tables as t
from data.store.intake_records import MAX_PAYLOAD
from domain.clock import HOUR, MINUTE, wall_us
from domain.telemetry import Quality
from services.context import Context
from services.queries.health import PREVIEW_BYTES, SHOWN, preview, workers
from services.rows.admin import QuarantineRow
from services.rows.intake import DeviceRow, FlowView, MinuteRow, ReasonRow, SourcesView, TopicRow

MAPPING = "topics"  # what the ingest process says of its mapping
_NO_TOPIC = "topic"
_CONNECTIONS = (JSON, SPARKPLUG)
_MOST = 1_000


class IntakeQueries:
    """Reads on behalf of `context.actor`. Permission: see health."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def flow(self, source: str = "", reason: str = "") -> FlowView:
        """The last hour, the reasons in quarantine, and the newest messages of a source and reason."""
        self._context.actor.require(Permission.SEE_HEALTH)
        now = wall_us()
        with self._context.database.read() as tx:
            messages, count = _messages(tx, source, reason)
            return FlowView(now, _minutes(tx, now), _reasons(tx), messages, count)

    def sources(self) -> SourcesView:
        """Connections, this site's devices, and topics that nothing fits."""
        self._context.actor.require(Permission.SEE_HEALTH)
        with self._context.database.read() as tx:
            detail = next((w.detail for w in workers(tx, wall_us()) if w.name == "ingest"), {})
            devices = _devices(tx, self._context.site.site_id)
            return SourcesView(_connections(detail), detail.get(MAPPING, ""), devices, _topics(tx))


def _connections(detail: Mapping[str, str]) -> dict[str, str]:
    return {name: state for name, state in detail.items() if name.split(" ")[0] in _CONNECTIONS}


def _minutes(tx: Connection, now: int) -> tuple[MinuteRow, ...]:
    f = t.flow.c
    since = now - now % MINUTE - HOUR
    columns = (f.minute_wall_us, f.source, f.received, f.stored, f.quarantined, f.lag_us, f.backlog)
    rows = tx.execute(select(*columns).where(f.minute_wall_us > since).order_by(f.minute_wall_us, f.source))
    return tuple(MinuteRow(*row) for row in rows)


def _reasons(tx: Connection) -> tuple[ReasonRow, ...]:
    q = t.quarantine.c
    rows: Iterable[Any] = tx.execute(
        select(
            q.source,
            q.reason,
            func.count(),
            func.sum(q.times),
            func.max(q.receive_us),
            func.sum(case((q.asked_wall_us.is_not(None), 1), else_=0)),
            func.sum(case((q.tried_wall_us.is_not(None), 1), else_=0)),
            func.sum(case((q.size <= MAX_PAYLOAD, 1), else_=0)),
        )
        .group_by(q.source, q.reason)
        .order_by(func.sum(q.times).desc(), q.source, q.reason)
    )
    return tuple(_reason(row) for row in rows)


def _reason(row: Any) -> ReasonRow:
    source, reason, messages, times, newest, asked, tried, whole = row
    return ReasonRow(source, reason, messages, times, newest, asked, tried, whole, source == JSON)


def _messages(tx: Connection, source: str, reason: str) -> tuple[tuple[QuarantineRow, ...], int]:
    q = t.quarantine.c
    wanted = and_(
        true(), *([q.source == source] if source else []), *([q.reason == reason] if reason else [])
    )
    columns = (q.quarantine_id, q.receive_us, q.source, q.topic, q.reason, q.detail, q.size, q.times)
    query = select(*columns, func.substr(q.payload, 1, PREVIEW_BYTES)).where(wanted)
    rows = tx.execute(query.order_by(q.quarantine_id.desc()).limit(SHOWN))
    count = tx.execute(select(func.count()).select_from(t.quarantine).where(wanted)).scalar_one()
    return tuple(QuarantineRow(*row[:8], preview(row[8])) for row in rows), count


def _devices(tx: Connection, site_id: str) -> tuple[DeviceRow, ...]:
    a, e, m, n = t.equipment_aliases.c, t.equipment.c, t.metrics.c, t.latest.c
    stale = func.sum(case((n.quality == int(Quality.STALE), 1), else_=0))
    joined = (
        t.equipment_aliases.join(t.equipment, e.equipment_id == a.equipment_id)
        .outerjoin(t.metrics, m.equipment_id == e.equipment_id)
        .outerjoin(t.latest, n.metric_id == m.metric_id)
    )
    columns = (a.source, a.external_id, e.equipment_id, e.name, e.assigned)
    rows: Iterable[Any] = tx.execute(
        select(
            *columns,
            func.count(m.metric_id),
            func.coalesce(stale, 0),
            func.max(n.receive_us),
            func.count(m.deadband),
        )
        .select_from(joined)
        .where(a.source.in_(_CONNECTIONS), e.equipment_id.startswith(f"{site_id}/", autoescape=True))
        .group_by(*columns)
        .order_by(e.assigned, a.source, a.external_id)
        .limit(_MOST)
    )
    dead, brokers = _edge(tx)
    return tuple(_device(row, dead, brokers) for row in rows)


def _device(row: Any, dead: Mapping[str, int], brokers: Mapping[str, str]) -> DeviceRow:
    source, name, unit, words, assigned, metrics, stale, heard, by_change = row
    broker = brokers.get("/".join(name.split("/")[:2]), "")
    return DeviceRow(
        source, name, unit, words, assigned, metrics, stale, heard, dead.get(name), broker, by_change
    )


def _edge(tx: Connection) -> tuple[dict[str, int], dict[str, str]]:
    """Since when Sparkplug devices are dead, and over which broker a node speaks."""
    d, n = t.edge_devices.c, t.edge_nodes.c
    dead = tx.execute(select(d.external_id, d.offline_us).where(d.offline_us.is_not(None)))
    return {row[0]: row[1] for row in dead}, {row[0]: row[1] for row in tx.execute(select(n.node, n.broker))}


def _topics(tx: Connection) -> tuple[TopicRow, ...]:
    q = t.quarantine.c
    found = (
        select(q.topic, func.sum(q.times), func.max(q.receive_us), func.max(q.quarantine_id))
        .where(q.source == JSON, q.reason == _NO_TOPIC)
        .group_by(q.topic)
        .order_by(func.sum(q.times).desc())
        .limit(SHOWN)
    )
    rows = tx.execute(found).all()
    newest = q.quarantine_id.in_([row[3] for row in rows])
    payloads = select(q.quarantine_id, func.substr(q.payload, 1, 100)).where(newest)
    said = {row[0]: row[1] for row in tx.execute(payloads)}
    return tuple(TopicRow(row[0], row[1], row[2], preview(said[row[3]])) for row in rows)
