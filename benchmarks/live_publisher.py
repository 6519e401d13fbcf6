"""The 50 devices of bench live: history first, then one message a second each, by the real ingest."""

import json
import math
import sys
import time
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from auth.permissions import Role
from data.store import tables as t
from data.store.database import Database
from data.store.upsert import upsert
from domain.clock import HOUR, MINUTE, SECOND, Clock, wall_us
from domain.equipment import line_of
from runtime import demo_site
from services import bootstrap, clocks
from services.ingest import JSON, Ingest, RawMessage
from simulator.layout import Unit, demo

STEP_S = 0.1
BATCHES = 10  # every device speaks once in this many steps
HISTORY_US = 6 * HOUR


def prepare(database: Database) -> None:
    """The demo plant with six hours of history, a shift, orders, and the account `watcher`."""
    database.create_all()
    layout = demo()
    demo_site.place(database, layout, {})
    now = wall_us()
    with database.write() as tx:
        clocks.write(tx, layout.site, Clock(now, now))
        aliases = [
            {"source": "json", "external_id": u.equipment_id, "equipment_id": u.equipment_id}
            for u in layout.units
        ]
        upsert(tx, t.equipment_aliases, aliases, ["source", "external_id"])
        for line in layout.lines:
            tx.execute(insert(t.shifts).values(_shift(line.equipment_id, line.instance, now)))
        for unit in layout.units:
            rate, work = _work(unit, layout.lines[unit.line].instance, now)
            tx.execute(insert(t.product_rates).values(rate))
            tx.execute(insert(t.operations).values(work))
    bootstrap.add_account(
        database, "watcher", "Watcher", [Role.SUPERVISOR], [layout.site], "only for this bench"
    )
    ingest = Ingest(database, layout.site)
    for at in range(now - HISTORY_US, now, 5 * MINUTE):
        ingest.take([message(unit, at, at - now + HISTORY_US) for unit in layout.units])


def publish(database: Database, log: Path, seconds: float) -> None:
    """Send; note line, newest source time and commit time of every batch and line."""
    layout = demo()
    ingest = Ingest(database, layout.site)
    end, step = time.monotonic() + seconds, 0
    with log.open("w") as out:
        while time.monotonic() < end:
            begin = time.monotonic()
            speaking = [u for u in layout.units if u.index % BATCHES == step % BATCHES]
            sent = [(u, wall_us()) for u in speaking]
            ingest.take([message(u, at, HISTORY_US + step * 100_000) for u, at in sent])
            committed = time.time() * 1_000
            newest = {line_of(u.equipment_id): at for u, at in sent}
            for line, at in newest.items():
                out.write(json.dumps([line, at - at % 1_000, committed]) + "\n")
            step += 1
            time.sleep(max(0.0, STEP_S - (time.monotonic() - begin)))


def message(unit: Unit, at_us: int, run_us: int) -> RawMessage:
    """One JSON telemetry message; times on the wire are milliseconds."""
    parts = run_us // (30 * SECOND)
    state = 9 if (run_us // MINUTE + 7 * unit.index) % 97 < 4 else 6
    wave = math.sin(run_us / (40 * MINUTE) + unit.index)
    values: dict[str, Any] = {
        "temperature": round(50 + 4 * wave, 2),
        "vibration_rms": round(2 + 0.3 * wave, 3),
        "current": round(14 + wave, 2),
        "power": round(7 + 0.4 * wave, 2),
        "load": round(70 + 5 * wave, 1),
        "state": state,
        "mode": 1,
        "good_count": parts,
        "scrap_count": parts // 40,
    }
    body = json.dumps({"ts": at_us // 1_000, "seq": at_us // 1_000 % 2**31, "values": values}).encode()
    return RawMessage(JSON, f"uns/{unit.equipment_id}/telemetry", body, at_us, at_us)


def _shift(line_id: str, instance: str, now: int) -> dict[str, Any]:
    return {
        "instance": instance, "shift_id": "s1", "line_id": line_id, "name": "Early",
        "start_us": now - HISTORY_US, "end_us": now + 2 * HOUR,
        "break_s": 1_800, "break_start_us": now - 2 * HOUR, "frozen_us": now - HISTORY_US, "updated_us": now,
    }  # fmt: skip


def _work(unit: Unit, instance: str, now: int) -> tuple[dict[str, Any], dict[str, Any]]:
    start = now - HISTORY_US
    rate = {
        "instance": instance, "product_id": "P-1", "equipment_id": unit.equipment_id, "planned_cycle_s": 28.0,
        "basis": "planned", "valid_from_us": 0, "updated_us": now,
    }  # fmt: skip
    work = {
        "instance": instance, "operation_id": unit.equipment_id, "order_id": "WO-1", "product_id": "P-1",
        "equipment_id": unit.equipment_id, "start_us": start, "end_us": None,
        "setup_end_us": start + 10 * MINUTE, "updated_us": now,
    }  # fmt: skip
    return rate, work


if __name__ == "__main__":
    publish(Database(f"sqlite:///{Path(sys.argv[1]) / 'taktwise.db'}"), Path(sys.argv[2]), float(sys.argv[3]))
