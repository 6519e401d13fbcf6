"""How fast is a backlog taken from the broker into SQLite, by our ingest process and by Node-RED?

Each run has a broker (NATS) and a database file of its own. The reader starts and stores 1,000 messages to
warm up; then it is stopped (SIGSTOP) while the machines publish at QoS 1, and goes on with all of them
waiting (the broker's wait for acknowledgements is raised, so that it repeats nothing). The clock runs
from there to the last stored row. Processor time and memory are those of the reader's process, by the
kernel's own account.
"""

import os
import re
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks import nodered_peer
from data.sources.mqtt import Broker, JsonLink
from data.store.database import Database
from data.wire import json_topics
from domain.clock import wall_us
from domain.errors import TaktwiseError
from runtime.nats_server import ACK_WAIT_S, write_config
from runtime.workers.ingest import BATCH

ROOT = Path(__file__).resolve().parent.parent
NAMES = ["temperature"]
UNITS, STEP_MS = 50, 1_000
OURS = "Taktwise"
USER, PASSWORD = "taktwise", "bench-only"
CLIENTS = {OURS: "taktwise-bench-json", nodered_peer.ONE: "nodered", nodered_peer.MANY: "nodered"}
WARM = 1_000
LONGEST_S = 120.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Drained:
    """Messages a second, processor microseconds a message, the most memory in MiB."""

    rate: float
    cpu_us: float
    mib: float


def drain(reader: str, messages: int, packages: Path) -> Drained:
    """One run. Raises TaktwiseError when the reader did not finish in time."""
    with tempfile.TemporaryDirectory(prefix="taktwise-bench-") as name, _broker(Path(name)) as port:
        folder = Path(name)
        table = folder / "bench.db"
        database = Database(f"sqlite:///{table}")
        database.create_all()
        database.close()
        _session(port, CLIENTS[reader])
        process = _start(reader, folder, port, table, packages)
        try:
            return _measure(process, port, table, messages, folder)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def acknowledged(messages: int) -> Drained:
    """The same backlog, read and acknowledged in this process, and thrown away."""
    with tempfile.TemporaryDirectory(prefix="taktwise-bench-") as name, _broker(Path(name)) as port:
        broker = Broker(f"mqtt://127.0.0.1:{port}", USER, PASSWORD)
        _session(port, CLIENTS[OURS])
        _publish(port, wall_us() // 1_000, 0, messages)
        link = JsonLink(broker, CLIENTS[OURS], lambda _topic: (0, 0))
        try:
            cpu, began, found = time.process_time(), time.monotonic(), 0
            while found < messages and time.monotonic() - began < LONGEST_S:
                link.keep_open(wall_us())
                link.pump(BATCH)
                taken, link.inbox = link.inbox, []
                link.acknowledge(taken)
                found += len(taken)
                if not taken and (where := link.socket()) is not None:
                    select.select([where], [], [], 0.05)
            took = time.monotonic() - began
            return Drained(found / took, (time.process_time() - cpu) / messages * 1e6, 0.0)
        finally:
            link.close()


def _start(reader: str, folder: Path, port: int, table: Path, packages: Path) -> subprocess.Popen[bytes]:
    if reader != OURS:
        where = {
            "port": port, "client": CLIENTS[reader], "user": USER, "password": PASSWORD, "ui": _free_port(),
            "topic": json_topics.SUBSCRIPTION, "table": str(table),
        }  # fmt: skip
        return nodered_peer.start(packages, folder / "red", reader, NAMES, where)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TAKTWISE_")}
    ours = {
        "TAKTWISE_VAR_DIR": str(folder),
        "TAKTWISE_DATABASE_URL": f"sqlite:///{table}",
        "TAKTWISE_BROKER_URL": f"mqtt://127.0.0.1:{port}",
        "TAKTWISE_BROKER_PASSWORD": PASSWORD,
        "TAKTWISE_INSTANCE": "bench",
    }
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "runtime", "ingest"]
        return subprocess.Popen(command, cwd=ROOT, env=kept | ours, stdout=log, stderr=log)


