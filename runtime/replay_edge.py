"""A Sparkplug edge node that sends recorded engines: births, data by alias, history on demand."""

import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from data.wire import sparkplug, sparkplug_topics
from data.wire.sparkplug import DataType, Metric, Payload
from data.wire.sparkplug_topics import MessageType, Topic
from domain.clock import wall_us
from domain.errors import Malformed, Unavailable
from runtime.settings import Settings

CONNECT_S = 5.0
HOST_S = 20.0


class Engines:
    """One edge node with all engines as devices. Publish from one thread; callbacks only set flags."""

    def __init__(self, settings: Settings, group: str, node: str, metrics: tuple[str, ...]) -> None:
        self._group, self._node, self._metrics = group, node, metrics
        self._settings = settings
        self._seq = 0
        self._last: dict[str, tuple[int, tuple[float, ...]]] = {}
        self._ready, self._online = threading.Event(), threading.Event()
        self._rebirth = threading.Event()
        client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=f"edge-{group}-{node}", clean_session=True
        )
        if settings.broker_username:
            client.username_pw_set(settings.broker_username, settings.broker_password)
        client.max_queued_messages_set(0)
        client.on_connect, client.on_message = self._on_connect, self._on_message
        client.will_set(self._topic(MessageType.NDEATH), self._death(), qos=1)
        self._client = client

    def connect(self) -> None:
        """Connect and wait until the ingest worker says that it is there. Raises Unavailable."""
        parts = urlsplit(self._settings.broker_url)
        try:
            self._client.connect(parts.hostname or "127.0.0.1", parts.port or 1883, keepalive=30)
        except OSError as error:
            raise Unavailable(f"the broker at {self._settings.broker_url} does not answer") from error
        self._client.loop_start()
        if not self._ready.wait(CONNECT_S):
            self.close()
            raise Unavailable(f"the broker at {self._settings.broker_url} lets nobody in")
        if not self._online.wait(HOST_S):
            self.close()
            raise Unavailable("no ingest worker listens on the broker")

    def born(self, values: Mapping[str, tuple[int, tuple[float, ...]]]) -> None:
        """NBIRTH, and a DBIRTH per device with its source time (microseconds) and values."""
        self._last = dict(values)
        self._seq = 0
        metric = Metric(sparkplug.BD_SEQ, None, None, DataType.INT64, 0)
        self._send(MessageType.NBIRTH, "", (metric,))
        for device, (at_us, numbers) in values.items():
            named = [
                Metric(name, alias, at_us // 1000, DataType.DOUBLE, value)
                for alias, (name, value) in enumerate(zip(self._metrics, numbers, strict=True))
            ]
            self._send(MessageType.DBIRTH, device, named)

    def data(self, device: str, at_us: int, values: tuple[float, ...], *, historical: bool = False) -> None:
        """One DDATA. Asked for a rebirth, the births go first."""
        if self._rebirth.is_set():
            self._rebirth.clear()
            self.born(self._last)
        if not historical:
            self._last[device] = (at_us, values)
        metrics = [
            Metric("", alias, at_us // 1000, DataType.DOUBLE, value, is_historical=historical)
            for alias, value in enumerate(values)
        ]
        self._send(MessageType.DDATA, device, metrics)

    def serve_rebirth(self) -> None:
        """Send the births again when the host has asked for them."""
        if self._rebirth.is_set():
            self._rebirth.clear()
            self.born(self._last)

    def close(self) -> None:
        """Say NDEATH, wait until all is out, and leave."""
        if self._client.is_connected():
            info = self._client.publish(self._topic(MessageType.NDEATH), self._death(), qos=1)
            deadline = time.monotonic() + CONNECT_S
            while not info.is_published() and time.monotonic() < deadline:
                time.sleep(0.01)
            self._client.disconnect()
        self._client.loop_stop()

    def _send(self, kind: MessageType, device: str, metrics: Iterable[Metric]) -> None:
        payload = Payload(wall_us() // 1000, self._seq, tuple(metrics))
        self._seq = (self._seq + 1) % 256
        self._client.publish(self._topic(kind, device), sparkplug.encode(payload), qos=0)

    def _topic(self, kind: MessageType, device: str = "") -> str:
        return str(Topic(kind, self._group, self._node, device))

    def _death(self) -> bytes:
        metric = Metric(sparkplug.BD_SEQ, None, None, DataType.INT64, 0)
        return sparkplug.encode(Payload(wall_us() // 1000, None, (metric,)))

    def _on_connect(self, client: paho.Client, _data: Any, _flags: Any, reason: Any, _props: Any) -> None:
        if not reason.is_failure:
            client.subscribe(self._topic(MessageType.NCMD), qos=1)
            client.subscribe(sparkplug_topics.state_topic(self._settings.host_id), qos=1)
            self._ready.set()

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        payload = bytes(message.payload)
        try:
            if message.topic.endswith(f"/STATE/{self._settings.host_id}"):
                online = sparkplug_topics.decode_state(payload).online
                (self._online.set if online else self._online.clear)()
                return
            metrics = sparkplug.decode(payload).metrics
        except Malformed:
            return
        if any(metric.name == sparkplug.REBIRTH and metric.value is True for metric in metrics):
            self._rebirth.set()
