"""A Sparkplug B edge node with its devices, as a state machine: events in, messages out.

It takes one host application as its primary host. Until that host's STATE says online it sends
nothing and keeps readings in a bounded buffer; what falls out is counted. When the host goes away the
node says NDEATH and asks for a new connection (`leave` is set). After its births it resends the buffer
as historical, oldest first; new readings queue behind it, so that order is kept.
"""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from data.wire import sparkplug, sparkplug_topics
from data.wire.sparkplug import DataType, Metric, Payload
from data.wire.sparkplug_topics import MessageType, Topic
from domain.errors import Malformed
from simulator.ledger import Ledger
from simulator.readout import METRICS, Reading

BUFFER = 20_000
RESEND = 100  # buffered readings sent at a time


class Message(NamedTuple):
    """One publication."""

    topic: str
    payload: bytes
    qos: int = 0


class EdgeNode:
    """One edge node. Not thread-safe; `take_out` returns and clears what is to be published."""

    def __init__(
        self, group: str, node: str, devices: Sequence[str], ledger: Ledger, *, buffer: int = BUFFER
    ) -> None:
        self.group, self.node, self.devices = group, node, tuple(devices)
        self.bd_seq = 0
        self.leave = False
        self.connected = self.online = False
        self.buffer: deque[tuple[str, Reading]] = deque()
        self._limit = buffer
        self._seq = 0
        self._born_ms = 0
        self._host_ms = -1
        self._latest: dict[str, Reading] = {}
        self._out: list[Message] = []
        self._ledger = ledger

    def will(self, now_ms: int) -> Message:
        """The NDEATH of the coming session, for CONNECT; every session has its own bdSeq."""
        metric = Metric(sparkplug.BD_SEQ, None, None, DataType.INT64, self.bd_seq)
        payload = Payload(now_ms, None, (metric,))
        return Message(self._topic(MessageType.NDEATH), sparkplug.encode(payload), 1)

    def on_connected(self) -> None:
        """The broker accepted us; births wait for the host."""
        self.connected, self.online, self.leave = True, False, False
        self._host_ms = -1

    def on_disconnected(self) -> None:
        """The connection broke, or was left. The next session has the next bdSeq."""
        if self.connected:
            self.bd_seq = (self.bd_seq + 1) % 256
        self.connected = self.online = False
        self._out.clear()

    def on_state(self, payload: bytes, now_ms: int) -> None:
        """The primary host says that it is there, or not. Older statements than the last are ignored."""
        try:
            state = sparkplug_topics.decode_state(payload)
        except Malformed:
            return
        if not self.connected or state.timestamp_ms < self._host_ms:
            return
        self._host_ms = state.timestamp_ms
        if state.online and not self.online and not self.leave:
            self.online = True
            self._births(now_ms)
        elif not state.online and self.online:
            self._out.append(self.will(now_ms))
            self.online, self.leave = False, True

    def on_command(self, payload: bytes, now_ms: int) -> None:
        """NCMD: a rebirth request sends all births again; anything else is ignored."""
        try:
            metrics = sparkplug.decode(payload).metrics
        except Malformed:
            return
        if self.online and any(m.name == sparkplug.REBIRTH and m.value is True for m in metrics):
            self._births(now_ms)

    def take(self, device: str, reading: Reading) -> None:
        """A new reading of a device."""
        self._ledger.account(self._name(device)).made += 1
        self._latest[device] = reading
        if self.online and not self.buffer:
            self._data(device, reading)
            return
        self.buffer.append((device, reading))
        if len(self.buffer) > self._limit:
            lost, _ = self.buffer.popleft()
            self._ledger.account(self._name(lost)).dropped += 1

    def resend(self) -> None:
        """Send some of the buffer, when the host is there."""
        if not self.online:
            return
        for _ in range(min(RESEND, len(self.buffer))):
            self._data(*self.buffer.popleft())

    def take_out(self) -> list[Message]:
        """Messages to publish now, in order."""
        found, self._out = self._out, []
        return found

    def births(self, now_ms: int) -> list[Message]:
        """Go online at once, as if the host were there, and give the births: for a history."""
        self.connected = self.online = True
        self._births(now_ms)
        return self.take_out()

    def _births(self, now_ms: int) -> None:
        self._seq = 0
        self._born_ms = now_ms
        stamp = now_ms
        metrics = (
            Metric(sparkplug.BD_SEQ, None, stamp, DataType.INT64, self.bd_seq),
            Metric(sparkplug.REBIRTH, None, stamp, DataType.BOOLEAN, False),
        )
        self._send(MessageType.NBIRTH, "", Payload(stamp, self._next(), metrics))
        for device in self.devices:
            reading = self._latest.get(device)
            self._ledger.born(self._name(device), reading.at_ms if reading is not None else None)
            self._send(MessageType.DBIRTH, device, Payload(stamp, self._next(), _birth(reading, stamp)))

    def _data(self, device: str, reading: Reading) -> None:
        late = reading.at_ms < self._born_ms
        metrics = tuple(
            Metric("", column.alias, reading.at_ms, column.datatype, value, late)
            for column, value in zip(METRICS, reading.values, strict=True)
            if value is not None
        )
        self._send(MessageType.DDATA, device, Payload(reading.at_ms, self._next(), metrics))
        self._ledger.sent(self._name(device), reading.at_ms, historical=late)

    def _send(self, kind: MessageType, device: str, payload: Payload) -> None:
        self._out.append(Message(self._topic(kind, device), sparkplug.encode(payload)))

    def _next(self) -> int:
        seq, self._seq = self._seq, (self._seq + 1) % 256
        return seq

    def _topic(self, kind: MessageType, device: str = "") -> str:
        return str(Topic(kind, self.group, self.node, device))

    def _name(self, device: str) -> str:
        return f"{self.group}/{self.node}/{device}"


def _birth(reading: Reading | None, now_ms: int) -> tuple[Metric, ...]:
    values = reading.values if reading is not None else (None,) * len(METRICS)
    stamp = reading.at_ms if reading is not None else now_ms
    return tuple(
        Metric(column.name, column.alias, stamp, column.datatype, value, is_null=value is None)
        for column, value in zip(METRICS, values, strict=True)
    )
