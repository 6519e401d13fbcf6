"""Listens on a broker for a while, without a session of its own there: nothing is kept for it."""

import queue
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from data.sources.mqtt import Broker
from domain.errors import Unavailable

CONNECT_S = 10.0
MAX_WAITING = 10_000  # beyond it messages are dropped, and counted

Hear = Callable[[str, bytes], None]


def listen(broker: Broker, topic_filter: str, client_id: str, hear: Hear, stop: threading.Event) -> int:
    """Call `hear` for each message until `stop`; returns how many were dropped because `hear` was slow.

    Raises Unavailable when the broker does not answer or refuses.
    """
    parts = urlsplit(broker.url)
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=True)
    username = unquote(parts.username) if parts.username else broker.username
    if username:
        client.username_pw_set(username, unquote(parts.password or "") or broker.password)
    if parts.scheme == "mqtts":
        client.tls_set_context(broker.tls.context())
    heard = _Heard(client, topic_filter)
    try:
        client.connect_timeout = CONNECT_S
        client.connect(str(parts.hostname), parts.port or (8883 if parts.scheme == "mqtts" else 1883))
    except (OSError, ValueError) as error:
        raise Unavailable(f"the broker does not answer: {error}") from error
    client.loop_start()
    try:
        heard.pass_on(hear, stop)
    finally:
        client.disconnect()
        client.loop_stop()
    return heard.dropped


class _Heard:
    """What paho's thread received; it only enqueues."""

    def __init__(self, client: paho.Client, topic_filter: str) -> None:
        self.dropped = 0
        self._filter = topic_filter
        self._ready = threading.Event()
        self._refused = ""
        self._waiting: queue.Queue[tuple[bytes, bytes]] = queue.Queue(MAX_WAITING)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message

    def pass_on(self, hear: Hear, stop: threading.Event) -> None:
        """Until `stop`."""
        if not self._ready.wait(CONNECT_S) or self._refused:
            raise Unavailable(f"the broker refuses: {self._refused or 'no answer'}")
        while not stop.is_set():
            try:
                topic, payload = self._waiting.get(timeout=0.1)
            except queue.Empty:
                continue
            hear(topic.decode("utf-8", "replace"), payload)

    def _on_connect(self, client: paho.Client, _data: Any, _flags: Any, reason: Any, _p: Any) -> None:
        if reason.is_failure:
            self._refused = str(reason)
            self._ready.set()
        else:
            client.subscribe(self._filter, qos=0)

    def _on_subscribe(self, _client: Any, _data: Any, _mid: int, reasons: Any, _p: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            self._refused = f"no subscription to {self._filter}"
        self._ready.set()

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        try:
            self._waiting.put_nowait((message._topic, bytes(message.payload)))
        except queue.Full:
            self.dropped += 1
