"""How fast is ingest? Ten days of 50 devices at 5-minute steps, through the code that runs live.

CPU seconds of this process: decoding, judging, storing, state log, roll-ups, on SQLite.
"""

import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from data.store.database import Database
from data.wire import json_topics, sparkplug
from data.wire.sparkplug import DataType, Metric, Payload
from data.wire.sparkplug_topics import MessageType, Topic
from domain.clock import MINUTE
from services.ingest import JSON, SPARKPLUG, Ingest, RawMessage

NODES, DEVICES, BATCH = 5, 5, 2_000
T0_MS, STEP_MS = 1_790_000_000_000, 5 * MINUTE // 1000
GAUGES = ("temperature", "ambient_temperature", "pressure", "current", "vibration_rms", "speed", "load")
NAMES = (*GAUGES, "energy", "good_count", "scrap_count", "state", "mode")
REACH_US = 200.0


def run(*, steps: int = 2_880, seed: int = 1) -> list[dict[str, Any]]:
    """One row: CPU microseconds a message of 12 values. `reach`: 200,000 messages in 40 s of one core."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'bench.db'}")
        database.create_all()
        ingest, messages, cpu = Ingest(database), 0, 0.0
        for batch in _batches(steps, random.Random(seed)):  # noqa: S311
            began = time.process_time()
            result = ingest.take(batch)
            cpu += time.process_time() - began
            messages += result.received
        database.close()
    per_message = cpu / messages * 1e6
    row = {
        "name": "ingest of one message",
        "value": round(per_message, 1),
        "unit": "us of one core",
        "reach": REACH_US,
        "ok": per_message <= REACH_US,
        "method": f"{messages} messages of {len(NAMES)} values, half Sparkplug B, half JSON; SQLite",
    }
    return [row]


def _batches(steps: int, rng: random.Random) -> Iterator[list[RawMessage]]:
    batch: list[RawMessage] = []
    seqs = [0] * NODES
    for step in range(steps):
        ms = T0_MS + step * STEP_MS
        values = _values(step, rng)
        for node in range(NODES):
            kinds = (MessageType.NBIRTH, *[MessageType.DBIRTH] * DEVICES) if step == 0 else ()
            kinds = kinds or (MessageType.DDATA,) * DEVICES
            for place, kind in enumerate(kinds):
                batch.append(_sparkplug(node, place, kind, ms, seqs[node], values))
                seqs[node] = (seqs[node] + 1) % 256
            batch += [_json(node, device, ms, step, values) for device in range(DEVICES)]
        if len(batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _values(step: int, rng: random.Random) -> tuple[float, ...]:
    state = 5.0 if step % 7 == 0 else 6.0
    return (*(rng.random() * 50 for _ in GAUGES), step * 1.0, step * 3.0, float(step // 10), state, 1.0)


def _sparkplug(
    node: int, place: int, kind: MessageType, ms: int, seq: int, values: tuple[float, ...]
) -> RawMessage:
    if kind is MessageType.NBIRTH:
        topic = Topic(kind, "north", f"line-{node}")
        metrics: tuple[Metric, ...] = (Metric(sparkplug.BD_SEQ, None, ms, DataType.UINT64, 0),)
    else:
        birth = kind is MessageType.DBIRTH
        topic = Topic(kind, "north", f"line-{node}", f"unit-{place - birth}")
        metrics = tuple(
            Metric(NAMES[alias] if birth else "", alias, ms, DataType.DOUBLE, value)
            for alias, value in enumerate(values)
        )
    return RawMessage(
        SPARKPLUG, str(topic), sparkplug.encode(Payload(ms, seq, metrics)), ms * 1000, ms * 1000
    )


def _json(node: int, device: int, ms: int, step: int, values: tuple[float, ...]) -> RawMessage:
    found: dict[str, object] = dict(zip(NAMES, values, strict=True))
    topic = json_topics.telemetry_topic(f"north/hall/line-{node}/unit-{device}")
    payload = json_topics.encode(json_topics.Telemetry(ms, step, found))
    return RawMessage(JSON, topic, payload, ms * 1000, ms * 1000)
