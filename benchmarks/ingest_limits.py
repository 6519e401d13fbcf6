"""How far is ingest from what the parts can do at best? Both sides in this process, in turn.

A backlog in memory through decoding, judging, state log, roll-ups and one commit a batch, against nothing
but the insert of the same rows into the same table; Sparkplug payloads against parsing and reading them.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select, text

from benchmarks.ingest_messages import NAMES
from data.sources.messages import RawMessage
from data.store import history
from data.store import tables as t
from data.store.database import Database
from data.wire import json_topics, sparkplug
from data.wire.sparkplug import DataType, Metric, Payload
from data.wire.sparkplug_schema import PAYLOAD
from domain.clock import wall_us
from services.ingest import JSON, Ingest

ROOT = Path(__file__).resolve().parent.parent
UNITS, SECONDS, BATCH = 50, 320, 4_000
PAYLOADS, METRICS = 3_000, 12


def decoding() -> tuple[float, float]:
    """Processor microseconds a metric: ours, and the bare parser with the fields read."""
    metrics = tuple(
        Metric("", alias, 1_790_000_000_000 + alias, DataType.DOUBLE, 1.5 * alias) for alias in range(METRICS)
    )
    data = [
        sparkplug.encode(Payload(1_790_000_000_000 + n, n % 256, metrics)) for n in range(PAYLOADS)
    ]  # distinct, so that nothing can be remembered

    def ours() -> None:
        for one in data:
            sparkplug.decode(one)

    return _per_metric(ours), _per_metric(lambda: [_bare(one) for one in data])


def _bare(data: bytes) -> list[tuple[object, ...]]:
    found = PAYLOAD.FromString(data)
    return [
        (m.name, m.alias, m.timestamp, m.datatype, getattr(m, m.WhichOneof("value"))) for m in found.metrics
    ]


def _per_metric(act: Callable[[], object]) -> float:
    began = time.process_time()
    act()
    return (time.process_time() - began) / PAYLOADS / METRICS * 1e6


def drains(url: str) -> tuple[float, float]:
    """Rows a second into a fresh database at `url`: a backlog through ingest, and bare inserts of it."""
    messages = list(_messages())
    batches = [messages[at : at + BATCH] for at in range(0, len(messages), BATCH)]
    with _fresh(url) as database:
        ingest = Ingest(database)
        ingest.take(batches[0])  # registers the machines
        began = time.perf_counter()
        stored = sum(ingest.take(batch).stored for batch in batches[1:])
        ours = stored / (time.perf_counter() - began)
        with database.read() as tx:
            rows = [tuple(row) for row in tx.execute(select(t.readings))]
    rows.sort(key=lambda row: (row[1], row[0]))
    size = BATCH * len(NAMES)
    parts = [sorted(rows[at : at + size]) for at in range(0, len(rows), size)]
    with _fresh(url) as database:
        _insert(database, parts[0])
        began = time.perf_counter()
        for part in parts[1:]:
            _insert(database, part)
        return ours, sum(map(len, parts[1:])) / (time.perf_counter() - began)


def _insert(database: Database, rows: list[history.ReadingRow]) -> None:
    """SQLite: bare executemany. PostgreSQL: bare binary COPY, and the merge."""
    with database.write() as tx:
        if database.is_sqlite:
            tx.exec_driver_sql("INSERT OR IGNORE INTO readings VALUES (?,?,?,?,?)", rows)
        else:
            history.store_readings(tx, rows)


@contextmanager
def _fresh(url: str) -> Iterator[Database]:
    with tempfile.TemporaryDirectory(prefix="taktwise-bench-") as folder:
        name = f"taktwise_bench_{os.getpid()}"
        if url:
            server = Database(url)
            _alone(server, f'CREATE DATABASE "{name}"')
        database = Database(
            f"{url.rpartition('/')[0]}/{name}" if url else f"sqlite:///{Path(folder) / 'bench.db'}"
        )
        try:
            database.create_all()
            yield database
        finally:
            database.close()
            if url:
                _alone(server, f'DROP DATABASE "{name}" WITH (FORCE)')
                server.close()


def _alone(server: Database, words: str) -> None:
    with server.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(words))


def postgres() -> str:
    """URL of the test server (scripts/services), empty when it does not run."""
    if found := os.environ.get("TAKTWISE_TEST_POSTGRES_URL", ""):
        return found
    command = [str(ROOT / "scripts" / "services"), "env"]
    said = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True).stdout
    return dict(line.split("=", 1) for line in said.splitlines()).get("TAKTWISE_TEST_POSTGRES_URL", "")


def _messages() -> Iterator[RawMessage]:
    """50 machines at 1 Hz, twelve values a message."""
    now = wall_us()
    began_ms = now // 1_000 - SECONDS * 1_000
    for second in range(SECONDS):
        values: dict[str, object] = dict(zip(NAMES, _values(second), strict=True))
        payload = json_topics.encode(json_topics.Telemetry(began_ms + second * 1_000, second, values))
        for unit in range(UNITS):
            topic = json_topics.telemetry_topic(f"north/bench/line-{unit // 10}/unit-{unit}")
            yield RawMessage(JSON, topic, payload, now, now)


def _values(second: int) -> tuple[float, ...]:
    wave = second * 7 % 100
    gauges = (
        40 + wave * 0.3,
        21.5,
        600 + wave,
        20 + wave * 0.2,
        1 + wave * 0.01,
        1_400.0 + wave,
        50.0 + wave * 0.4,
    )
    return (*gauges, second * 0.01, second // 5, second // 100, 5 if wave > 96 else 6, 1)
