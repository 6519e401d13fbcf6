"""A Sparkplug B edge node that takes one host application as its primary host: events in, messages out.

Until the host's STATE says online it publishes nothing. When the host goes away it says NDEATH and wants a
new connection (`leave`). A device is born while its server answers, and dead while it does not. The births
carry, for every metric, the unit, the deadband, the sampling and the aggregation as properties.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from data.edge.gateway_file import GatewayFile
from data.edge.shelf import Entry
from data.wire import sparkplug, sparkplug_topics
from data.wire.sparkplug import DataType, Metric, Payload, Reporting
from data.wire.sparkplug_topics import MessageType, Topic
from domain.edge import EdgeValue
from domain.errors import Malformed
from domain.telemetry import METRICS, Quality

_CODES = {Quality.BAD: 0, Quality.STALE: 500}
Said = Mapping[tuple[str, str], EdgeValue]


class Message(NamedTuple):
    """One publication."""

    topic: str
    payload: bytes
    qos: int = 0


@dataclass(frozen=True, slots=True)
class Column:
    """A metric of a device: its alias (unique in the node) and what its births say of it."""

    name: str
    alias: int
    reporting: Reporting


class EdgeNode:
    """Not thread-safe; `take_out` returns and clears what is to be published, in order."""

    def __init__(self, group: str, node: str, columns: Mapping[str, Sequence[Column]], bd_seq: int) -> None:
        self.group, self.node, self.columns = group, node, columns
        self.bd_seq = bd_seq
        self.connected = self.online = self.leave = False
        self.present: set[str] = set()
        self.births_sent = 0
        self._aliases = {(d, c.name): c.alias for d, found in columns.items() for c in found}
        self._seq = 0
        self._born: dict[str, int] = {}
        self._silent: set[str] = set()  # born, and nothing was sent since
        self._host_ms = -1
        self._out: list[Message] = []

    def will(self, now_ms: int) -> Message:
        """The NDEATH of this session, for CONNECT and for a clean end."""
        metric = Metric(sparkplug.BD_SEQ, None, now_ms, DataType.INT64, self.bd_seq)
        return Message(self._topic(MessageType.NDEATH), sparkplug.encode(Payload(now_ms, None, (metric,))), 1)

    def on_connected(self) -> None:
        """The broker accepted us; births wait for the host."""
        self.connected, self.online, self.leave = True, False, False
        self._host_ms = -1

    def on_disconnected(self) -> None:
        """The connection broke, or was left. The next session has the next bdSeq."""
        if self.connected:
            self.bd_seq = (self.bd_seq + 1) % 256
        self.connected = self.online = self.leave = False
        self._born.clear()
        self._out.clear()

    def on_state(self, payload: bytes, said: Said, now_ms: int) -> None:
        """The primary host says that it is there, or not. Statements older than the last are ignored."""
        try:
            state = sparkplug_topics.decode_state(payload)
        except Malformed:
            return
        if not self.connected or state.timestamp_ms < self._host_ms:
            return
        self._host_ms = state.timestamp_ms
        if state.online and not self.online and not self.leave:
            self.online = True
            self._births(said, now_ms)
        elif not state.online and self.online:
            self._out.append(self.will(now_ms))
            self.online, self.leave = False, True

    def on_command(self, payload: bytes, said: Said, now_ms: int) -> bool:
        """NCMD: a rebirth request sends all births again, and True is returned; all else is ignored: nothing
        that arrives here ever writes to a machine."""
        try:
            metrics = sparkplug.decode(payload).metrics
        except Malformed:
            return False
        if self.online and any(m.name == sparkplug.REBIRTH and m.value is True for m in metrics):
            self._births(said, now_ms)
            return True
        return False

    def now_present(self, device: str, said: Said, now_ms: int) -> None:
        """Its server answers: born, when the host is there."""
        self.present.add(device)
        if self.online and device not in self._born:
            self.birth(device, said, now_ms)

    def now_away(self, device: str, now_ms: int) -> None:
        """Its server is gone."""
        self.present.discard(device)
        self._death(device, now_ms)

    def mark(self, device: str, said: Said, now_ms: int) -> None:
        """The device was away at this place of its history: it dies, and is born again if it is there now."""
        if self.online and device in self._born:
            self._death(device, now_ms)
            self.birth(device, said, now_ms)

    def data(self, device: str, entries: Sequence[Entry]) -> bool:
        """One message with these readings of a device; historical when older than its birth.

        False, and nothing is sent, when the device has no birth yet.
        """
        if not self.online or device not in self._born:
            return False
        metrics = tuple(
            self._metric(entry.value, named=False, late=entry.value.at_ms < self._born[device])
            for entry in entries
            if (device, entry.value.metric) in self._aliases
        )
        if metrics:
            self._silent.discard(device)
            newest = max(entry.value.at_ms for entry in entries)
            self._send(MessageType.DDATA, device, Payload(newest, self._next(), metrics))
        return True

    def is_late(self, device: str, at_ms: int) -> bool:
        """True for a reading that is older than the device's birth."""
        return at_ms < self._born.get(device, 0)

    def is_silent(self, device: str) -> bool:
        """True after a birth, until the first data."""
        return device in self._silent

    def is_born(self, device: str) -> bool:
        """True while data of the device may be sent."""
        return self.online and device in self._born

    def take_out(self) -> list[Message]:
        """Messages to publish now."""
        found, self._out = self._out, []
        return found

    def _births(self, said: Said, now_ms: int) -> None:
        self._seq, self._born = 0, {}
        self.births_sent += 1
        metrics = (
            Metric(sparkplug.BD_SEQ, None, now_ms, DataType.INT64, self.bd_seq),
            Metric(sparkplug.REBIRTH, None, now_ms, DataType.BOOLEAN, False),
        )
        self._send(MessageType.NBIRTH, "", Payload(now_ms, self._next(), metrics))
        for device in sorted(self.present):
            self.birth(device, said, now_ms)

    def birth(self, device: str, said: Said, now_ms: int) -> None:
        """DBIRTH, with every metric of the device."""
        self._born[device] = now_ms
        self._silent.add(device)
        metrics = tuple(self._born_metric(device, column, said, now_ms) for column in self.columns[device])
        self._send(MessageType.DBIRTH, device, Payload(now_ms, self._next(), metrics))

    def _born_metric(self, device: str, column: Column, said: Said, now_ms: int) -> Metric:
        found = said.get((device, column.name))
        if found is None and column.reporting.limit is not None:  # an alert that never came
            found = EdgeValue(device, column.name, now_ms, 0.0)
        if found is None:
            empty = Metric(column.name, column.alias, now_ms, DataType.DOUBLE, None, is_null=True)
            return empty._replace(reporting=column.reporting)
        return self._metric(found, named=True)._replace(reporting=column.reporting)

    def _death(self, device: str, now_ms: int) -> None:
        if self.online and self._born.pop(device, None) is not None:
            self._send(MessageType.DDEATH, device, Payload(now_ms, self._next(), ()))

    def _metric(self, found: EdgeValue, *, named: bool, late: bool = False) -> Metric:
        alias = self._aliases[found.device, found.metric]
        name, kind = (found.metric, DataType.DOUBLE) if named else ("", DataType.DOUBLE)
        quality = _CODES.get(found.quality)
        return Metric(name, alias, found.at_ms, kind, found.value, late, quality=quality)

    def _send(self, kind: MessageType, device: str, payload: Payload) -> None:
        self._out.append(Message(self._topic(kind, device), sparkplug.encode(payload)))

    def _next(self) -> int:
        seq, self._seq = self._seq, (self._seq + 1) % 256
        return seq

    def _topic(self, kind: MessageType, device: str = "") -> str:
        return str(Topic(kind, self.group, self.node, device))


