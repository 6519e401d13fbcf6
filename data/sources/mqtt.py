"""MQTT connections that one thread drives: nothing is read while a batch is being stored.

That is the backpressure: an unread socket fills, the broker keeps QoS 1 messages (they are
acknowledged after the commit), and no queue of ours can overflow. Callbacks only append to `inbox`.
The Sparkplug connection publishes its STATE and the rebirth request, and nothing else, ever.
"""

import os
import select
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from data.sources.messages import JSON, SESSION_ENDED, SESSION_STARTED, SPARKPLUG, RawMessage
from data.sources.sparkplug_host import must_say_online
from data.wire import json_topics, sparkplug, sparkplug_topics
from domain.errors import SettingsError

KEEPALIVE_S = 30
CONNECT_S = 5.0
FLUSH_S = 2.0
READS = 500  # packets a turn, so that the other connection gets its turn too
FIRST_RETRY_US, LONGEST_RETRY_US = 500_000, 15_000_000
_OTHERS = (f"{sparkplug_topics.NAMESPACE}/", "taktwise/", "$")

Stamp = Callable[[str], tuple[int, int]]  # topic -> (plant time, wall time) now


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and as whom to connect; a user in the URL goes before `username`.

    `name` tells several brokers apart in messages and on screens; the first has none.
    """

    url: str
    username: str = ""
    password: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A message with what is needed to acknowledge it; `mid` 0 needs no acknowledgement."""

    message: RawMessage
    mid: int
    session: int


class Link:
    """One connection. `inbox` holds what was read and not yet taken; a full inbox is not pumped."""

    def __init__(self, broker: Broker, client: paho.Client, stamp: Stamp) -> None:
        parts = urlsplit(broker.url)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            shown = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
            raise SettingsError(f"{shown!r} is no mqtt:// or mqtts:// URL")
        self.inbox: list[Receipt] = []
        self.connected = False
        self.trouble = "not connected yet"
        self.session = 0
        self.broker = broker.name
        self._client = client
        self._stamp = stamp
        self._address = (parts.hostname, parts.port or (8883 if parts.scheme == "mqtts" else 1883))
        self._retry_us = FIRST_RETRY_US
        self._next_try_us = 0
        client.connect_timeout = CONNECT_S
        if parts.username:
            client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        elif broker.username:
            client.username_pw_set(broker.username, broker.password)
        if parts.scheme == "mqtts":
            client.tls_set(cert_reqs=ssl.CERT_REQUIRED)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message

    def socket(self) -> Any | None:
        """What to wait on, None while there is no connection."""
        return self._client.socket()

    def keep_open(self, wall_us: int) -> None:
        """Connect when it is time to try; a broker that is away is no error here."""
        if self.socket() is not None:
            self._client.loop_misc()
            return
        if wall_us < self._next_try_us:
            return
        self._next_try_us = wall_us + self._retry_us
        self._retry_us = min(self._retry_us * 2, LONGEST_RETRY_US)
        try:
            self._before_connect(wall_us)
            self._client.connect(*self._address, keepalive=KEEPALIVE_S)
        except (OSError, ValueError) as error:
            self._lost(f"the broker does not answer: {error}")

    def pump(self, room: int) -> None:
        """Read what has arrived, `room` messages at most, and write what waits."""
        for _ in range(READS):
            before = len(self.inbox)
            if before >= room or self.socket() is None:
                break
            self._client.loop_read()
            if len(self.inbox) == before:
                break
        if self.socket() is not None and self._client.want_write():
            self._client.loop_write()

    def close(self) -> None:
        """Leave properly: the broker ends the connection when it has read our DISCONNECT.

        A socket closed with unread data is reset: the broker would drop the DISCONNECT and publish the will.
        """
        found = self.socket()
        if found is not None:
            held = os.dup(found.fileno())
            try:
                self._client.disconnect()
                _read_to_end(held)
            finally:
                os.close(held)
        self._lost("closed")

    def _before_connect(self, wall_us: int) -> None:
        """Prepare a connection attempt."""

    def _subscribe(self) -> None:
        raise NotImplementedError

    def _ready(self) -> None:
        """The subscription stands."""

    def _accept(self, message: paho.MQTTMessage) -> None:
        raise NotImplementedError

    def _append(self, source: str, topic: str, payload: bytes | bytearray, mid: int) -> None:
        plant_us, wall_us = self._stamp(topic)
        message = RawMessage(source, topic, bytes(payload), plant_us, wall_us, self.broker)
        self.inbox.append(Receipt(message, mid, self.session))

    def _lost(self, why: str) -> None:
        self.connected, self.trouble = False, why

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._lost(f"the broker refuses: {reason}")
            return
        self.session += 1
        self._subscribe()

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._lost(f"the connection broke: {reason}")

    def _on_subscribe(self, _client: Any, _data: Any, _mid: int, reasons: Sequence[Any], _p: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            self._lost("the broker refuses the subscription")
            return
        self.connected, self.trouble = True, ""
        self._retry_us = FIRST_RETRY_US
        self._ready()

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        try:
            self._accept(message)
        except UnicodeDecodeError:
            topic = bytes(message._topic).decode("utf-8", "replace")
            self._append(self._source(), topic, message.payload, message.mid if message.qos else 0)

    def _source(self) -> str:
        raise NotImplementedError


def _read_to_end(socket: int) -> None:
    """Read until the other side has closed, for FLUSH_S at most."""
    deadline = time.monotonic() + FLUSH_S
    while (left := deadline - time.monotonic()) > 0 and select.select([socket], [], [], left)[0]:
        try:
            if not os.read(socket, 65_536):
                return
        except OSError:
            return


class JsonLink(Link):
    """JSON topics at QoS 1: persistent session, acknowledged after the commit.

    `more` are filters beside our own. What they catch of other protocols is acknowledged and left alone.
    """

    def __init__(self, broker: Broker, client_id: str, stamp: Stamp, more: Sequence[str] = ()) -> None:
        client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False, manual_ack=True
        )
        super().__init__(broker, client, stamp)
        self._filters = [(found, 1) for found in dict.fromkeys((json_topics.SUBSCRIPTION, *more))]

    def acknowledge(self, taken: Sequence[Receipt]) -> None:
        """Tell the broker that these are stored. What came over an earlier connection comes again."""
        for receipt in taken:
            if receipt.mid and receipt.session == self.session and self.socket() is not None:
                self._client.ack(receipt.mid, 1)

    def _subscribe(self) -> None:
        self._client.subscribe(self._filters)

    def _accept(self, message: paho.MQTTMessage) -> None:
        if message.topic.startswith(_OTHERS):
            if message.qos:
                self._client.ack(message.mid, 1)
            return
        self._append(JSON, message.topic, message.payload, message.mid if message.qos else 0)

    def _source(self) -> str:
        return JSON


