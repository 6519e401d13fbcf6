"""The state of everything that the desk is connected to, and what is wrong with it in sentences."""

import json
from collections.abc import Iterable, Mapping

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from data.store import tables as t
from domain.clock import SECOND
from services.rows.admin import (
    GapRow,
    NodeRow,
    QuarantineRow,
    QueueRow,
    SourceRow,
    WatermarkRow,
    WorkerRow,
)
from services.rows.reports import FailedRun

LATE_US = 30 * SECOND
UNREAD_US = 300 * SECOND
MEBI = 1024 * 1024
LEAST_ROOM = 16 * MEBI
BACKLOG_US = 60 * SECOND
SHOWN = 50
GAPS_SHOWN = 12
PREVIEW_BYTES = 400
STRAYS = "readings_of_days_without_a_table"  # in the heartbeat of ingest (PostgreSQL)


def workers(tx: Connection, now_wall_us: int) -> tuple[WorkerRow, ...]:
    """Every process that has ever reported, by name."""
    w = t.workers.c
    return tuple(
        WorkerRow(
            name=row["name"],
            state=row["state"],
            restarts=row["restarts"],
            started_wall_us=row["started_wall_us"],
            heartbeat_wall_us=row["heartbeat_wall_us"],
            late=row["state"] != "stopped" and now_wall_us - row["heartbeat_wall_us"] > LATE_US,
            detail=_detail(row["detail"]),
        )
        for row in tx.execute(select(t.workers).order_by(w.name)).mappings()
    )


def _detail(text: str) -> Mapping[str, str]:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {"note": text}
    if not isinstance(value, dict):
        return {"note": str(value)}
    return {str(k): f"{v:,.1f}" if isinstance(v, float) else str(v) for k, v in value.items()}


def sources(tx: Connection) -> tuple[SourceRow, ...]:
    """The counters of each source."""
    c = t.ingest_counters.c
    found: dict[str, dict[str, int]] = {}
    for source, counter, value in tx.execute(select(c.source, c.counter, c.value).order_by(c.source)):
        found.setdefault(source, {})[counter] = value
    return tuple(SourceRow(source, counters) for source, counters in found.items())


def nodes(tx: Connection) -> tuple[NodeRow, ...]:
    """Edge nodes, offline ones first."""
    n = t.edge_nodes.c
    rows = tx.execute(select(n.node, n.online, n.born_us, n.seen_us, n.rebirths).order_by(n.online, n.node))
    return tuple(NodeRow(*row) for row in rows)


def gaps(tx: Connection) -> tuple[tuple[GapRow, ...], int]:
    """The newest gaps, and how many there are."""
    g = t.gaps.c
    rows = tx.execute(
        select(g.source, g.external_id, g.from_us, g.to_us, g.missing, g.cause)
        .order_by(g.gap_id.desc())
        .limit(GAPS_SHOWN)
    )
    count = tx.execute(select(func.count()).select_from(t.gaps)).scalar_one()
    return tuple(GapRow(*row) for row in rows), count


def quarantine(tx: Connection) -> tuple[tuple[QuarantineRow, ...], int]:
    """The newest messages in quarantine, and how many different ones there are."""
    q = t.quarantine.c
    rows = tx.execute(
        select(
            q.quarantine_id,
            q.receive_us,
            q.source,
            q.topic,
            q.reason,
            q.detail,
            q.size,
            q.times,
            func.substr(q.payload, 1, PREVIEW_BYTES),
        )
        .order_by(q.quarantine_id.desc())
        .limit(SHOWN)
    )
    count = tx.execute(select(func.count()).select_from(t.quarantine)).scalar_one()
    return tuple(QuarantineRow(*row[:8], preview(row[8])) for row in rows), count


def preview(payload: bytes | str | None) -> str:
    """The beginning of a payload as text: UTF-8 where it is text, else hexadecimal."""
    raw = payload.encode() if isinstance(payload, str) else bytes(payload or b"")
    text = raw.decode("utf-8", errors="ignore")
    readable = sum(c.isprintable() or c in "\n\t" for c in text)
    lost = len(raw) - len(text.encode())
    return text if text and readable >= 0.9 * (len(text) + lost) else raw[:64].hex(" ")