def columns_of(file: GatewayFile) -> dict[str, tuple[Column, ...]]:
    """The metrics of every device, with aliases that are unique in the node."""
    found: dict[str, tuple[Column, ...]] = {}
    alias = 0
    for source in file.sources:
        columns = []
        for metric in source.metrics:
            spec = METRICS.get(metric.metric)
            sampling = source.modbus.every_ms if source.modbus else metric.sampling_ms
            aggregate_s = metric.aggregate.seconds if metric.aggregate else 0.0
            said = Reporting(
                spec.unit if spec else metric.unit, metric.band.width, float(sampling), aggregate_s
            )
            names = dict.fromkeys(metric.sent_as, said)
            names |= {name: Reporting(limit=limit) for name, (_, limit) in metric.alerts_as.items()}
            columns += [Column(name, alias + n, how) for n, (name, how) in enumerate(names.items(), 1)]
            alias += len(names)
        found[source.name] = tuple(columns)
    return found


def runs(entries: Iterable[Entry], node: EdgeNode, most: int) -> list[list[Entry]]:
    """Entries cut into messages: neighbours of one device, all historical or none, `most` at a time.

    The first message after a birth has one source time: it tells the host where the history begins.
    """
    found: list[list[Entry]] = []
    begun: set[str] = set()
    for entry in entries:
        last = found[-1] if found else []
        device = entry.value.device
        first = node.is_silent(device) and device not in begun
        at_once = not first or (bool(last) and last[0].value.at_ms == entry.value.at_ms)
        if first and last and last[0].value.device == device and not at_once:
            begun.add(device)
            last = []
        if last and len(last) < most and at_once and _alike(last[0].value, entry.value, node):
            last.append(entry)
        else:
            found.append([entry])
    return found


def _alike(one: EdgeValue, other: EdgeValue, node: EdgeNode) -> bool:
    late = [node.is_late(found.device, found.at_ms) for found in (one, other)]
    return one.device == other.device and late[0] == late[1]
