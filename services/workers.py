"""What the processes say of themselves: heartbeats from each, starts and crashes from the supervisor."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update

from data.store import tables as t
from data.store.database import Database
from data.store.upsert import insert_ignore
from domain.clock import wall_us


def beat(database: Database, name: str, pid: int, detail: Mapping[str, Any]) -> None:
    """Say that `name` is alive. `detail` is small: rates, lag, backlog, one sentence of trouble."""
    now = wall_us()
    with database.write() as tx:
        _know(tx, name, now)
        tx.execute(
            update(t.workers)
            .where(t.workers.c.name == name)
            .values(pid=pid, state="running", heartbeat_wall_us=now, detail=json.dumps(detail))
        )


def supervised(database: Database, name: str, pid: int, state: str, restarts: int) -> None:
    """Record what the supervisor saw of a process."""
    now = wall_us()
    started = {"started_wall_us": now} if state == "running" else {}
    with database.write() as tx:
        _know(tx, name, now)
        tx.execute(
            update(t.workers)
            .where(t.workers.c.name == name)
            .values(pid=pid, state=state, restarts=restarts, heartbeat_wall_us=now, **started)
        )


def last_beat_us(database: Database, name: str) -> int | None:
    """Wall time of the last heartbeat, None when it never ran."""
    with database.read() as tx:
        query = select(t.workers.c.heartbeat_wall_us).where(t.workers.c.name == name)
        found: int | None = tx.execute(query).scalar()
    return found


def _know(tx: Any, name: str, now: int) -> None:
    row = {
        "name": name, "pid": 0, "state": "starting", "started_wall_us": now, "heartbeat_wall_us": now,
        "restarts": 0, "detail": "{}",
    }  # fmt: skip
    insert_ignore(tx, t.workers, [row])