class SparkplugLink(Link):
    """The host application's connection: clean session, STATE birth, will and death."""

    def __init__(self, broker: Broker, client_id: str, host_id: str, stamp: Stamp) -> None:
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=True)
        super().__init__(broker, client, stamp)
        self.retained_ignored = 0
        self._host_id = host_id
        self._born_ms = 0

    def ask_rebirth(self, node: str, wall_us: int) -> None:
        """Ask an edge node (group/node) for its births."""
        group, _, name = node.partition("/")
        topic = sparkplug_topics.Topic(sparkplug_topics.MessageType.NCMD, group, name)
        if self.connected:
            self._client.publish(str(topic), sparkplug.rebirth_request(wall_us // 1000), qos=0, retain=False)

    def leave(self) -> None:
        """Publish the death: edge nodes that know us as primary host keep their data from then on.

        What arrives until the broker acknowledges it is still in `inbox`.
        """
        if not self.connected:
            return
        self.connected = False
        said = self._say(online=False, timestamp_ms=self._stamp("")[1] // 1000)
        deadline = time.monotonic() + FLUSH_S
        while not said.is_published() and time.monotonic() < deadline:
            found = self.socket()
            if found is None:
                return
            select.select([found], [], [], 0.05)
            self.pump(len(self.inbox) + READS)

    def close(self) -> None:
        """Publish the death, then disconnect."""
        self.leave()
        super().close()

    def _before_connect(self, wall_us: int) -> None:
        self._born_ms = wall_us // 1000
        will = sparkplug_topics.encode_state(sparkplug_topics.State(False, self._born_ms))
        self._client.will_set(sparkplug_topics.state_topic(self._host_id), will, qos=1, retain=True)

    def _subscribe(self) -> None:
        self._client.subscribe(
            [(sparkplug_topics.state_topic(self._host_id), 1), (sparkplug_topics.SUBSCRIPTION, 0)]
        )

    def _ready(self) -> None:
        self._append(SPARKPLUG, SESSION_STARTED, b"", 0)
        self._say(online=True, timestamp_ms=self._born_ms)

    def _on_disconnect(self, *given: Any) -> None:
        was_connected = self.connected
        super()._on_disconnect(*given)
        if was_connected:
            self._append(SPARKPLUG, SESSION_ENDED, b"", 0)

    def _say(self, *, online: bool, timestamp_ms: int) -> paho.MQTTMessageInfo:
        payload = sparkplug_topics.encode_state(sparkplug_topics.State(online, timestamp_ms))
        return self._client.publish(sparkplug_topics.state_topic(self._host_id), payload, qos=1, retain=True)

    def _accept(self, message: paho.MQTTMessage) -> None:
        if must_say_online(message.topic, bytes(message.payload), self._host_id):
            if self.connected:
                self._say(online=True, timestamp_ms=self._born_ms)
        elif message.retain:
            self.retained_ignored += 1  # a birth that a broker kept tells of a session long gone
        else:
            self._append(SPARKPLUG, message.topic, message.payload, 0)

    def _source(self) -> str:
        return SPARKPLUG
