"""Checks that a desk can work: database, broker, queue, models. One row each."""

import socket
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from data.store.database import Database
from domain.errors import TaktwiseError
from models import registry
from runtime import secret_key, wiring
from runtime.settings import Settings
from runtime.workers import mes_members
from runtime.workers.mes_members import open_member
from runtime.workers.mes_polls import NOT_ENFORCED, open_one
from services import second_factors

TIMEOUT_S = 3.0


def run(settings: Settings) -> list[dict[str, Any]]:
    """Rows of {check, ok, detail}."""
    brokers = {"broker": settings.broker_url} | {
        f"broker {name}": url for name, url in settings.more_brokers.items()
    }
    return [
        _row("database", lambda: _database(settings)),
        _row("second factors", lambda: _second_factors(settings)),
        *(_row(name, partial(_reachable, url)) for name, url in brokers.items()),
        *(_row(f"database {name}", partial(_foreign, settings, name)) for name in _names(settings)),
        _row("queue", lambda: _reachable(settings.queue_url)),
        _row("failure model", lambda: _model(settings.failure_model)),
        _row("C-MAPSS model", lambda: _model(settings.cmapss_model)),
    ]


def _row(name: str, check: Callable[[], str]) -> dict[str, Any]:
    try:
        return {"check": name, "ok": True, "detail": check()}
    except (TaktwiseError, OSError) as error:
        return {"check": name, "ok": False, "detail": str(error)}


def _database(settings: Settings) -> str:
    store = wiring.database(settings)
    try:
        store.ping()
    finally:
        store.close()
    return store.engine.dialect.name


def _names(settings: Settings) -> list[str]:
    return sorted({*settings.mes_urls, *settings.erp_urls, *mes_members.read(settings.mes_members)})


def _foreign(settings: Settings, name: str) -> str:
    joined = mes_members.read(settings.mes_members).get(name)
    source = open_member(joined) if joined else open_one(settings, name)
    try:
        source.check()
    finally:
        source.close()
    found = f"every table of the mapping can be read: {', '.join(source.mapping.entities)}"
    return found if source.read_only else f"{found}; {NOT_ENFORCED}"


def _second_factors(settings: Settings) -> str:
    store = Database(settings.store_url, pool_size=1, seal=secret_key.load(settings))
    try:
        count = second_factors.check(store)
    finally:
        store.close()
    return f"{count} stored, all open with the key" if count else "none stored"


def _reachable(url: str) -> str:
    parts = urlsplit(url)
    default = {"mqtt": 1883, "mqtts": 8883, "nats": 4222, "amqp": 5672, "amqps": 5671}[parts.scheme]
    address = (parts.hostname or "127.0.0.1", parts.port or default)
    with socket.create_connection(address, timeout=TIMEOUT_S):
        return f"{parts.scheme} at {address[0]}:{address[1]} answers"


def _model(path: Any) -> str:
    loaded = registry.load(path)
    return f"{loaded.card.name} {loaded.card.version}"
