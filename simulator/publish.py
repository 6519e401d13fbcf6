"""The plant's MQTT connections: one per edge node, one for all JSON devices. MQTT 3.1.1.

One thread drives them all through `pump`: no network threads. Callbacks only note events, and a `pump`
reads a bounded number of packets, so that nothing grows without bound.
"""

import select
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from data.wire import sparkplug_topics
from domain.errors import SettingsError
from simulator.edge import EdgeNode, Message
from simulator.json_devices import WINDOW, JsonDevices, Waiting, message

KEEPALIVE_S = 20
CONNECT_S = 3.0
READS = 600  # packets read in one pump
RETRY_S = (0.5, 10.0)
SETTLE_S = 1.0


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the machines publish to, and as whom."""

    url: str
    username: str = ""
    password: str = ""
    host_id: str = "taktwise"

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise SettingsError(f"{self.url!r} is no mqtt:// or mqtts:// URL")


@dataclass(frozen=True, slots=True)
class Event:
    """What a callback saw: connected, lost, message or acknowledged."""

    kind: str
    topic: str = ""
    payload: bytes = b""
    mid: int = 0


class Link:
    """One client, driven by its owner's thread."""

    def __init__(self, broker: Broker, client_id: str, *, clean: bool) -> None:
        parts = urlsplit(broker.url)
        self._address = (parts.hostname or "", parts.port or (8883 if parts.scheme == "mqtts" else 1883))
        self._events: list[Event] = []
        self._wait_s, self._retry_at = RETRY_S[0], 0.0
        self.up = False
        client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=clean, protocol=paho.MQTTv311
        )
        if broker.username:
            client.username_pw_set(broker.username, broker.password)
        if parts.scheme == "mqtts":
            client.tls_set()
        client.connect_timeout = CONNECT_S
        client.max_inflight_messages_set(WINDOW)
        client.max_queued_messages_set(2 * WINDOW)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        self.client = client

    def connect(self, will: Message | None = None) -> None:
        """Try to connect when it is time to; a broker that is away is no error here."""
        if self.client.socket() is not None or time.monotonic() < self._retry_at:
            return
        self._retry_at = time.monotonic() + self._wait_s
        self._wait_s = min(self._wait_s * 2, RETRY_S[1])
        if will is not None:
            self.client.will_set(will.topic, will.payload, will.qos)
        try:
            self.client.connect(*self._address, keepalive=KEEPALIVE_S)
        except (OSError, ValueError):
            return

    def events(self) -> list[Event]:
        """Read and write what is possible now; returns what happened since the last call."""
        if self.client.socket() is not None:
            self.client.loop_misc()
            self._read()
            self.flush()
        found, self._events = self._events, []
        return found

    def flush(self) -> None:
        """Write what waits, as far as the socket takes it."""
        if self.client.socket() is not None and self.client.want_write():
            self.client.loop_write()

    def publish(self, found: Message) -> int:
        """Hand one message over; its id, for `acknowledged` events (QoS 1)."""
        return int(self.client.publish(found.topic, found.payload, found.qos).mid)

    def settle(self, mid: int) -> None:
        """Wait a moment until the broker has acknowledged `mid`."""
        deadline = time.monotonic() + SETTLE_S
        while self.client.socket() is not None and time.monotonic() < deadline:
            if any(event.kind == "acknowledged" and event.mid == mid for event in self.events()):
                return
            time.sleep(0.005)

    def leave(self) -> None:
        """End the connection properly: the broker then keeps the will to itself."""
        if self.client.socket() is not None:
            self.client.disconnect()
            self.flush()
        self.up = False
        self._events.clear()
        self._retry_at = 0.0

    def _read(self) -> None:
        for _ in range(READS):
            socket = self.client.socket()
            if socket is None or not select.select([socket], [], [], 0)[0]:
                return
            self.client.loop_read()

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if not reason.is_failure:
            self.up, self._wait_s = True, RETRY_S[0]
            self._events.append(Event("connected"))

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, _reason: Any, _properties: Any) -> None:
        self.up = False
        self._events.append(Event("lost"))

    def _on_message(self, _client: Any, _data: Any, found: Any) -> None:
        self._events.append(Event("message", found.topic, found.payload))

    def _on_publish(self, _client: Any, _data: Any, mid: int, _reason: Any, _properties: Any) -> None:
        self._events.append(Event("acknowledged", mid=mid))


class NodeLink:
    """An edge node on its connection."""

    def __init__(self, broker: Broker, node: EdgeNode) -> None:
        self._node, self._host_topic = node, sparkplug_topics.state_topic(broker.host_id)
        self._commands = f"{sparkplug_topics.NAMESPACE}/{node.group}/NCMD/{node.node}"
        self._link = Link(broker, f"edge-{node.group}-{node.node}", clean=True)

    def pump(self, now_ms: int) -> None:
        """Take events, send what waits, reconnect where needed."""
        for event in self._link.events():
            self._take(event, now_ms)
        if not self._link.up:
            self._link.connect(self._node.will(now_ms))
            return
        self._node.resend()
        last = [self._link.publish(found) for found in self._node.take_out()]
        self._link.flush()
        if self._node.leave:
            self._leave(last[-1])

    def _take(self, event: Event, now_ms: int) -> None:
        match event.kind:
            case "connected":
                self._node.on_connected()
                self._link.client.subscribe([(self._host_topic, 1), (self._commands, 0)])
            case "lost":
                self._node.on_disconnected()
            case "message" if event.topic == self._host_topic:
                self._node.on_state(event.payload, now_ms)
            case "message":
                self._node.on_command(event.payload, now_ms)

    def _leave(self, death: int) -> None:
        self._link.settle(death)  # an NDEATH left in flight would be sent again in the next session
        self._link.leave()
        self._node.on_disconnected()
        self._node.leave = False

    def close(self, now_ms: int) -> None:
        """Say goodbye: NDEATH, then disconnect."""
        if self._link.up:
            self._leave(self._link.publish(self._node.will(now_ms)))


class JsonLink:
    """All JSON devices on their connection; counts a message as sent when the broker took it."""

    def __init__(self, broker: Broker, devices: JsonDevices, site: str) -> None:
        self._devices = devices
        self._link = Link(broker, f"devices-{site}", clean=False)
        self._flying: dict[int, Waiting] = {}

    def pump(self, now_ms: int) -> None:
        """Take acknowledgements, send what waits and fits, reconnect where needed."""
        del now_ms
        for event in self._link.events():
            if event.kind == "acknowledged" and (waiting := self._flying.pop(event.mid, None)):
                self._devices.sent(waiting)
        if not self._link.up:
            self._link.connect()
            return
        while len(self._flying) < WINDOW and (waiting := self._devices.next()) is not None:
            self._flying[self._link.publish(message(waiting))] = waiting
        self._link.flush()

    def show(self, picture: Message) -> None:
        """Send a picture, unless the broker is away: a camera keeps none."""
        if self._link.up:
            self._link.publish(picture)

    def close(self, now_ms: int) -> None:
        """Wait a moment for acknowledgements; what is left goes back into the buffer."""
        deadline = time.monotonic() + 3.0
        while self._link.up and self._flying and time.monotonic() < deadline:
            self.pump(now_ms)
            time.sleep(0.02)
        self._link.leave()
        for waiting in reversed(list(self._flying.values())):
            self._devices.buffer.appendleft(waiting)
        self._flying.clear()