def watermarks(tx: Connection, now_wall_us: int) -> tuple[WatermarkRow, ...]:
    """How far each MES and ERP table has been read."""
    w = t.watermarks.c
    rows = tx.execute(
        select(w.instance, w.entity, w.updated_us, w.read_wall_us, w.state).order_by(w.instance, w.entity)
    )
    return tuple(WatermarkRow(*row, now_wall_us - row.read_wall_us > UNREAD_US) for row in rows)


def queues(tx: Connection) -> tuple[QueueRow, ...]:
    """Each receiver queue: what waits, what left, and what was answered."""
    o, r = t.outbox.c, t.receipts
    waiting = o.state.in_(["pending", "leased"])

    def answered(status: str) -> ColumnElement[int]:
        told = select(r.c.command_id).where(r.c.command_id == o.message_id, r.c.status == status).exists()
        return func.sum(case((told, 1), else_=0))

    silent = and_(o.state == "sent", ~select(r.c.command_id).where(r.c.command_id == o.message_id).exists())
    rows = tx.execute(
        select(
            o.queue,
            func.sum(case((waiting, 1), else_=0)),
            func.sum(case((o.state == "sent", 1), else_=0)),
            func.sum(case((o.state == "failed", 1), else_=0)),
            func.min(case((waiting, o.created_wall_us))),
            func.max(case((waiting, o.last_error), else_="")),
            answered("accepted"),
            answered("refused"),
            answered("done"),
            func.sum(case((silent, 1), else_=0)),
        )
        .group_by(o.queue)
        .order_by(o.queue)
    )
    return tuple(QueueRow(*row) for row in rows)


def trouble(
    workers: Iterable[WorkerRow],
    nodes: Iterable[NodeRow],
    watermarks: Iterable[WatermarkRow],
    queues: Iterable[QueueRow],
    now_wall_us: int,
    undelivered: Iterable[FailedRun] = (),
    room_bytes: int | None = None,
) -> tuple[str, ...]:
    """What is wrong now, one short clause each; empty when all is well."""
    found = []
    if room_bytes is not None and room_bytes < LEAST_ROOM:
        left = f"{room_bytes / MEBI:.0f} MiB left"
        found.append(f"the disk with the database is full ({left}): nothing is taken in until there is room")
    found += [f"{w.name} gives no sign of life" for w in workers if w.late]
    found += [f"{w.name} is {w.state}" for w in workers if not w.late and w.state != "running"]
    found += [
        f"{w.detail[STRAYS]} readings lie on days that have no table of their own: a clock may be wrong"
        for w in workers
        if w.detail.get(STRAYS, "0") != "0"
    ]
    found += [f"{w.name}: {w.detail['trouble']}" for w in workers if w.detail.get("trouble")]
    offline = [n.node for n in nodes if not n.online]
    if offline:
        found.append(f"edge node {', '.join(offline)} is offline")
    read = list(watermarks)
    broken = {w.instance for w in read if w.state != "ok"}
    unread = {w.instance for w in read if w.late} - broken
    found += [f"{name} cannot be read" for name in sorted(broken)]
    found += [f"{name} was not read for 5 minutes" for name in sorted(unread)]
    for queue in queues:
        if queue.failed:
            found.append(f"{queue.failed} orders for {queue.queue} could not be sent")
        if queue.oldest_wall_us is not None and now_wall_us - queue.oldest_wall_us > BACKLOG_US:
            found.append(f"{queue.waiting} orders wait for {queue.queue}")
    late = list(undelivered)
    if late:
        many = (
            f"{len(late)} reports" if len(late) > 1 else f"the {late[0].kind} report of {late[0].period_name}"
        )
        found.append(f"{many} could not be brought away: {late[0].detail}")
    return tuple(found)
