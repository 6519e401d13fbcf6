"""Where a replay runs: the broker and the ingest worker that are there, or some of its own."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import inspect

from data.store import migrate
from data.store.database import Database
from domain.clock import SECOND, wall_us
from domain.errors import Unavailable
from runtime import nats_server, ports, secret_key, wiring
from runtime.settings import Settings
from services import replay

PLANT = "plant"
FRESH_US = 12 * SECOND
START_S = 10.0


@dataclass(frozen=True, slots=True)
class Place:
    """The same broker as the desk sees it, and as machines do: their users may differ."""

    desk: Settings
    machines: Settings


def database(settings: Settings) -> Database:
    """The store; an empty one gets its tables."""
    store = wiring.database(settings)
    with store.read() as tx:
        empty = not inspect(tx).has_table("sites")
    if empty:
        migrate.upgrade(settings.store_url, seal=secret_key.ensure(settings))
    return store


@contextmanager
def place(settings: Settings) -> Iterator[Place]:
    """The broker that is set, else the running demo's, else one of our own for as long as the block runs.

    Raises Unavailable when a broker is set and does not answer.
    """
    if "broker_url" in settings.model_fields_set:
        if not _answers(settings.broker_url):
            raise Unavailable(f"the broker at {settings.broker_url} does not answer")
        yield Place(settings, settings)
        return
    demo = _embedded(settings)
    if demo is not None and _answers(demo.desk.broker_url):
        yield demo
        return
    with _own(settings) as own:
        yield own


@contextmanager
def ingest(settings: Settings, store: Database) -> Iterator[None]:
    """The ingest worker that runs, once it has noticed a new site; or one of our own, in a thread."""
    since = wall_us()
    if since - replay.ingest_seen_us(store) < FRESH_US:
        while wall_us() - since < FRESH_US:
            if replay.ingest_seen_us(store) > since:
                yield
                return
            time.sleep(0.2)
    from runtime.workers import ingest as worker

    stop = threading.Event()
    thread = threading.Thread(target=worker.main, args=(settings, stop), name="ingest", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(START_S)


def _embedded(settings: Settings) -> Place | None:
    """The demo's broker on this var/ folder, None when there never was one."""
    path = settings.var_dir / "ports.json"
    if not path.exists():
        return None
    return _users(settings, int(json.loads(path.read_text())["mqtt"]))


def _users(settings: Settings, port: int) -> Place:
    url = f"mqtt://127.0.0.1:{port}"
    password, plant = (ports.broker_password(settings.var_dir, *user) for user in ((), (PLANT,)))
    return Place(
        settings.model_copy(update={"broker_url": url, "broker_password": password}),
        settings.model_copy(update={"broker_url": url, "broker_username": PLANT, "broker_password": plant}),
    )


@contextmanager
def _own(settings: Settings) -> Iterator[Place]:
    settings.var_dir.mkdir(parents=True, exist_ok=True)
    chosen = ports.choose(settings.var_dir)
    users = _users(settings, chosen["mqtt"])
    config = nats_server.write_config(
        settings.var_dir / "nats",
        mqtt_port=chosen["mqtt"],
        client_port=chosen["queue"],
        username=users.desk.broker_username,
        password=users.desk.broker_password,
        plant_username=users.machines.broker_username,
        plant_password=users.machines.broker_password,
    )
    binary = Path(sys.executable).parent / "nats-server"
    with subprocess.Popen([binary, "-c", config], stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + START_S
            while not _answers(users.desk.broker_url) and time.monotonic() < deadline:
                time.sleep(0.1)
            yield users
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 1883), timeout=1):
            return True
    except OSError:
        return False
