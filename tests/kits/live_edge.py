"""Devices on a real broker: a Sparkplug edge node with a primary host, and a JSON publisher.

Both keep a log of what they sent, by source time in milliseconds.
"""

import json
import threading
import time
from collections import deque
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from data.sources.messages import RawMessage
from data.wire.json_topics import telemetry_topic
from data.wire.sparkplug import REBIRTH, decode
from data.wire.sparkplug_topics import decode_state, state_topic
from tests.kits.edge import EdgeNode

PACE = 10  # kept values that an edge node sends with each new one


def connect(url: str, client_id: str, username: str, password: str, **options) -> paho.Client:
    parts = urlsplit(url)
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, **options)
    if password:
        client.username_pw_set(username, password)
    client.max_inflight_messages_set(1000)
    client.max_queued_messages_set(0)
    assert parts.hostname is not None
    assert parts.port is not None
    client.connect(parts.hostname, parts.port)
    return client


def publish_json(url: str, password: str, device: str, start_ms: int, stop: threading.Event) -> list[int]:
    """Send some 400 messages a second at QoS 1 until `stop`, 10 ms of source time apart.

    Returns the source times that the broker acknowledged; raises when it did not acknowledge all.
    """
    client = connect(url, f"json-{device.rpartition('/')[2]}", "taktwise", password, clean_session=False)
    client.loop_start()
    waiting: list[tuple[int, paho.MQTTMessageInfo]] = []
    while not stop.is_set():
        for number in range(len(waiting), len(waiting) + 20):
            ms = start_ms + 10 * number
            body = json.dumps(
                {"ts": ms, "seq": number, "values": {"good_count": number, "load": number % 100}}
            )
            waiting.append((ms, client.publish(telemetry_topic(device), body, qos=1)))
        stop.wait(0.05)
    for _, info in waiting:
        info.wait_for_publish(60)
    client.disconnect()
    client.loop_stop()
    if not all(info.is_published() for _, info in waiting):
        raise TimeoutError("the broker did not acknowledge every message")
    return [ms for ms, _ in waiting]


class LiveEdge:
    """An edge node with one device. While the host is offline it keeps its data, and resends them in
    order, as historical however shortly they were kept, after the births that it publishes when the host is
    back."""

    def __init__(self, url: str, password: str, host_id: str, start_ms: int, node: str = "line-1") -> None:
        self.log: list[int] = []
        self.rebirths = 0
        self._edge = EdgeNode(node=node, devices=("cnc-11",))
        self._kept: deque[int] = deque()
        self._host_online = False
        self._births_due = False
        self._ms = start_ms
        self._host_topic = state_topic(host_id)
        self._lock = threading.Lock()
        self._client = connect(url, f"edge-{node}", "taktwise", password)
        self._client.on_message = self._hear
        self._client.subscribe([(self._host_topic, 1), (f"spBv1.0/north/NCMD/{node}", 0)])
        self._client.loop_start()

    def run(self, stop: threading.Event) -> None:
        """Sample some 400 times a second until `stop`, 10 ms of source time apart."""
        while not stop.is_set():
            for _ in range(20):
                self._step()
            stop.wait(0.05)

    def settle(self, seconds: float) -> None:
        """Go on slowly until nothing is kept any more, and for `seconds` after that."""
        while self._kept and self._host_online:
            self._step()
            time.sleep(0.01)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._step()
            time.sleep(0.05)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _step(self) -> None:
        self._ms += 10
        self._kept.append(self._ms)
        with self._lock:
            online, births = self._host_online, self._births_due
            self._births_due = False
        if not online:
            self._births_due = self._births_due or births
            return
        if births:
            self._send(self._edge.births(self._ms))
        for _ in range(min(PACE, len(self._kept))):
            kept = self._kept.popleft()
            self._send([self._edge.data("cnc-11", kept, self._ms, historical=kept < self._ms)])
            self.log.append(kept)

    def _send(self, messages: list[RawMessage]) -> None:
        for message in messages:
            self._client.publish(message.topic, message.payload, qos=0)

    def _hear(self, _client, _data, message: paho.MQTTMessage) -> None:
        with self._lock:
            if message.topic == self._host_topic:
                online = decode_state(bytes(message.payload)).online
                if online and not self._host_online:
                    self._edge.bd_seq += 1
                    self._births_due = True
                self._host_online = online
            elif any(
                metric.name == REBIRTH and metric.value for metric in decode(bytes(message.payload)).metrics
            ):
                self.rebirths += 1
                self._births_due = True
