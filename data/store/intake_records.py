"""What ingest keeps beside the readings: quarantine, gaps, counters, and the Sparkplug host's memory."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, case, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from data.store import tables as t
from data.store.statements import Statement
from data.store.upsert import insert_ignore, upsert
from domain.telemetry import Gap, Rejected

MAX_PAYLOAD = 64 * 1024
MAX_QUARANTINE = 20_000
_COUNT = Statement(
    "INSERT INTO ingest_counters (source, counter, value) VALUES (:source, :counter, :value)"
    " ON CONFLICT (source, counter) DO UPDATE SET value = ingest_counters.value + excluded.value"
)
_KEY = ("source", "topic", "digest", "reason")


def quarantine(tx: Connection, rejected: Iterable[tuple[Rejected, int]]) -> None:
    """Keep what could not be used (with its receipt in plant time); the same again only counts `times`.

    Beyond MAX_QUARANTINE the oldest go; they are counted as `forgotten`.
    """
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    for found, receive_us in rejected:
        row = _quarantine_row(found, receive_us)
        known = rows.setdefault(tuple(row[name] for name in _KEY), row)
        if known is not row:
            known["times"] += 1
    if not rows:
        return
    insert = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    statement = insert(t.quarantine)
    changed = {
        "times": t.quarantine.c.times + statement.excluded.times,
        "receive_us": statement.excluded.receive_us,
        "record": statement.excluded.record,
    }
    tx.execute(statement.on_conflict_do_update(index_elements=list(_KEY), set_=changed), list(rows.values()))
    _prune(tx)


def store_gaps(tx: Connection, gaps: Iterable[Gap], withdrawn: Iterable[Gap], receive_us: int) -> None:
    """Store gaps, and take back those that resent history has filled."""
    g = t.gaps.c
    for gap in withdrawn:
        key = (gap.device.source, gap.device.name, gap.from_us, gap.to_us, gap.cause)
        columns = (g.source, g.external_id, g.from_us, g.to_us, g.cause)
        tx.execute(
            delete(t.gaps).where(*(column == value for column, value in zip(columns, key, strict=True)))
        )
    rows = [
        {
            "source": gap.device.source,
            "external_id": gap.device.name,
            "from_us": gap.from_us,
            "to_us": gap.to_us,
            "missing": gap.missing,
            "cause": gap.cause,
            "receive_us": receive_us,
        }
        for gap in gaps
    ]
    insert_ignore(tx, t.gaps, rows)


def count(tx: Connection, source: str, counters: Mapping[str, int]) -> None:
    """Add to the counters of a source; zeros are left out."""
    rows = [{"source": source, "counter": name, "value": value} for name, value in counters.items() if value]
    if rows:
        _COUNT.run_many(tx, rows)


def add_flow(tx: Connection, rows: list[dict[str, Any]], forget_us: int) -> None:
    """Add to the minutes of `flow`; lag and backlog keep their highest. Older than `forget_us` is deleted."""
    insert = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    statement = insert(t.flow)
    old, new = t.flow.c, statement.excluded
    changed = {name: old[name] + new[name] for name in ("received", "stored", "quarantined")}
    changed |= {
        name: case((new[name] > old[name], new[name]), else_=old[name]) for name in ("lag_us", "backlog")
    }
    keys = ["minute_wall_us", "source"]
    tx.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), rows)
    tx.execute(delete(t.flow).where(old.minute_wall_us < forget_us))


def ask_again(tx: Connection, source: str, reason: str, wall_us: int) -> int:
    """Ask for the whole messages of a source and reason to be read again; returns how many."""
    q = t.quarantine.c
    whole = (q.source == source) & (q.reason == reason) & (q.size <= MAX_PAYLOAD)
    asked = update(t.quarantine).where(whole, q.asked_wall_us.is_(None)).values(asked_wall_us=wall_us)
    return int(tx.execute(asked).rowcount)


def asked_again(tx: Connection, source: str, limit: int) -> list[Any]:
    """(quarantine_id, topic, payload, receive_us, times) of what is to be read again, oldest first."""
    q = t.quarantine.c
    query = select(q.quarantine_id, q.topic, q.payload, q.receive_us, q.times)
    wanted = query.where(q.source == source, q.asked_wall_us.is_not(None))
    return list(tx.execute(wanted.order_by(q.receive_us, q.quarantine_id).limit(limit)))


def settle_again(tx: Connection, tried: Mapping[int, int], wall_us: int) -> int:
    """After the attempt on `tried` (id -> times before): what was set aside anew for the same reason has
    counted up and stays, the rest goes. Returns how many went."""
    q = t.quarantine.c
    rows = tx.execute(select(q.quarantine_id, q.times).where(q.quarantine_id.in_(list(tried)))).all()
    again = [row.quarantine_id for row in rows if row.times > tried[row.quarantine_id]]
    gone = [row.quarantine_id for row in rows if row.times == tried[row.quarantine_id]]
    tx.execute(delete(t.quarantine).where(q.quarantine_id.in_(gone)))
    for one in again:
        kept = {"asked_wall_us": None, "tried_wall_us": wall_us, "times": tried[one]}
        tx.execute(update(t.quarantine).where(q.quarantine_id == one).values(**kept))
    return len(gone)


def let_go(tx: Connection, source: str, topic: str, records: Iterable[str], kept: Iterable[bytes]) -> None:
    """Rows of a database that were read anew leave the quarantine, but for the payloads in `kept`."""
    q = t.quarantine.c
    of_table = (q.source == source) & (q.topic == topic) & (q.record != "")
    waiting = tx.execute(select(q.quarantine_id, q.record, q.digest).where(of_table)).all()
    if not waiting:
        return
    known = {clean(record, 512) for record in records}
    again = {hashlib.sha256(payload).hexdigest() for payload in kept}
    gone = [row.quarantine_id for row in waiting if row.record in known and row.digest not in again]
    for start in range(0, len(gone), 500):
        tx.execute(delete(t.quarantine).where(q.quarantine_id.in_(gone[start : start + 500])))


def let_all_go(tx: Connection, source: str, topic: str) -> None:
    """All rows of a database's table leave the quarantine: they are about to be read anew."""
    q = t.quarantine.c
    tx.execute(delete(t.quarantine).where(q.source == source, q.topic == topic))


