"""The audit table: one chain, in which every entry carries the hash of the one before.

On SQLite a unit of work has the database for itself. On PostgreSQL writers queue at one advisory
lock, held until their transaction ends, so that two entries never continue the same one.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, insert, select, text

from data.store import tables as t

LOCK = 7_246_001
GENESIS = "0" * 64


def lock(tx: Connection) -> None:
    """Be the only one who appends until this transaction ends. May be called more than once."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})


def head(tx: Connection) -> str:
    """The hash of the newest entry. Call `lock` before."""
    newest = select(t.audit.c.hash).order_by(t.audit.c.entry.desc()).limit(1)
    return tx.execute(newest).scalar() or GENESIS


def add(tx: Connection, row: Mapping[str, Any]) -> None:
    """Store one entry as it is."""
    tx.execute(insert(t.audit).values(dict(row)))


def entries(tx: Connection, batch: int = 1_000) -> Iterator[Any]:
    """All entries, oldest first, a batch at a time."""
    last = 0
    while True:
        query = select(t.audit).where(t.audit.c.entry > last).order_by(t.audit.c.entry).limit(batch)
        rows = tx.execute(query).mappings().all()
        if not rows:
            return
        yield from rows
        last = rows[-1]["entry"]


def said(tx: Connection, subject_kind: str, subject_id: str, actor: str, action: str) -> bool:
    """True when the actor has an entry of this kind about this subject."""
    a = t.audit.c
    query = select(a.entry).where(a.subject_kind == subject_kind, a.subject_id == subject_id)
    return tx.execute(query.where(a.actor == actor, a.action == action).limit(1)).first() is not None


def stands(tx: Connection, key: str) -> bool:
    """True when an entry with this hash is stored."""
    return tx.execute(select(t.audit.c.entry).where(t.audit.c.hash == key).limit(1)).first() is not None


def newest(tx: Connection) -> tuple[int, str] | None:
    """Number and hash of the newest entry; None in an empty audit."""
    a = t.audit.c
    row = tx.execute(select(a.entry, a.hash).order_by(a.entry.desc()).limit(1)).first()
    return None if row is None else (int(row[0]), str(row[1]))


def between(tx: Connection, from_wall_us: int, to_wall_us: int) -> Iterator[Any]:
    """Entries of a span of wall time, oldest first."""
    yield from (row for row in entries(tx) if from_wall_us <= row["wall_us"] < to_wall_us)


def signed_records(tx: Connection) -> dict[tuple[str, str], Any]:
    """Signatures by (account, hash of the record)."""
    rows = tx.execute(select(t.signatures)).mappings()
    return {(row["account_id"], row["record_hash"]): row for row in rows}