def _measure(
    process: subprocess.Popen[bytes], port: int, table: Path, messages: int, folder: Path
) -> Drained:
    began_ms = wall_us() // 1_000 - (messages + WARM) // UNITS * STEP_MS
    _publish(port, began_ms, 0, WARM)
    _wait_for(process, table, WARM, folder)
    process.send_signal(signal.SIGSTOP)
    try:
        _publish(port, began_ms, WARM, WARM + messages)
    finally:
        cpu, began = _cpu_s(process.pid), time.monotonic()
        process.send_signal(signal.SIGCONT)
    _wait_for(process, table, WARM + messages, folder)
    took, cpu = time.monotonic() - began, _cpu_s(process.pid) - cpu
    return Drained(messages / took, cpu / messages * 1e6, _peak_mib(process.pid))


def _wait_for(process: subprocess.Popen[bytes], table: Path, messages: int, folder: Path) -> None:
    deadline = time.monotonic() + LONGEST_S
    while _count(table) < messages * len(NAMES):
        if time.monotonic() > deadline or process.poll() is not None:
            said = [
                p.read_text(errors="replace")[-2_000:]
                for p in (folder / "log", folder / "red" / "log")
                if p.exists()
            ]
            raise TaktwiseError(f"the reader stored {_count(table)} rows and no more: {' '.join(said)}")
        time.sleep(0.02)


def _count(table: Path) -> int:
    with sqlite3.connect(f"file:{table}?mode=ro", uri=True, timeout=10) as found:
        count = found.execute("SELECT COUNT(*) FROM readings").fetchone()[0]
    found.close()
    return int(count)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _peak_mib(pid: int) -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


@contextmanager
def _broker(folder: Path) -> Iterator[int]:
    """The embedded broker, on ports of its own."""
    mqtt, client = _free_port(), _free_port()
    config = write_config(
        folder / "nats", mqtt_port=mqtt, client_port=client, username=USER, password=PASSWORD
    )
    config.write_text(config.read_text().replace(f'ack_wait: "{ACK_WAIT_S}s"', 'ack_wait: "60s"'))
    binary = Path(sys.executable).parent / "nats-server"
    with (folder / "nats.log").open("wb") as log:
        process = subprocess.Popen([binary, "-c", config], stdout=log, stderr=log)
    try:
        for _ in range(400):
            with socket.socket() as probe:
                if not probe.connect_ex(("127.0.0.1", mqtt)):
                    break
            time.sleep(0.05)
        yield mqtt
    finally:
        process.kill()
        process.wait()


def _client(port: int, name: str, *, clean: bool) -> paho.Client:
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=clean)
    client.username_pw_set(USER, PASSWORD)
    client.max_inflight_messages_set(1_000)
    client.max_queued_messages_set(0)
    client.connect("127.0.0.1", port)
    return client


def _session(port: int, name: str) -> None:
    """A session that keeps what is published from now on."""
    client, ready = _client(port, name, clean=False), list[int]()
    client.on_subscribe = lambda *_: ready.append(1)
    client.subscribe(json_topics.SUBSCRIPTION, 1)
    client.loop_start()
    while not ready:
        time.sleep(0.02)
    client.disconnect()
    client.loop_stop()


def _publish(port: int, began_ms: int, first: int, last: int) -> None:
    """50 machines in turn, one second of source time apart; until all are acknowledged."""
    client = _client(port, "machines", clean=True)
    client.loop_start()
    waiting: list[Any] = []
    for number in range(first, last):
        step, unit = divmod(number, UNITS)
        topic = json_topics.telemetry_topic(f"north/bench/line-{unit // 10}/unit-{unit}")
        waiting.append(client.publish(topic, _body(began_ms + step * STEP_MS, step, unit), qos=1))
    for info in waiting:
        info.wait_for_publish(60)
    client.disconnect()
    client.loop_stop()


def _body(ms: int, step: int, unit: int) -> bytes:
    wave = (step * 7 + unit) % 100
    values = (40 + wave * 0.37,)
    return json_topics.encode(json_topics.Telemetry(ms, step, dict(zip(NAMES, values, strict=True))))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