def first_seen(tx: Connection, topic: str, payload: bytes, wall_us: int, forget_us: int) -> bool:
    """True the first time, False when the very message was taken before, after `forget_us`."""
    s = t.seen_messages.c
    tx.execute(delete(t.seen_messages).where(s.receive_wall_us < forget_us))
    digest = hashlib.sha256(payload).hexdigest()
    row = {"topic": topic, "digest": digest, "receive_wall_us": wall_us}
    return insert_ignore(tx, t.seen_messages, [row]) == 1


def save_nodes(tx: Connection, rows: list[dict[str, Any]]) -> None:
    """Keep the state of edge nodes."""
    upsert(tx, t.edge_nodes, rows, ["node"])


def save_devices(tx: Connection, rows: list[dict[str, Any]]) -> None:
    """Keep what the host must remember of devices."""
    upsert(tx, t.edge_devices, rows, ["external_id"])


def load_nodes(tx: Connection) -> list[Any]:
    """Rows of `edge_nodes`."""
    return list(tx.execute(select(t.edge_nodes)))


def load_devices(tx: Connection) -> list[Any]:
    """Rows of `edge_devices`."""
    return list(tx.execute(select(t.edge_devices)))


def clean(text: str, limit: int) -> str:
    """Text that both databases can hold: no NUL, no lone surrogate, `limit` characters at most."""
    return text[:limit].replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _quarantine_row(found: Rejected, receive_us: int) -> dict[str, Any]:
    return {
        "receive_us": receive_us,
        "source": found.source,
        "topic": clean(found.topic, 512),
        "reason": found.reason,
        "detail": clean(found.detail, 500),
        "digest": hashlib.sha256(found.payload).hexdigest(),
        "size": len(found.payload),
        "payload": found.payload[:MAX_PAYLOAD],
        "times": 1,
        "record": clean(found.record, 512),
    }


def _prune(tx: Connection) -> None:
    q = t.quarantine.c
    highest = tx.execute(select(func.max(q.quarantine_id))).scalar() or 0
    lowest = tx.execute(select(func.min(q.quarantine_id))).scalar() or 0
    if highest - lowest < MAX_QUARANTINE:
        return
    # PostgreSQL uses up a number for each repetition too: only counting tells how many there are
    beyond = select(q.quarantine_id).order_by(q.quarantine_id.desc()).offset(MAX_QUARANTINE).limit(1)
    last = tx.execute(beyond).scalar()
    if last is not None:
        gone = tx.execute(delete(t.quarantine).where(q.quarantine_id <= last).returning(q.source))
        for source, messages in Counter(gone.scalars()).items():
            count(tx, source, {"forgotten": messages})
