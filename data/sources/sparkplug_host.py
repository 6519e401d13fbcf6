"""The Sparkplug B host application as a state machine: messages and times in, findings out.

Guarantees: a value is passed on only under a name that a birth gave it; what a device sent and what
was not passed on lies within a gap of that device or of its node. After a restart or a new connection
nothing is assumed: births define aliases anew, and data before them is asked for by a rebirth request.
"""

from collections.abc import Iterable
from functools import lru_cache

from data.sources.messages import SESSION_ENDED, SESSION_STARTED, SPARKPLUG, Findings, RawMessage, Sample
from data.sources.sparkplug_state import DeviceState, NodeState
from data.sources.sparkplug_values import Resolved, bd_seq, birth_types, progress, resolve, source_us
from data.wire.sparkplug import Payload, decode
from data.wire.sparkplug_topics import MessageType, Topic, parse_topic
from domain.clock import SECOND, passed_us
from domain.errors import Malformed
from domain.telemetry import Gap, SourceKey

REORDER_US = 2 * SECOND
REBIRTH_EVERY_US = 10 * SECOND
SILENT_US = 10 * SECOND  # a node that is online and gives no birth so long after we came is asked for one
LATE_FOR_US = 60 * SECOND
MAX_HELD = 128
MAX_NODES = 1_000
MAX_DEVICES = 1_000
SEQ = 256
_DATA = (MessageType.DDATA, MessageType.NDATA)
_topic = lru_cache(maxsize=8192)(parse_topic)


class SparkplugHost:
    """All edge nodes that this host hears, over one or several brokers. One ingest thread owns it.

    `reorder_us`: how long a missing sequence number is waited for, wall time.
    """

    def __init__(self, nodes: Iterable[NodeState] = (), reorder_us: int = REORDER_US) -> None:
        self.nodes = {node.name: node for node in nodes}
        self._reorder_us = reorder_us
        for node in self.nodes.values():
            node.away("host_away")

    def copy_nodes(self) -> dict[str, NodeState]:
        """The state to go back to when a batch could not be stored."""
        return {name: node.copy() for name, node in self.nodes.items()}

    def receive(self, message: RawMessage, found: Findings) -> None:
        """Take one message in the order of arrival."""
        if message.topic in (SESSION_STARTED, SESSION_ENDED):
            self._session(message, found)
            return
        try:
            topic = _topic(message.topic)
            if topic.kind in (MessageType.STATE, MessageType.NCMD, MessageType.DCMD):
                return
            payload = decode(message.payload)
        except Malformed as error:
            found.reject(message, error.reason, error.detail)
            return
        node = self._node(topic, message, found)
        if node is not None:
            self._dispatch(node, topic, payload, message, found)

    @property
    def waiting(self) -> bool:
        """True while messages are held that came before their turn, or a silent node is to be asked."""
        return any(node.held or node.ask_wall_us for node in self.nodes.values())

    def _session(self, message: RawMessage, found: Findings) -> None:
        """A connection broke, or was made anew: what its nodes said meanwhile is not known."""
        for node in self.nodes.values():
            if node.broker == message.broker:
                node.away("host_away")
                _stale(node, found)
                started = message.topic == SESSION_STARTED and node.online
                node.ask_wall_us = message.wall_us + SILENT_US if started else 0

    def tick(self, wall_us: int, found: Findings) -> None:
        """Give up waiting for messages that did not come within the reorder time, and for silent nodes."""
        for node in self.nodes.values():
            if node.held and passed_us(node.held_wall_us, wall_us) >= self._reorder_us:
                self._give_up(node, wall_us, found)
            if node.ask_wall_us and passed_us(node.ask_wall_us - SILENT_US, wall_us) >= SILENT_US:
                node.ask_wall_us = 0
                if not node.born or node.unanswered:
                    self._ask(node, wall_us, found)

    def _node(self, topic: Topic, message: RawMessage, found: Findings) -> NodeState | None:
        node = self.nodes.get(topic.node_key)
        if node is None:
            if len(self.nodes) >= MAX_NODES:
                found.reject(message, "too_many_nodes", topic.node_key[:200])
                return None
            node = self.nodes[topic.node_key] = NodeState(topic.node_key, broker=message.broker)
        node.seen_us = message.receive_us
        found.nodes[node.name] = None
        return node

    def _dispatch(
        self, node: NodeState, topic: Topic, payload: Payload, message: RawMessage, found: Findings
    ) -> None:
        if topic.kind is MessageType.NBIRTH:
            self._node_birth(node, payload, message, found)
        elif topic.kind is MessageType.NDEATH:
            self._node_death(node, payload, message, found)
        elif message.broker != node.broker:
            self._elsewhere(node, message, found)
        elif payload.seq is None or not 0 <= payload.seq < SEQ:
            found.reject(message, "no_seq", str(payload.seq))
        elif not node.born:
            self._unknown(node, topic, payload, message, found)
        else:
            self._in_order(node, topic, payload, message, found)

    def _elsewhere(self, node: NodeState, message: RawMessage, found: Findings) -> None:
        """Data over another broker than the birth came by: an edge node has one session at a time."""
        if node.born:
            found.reject(message, "other_broker", message.broker)
        else:
            node.broker = message.broker
        self._ask(node, message.wall_us, found, message.broker)

    def _in_order(
        self, node: NodeState, topic: Topic, payload: Payload, message: RawMessage, found: Findings
    ) -> None:
        seq = payload.seq or 0
        if seq == node.next_seq:
            node.next_seq = (seq + 1) % SEQ
            self._apply(node, topic, payload, message, found)
            if node.held:
                self._release(node, found)
        elif node.late.pop(seq, 0) >= message.wall_us:
            self._apply(node, topic, payload, message, found)
        elif _is_repeated(node, topic, payload, message):
            if topic.kind in _DATA:  # stored already, or else it is now
                self._data(node, topic, payload, message, found)
        else:
            node.held_wall_us = node.held_wall_us if node.held else message.wall_us
            node.held[seq] = (topic, payload, message)
            if len(node.held) > MAX_HELD:
                self._give_up(node, message.wall_us, found)

    def _release(self, node: NodeState, found: Findings) -> None:
        while node.held and (held := node.held.pop(node.next_seq, None)):
            node.next_seq = (node.next_seq + 1) % SEQ
            self._apply(node, *held, found)

    def _give_up(self, node: NodeState, wall_us: int, found: Findings) -> None:
        while node.held:
            first = min(node.held, key=lambda seq: (seq - node.next_seq) % SEQ)
            missing = (first - node.next_seq) % SEQ
            _, payload, message = node.held[first]
            at_us = progress(payload, message)
            span = sorted((node.last_us, at_us))
            found.add_gap(Gap(SourceKey(SPARKPLUG, node.name), span[0], span[1], missing, "sequence"))
            node.late.update({(node.next_seq + i) % SEQ: wall_us + LATE_FOR_US for i in range(missing)})
            node.next_seq = first
            self._release(node, found)
        self._ask(node, wall_us, found)

    def _apply(
        self, node: NodeState, topic: Topic, payload: Payload, message: RawMessage, found: Findings
    ) -> None:
        at_us = progress(payload, message)
        node.last_us = at_us
        if topic.device not in node.devices and len(node.devices) >= MAX_DEVICES:
            found.reject(message, "too_many_devices", topic.device[:200])
            return
        if topic.kind in _DATA:
            self._data(node, topic, payload, message, found)
        elif topic.kind is MessageType.DBIRTH:
            _birth(node.device(topic.device), payload, message, found)
        else:
            device = node.device(topic.device)
            device.missed("device_offline")
            device.offline_us = min(source_us(payload, message), message.receive_us)
            found.stale[device.name] = found.devices[device.name] = None

    def _data(
        self, node: NodeState, topic: Topic, payload: Payload, message: RawMessage, found: Findings
    ) -> None:
        device = node.device(topic.device)
        if not device.born:
            self._unknown(node, topic, payload, message, found)
            return
        read = resolve(device.aliases, device.types, payload.metrics, source_us(payload, message))
        found.devices[device.name] = None
        read.put_aside(message, found)
        if read.unknown:
            found.reject(message, "unknown_alias", ", ".join(map(str, read.unknown[:8])))
            self._ask(node, message.wall_us, found)
        if read.values:
            found.samples.append(_sample(device, read, message))
            historical = any(metric.is_historical for metric in payload.metrics)
            device.advance(progress(payload, message), historical=historical, found=found)

    def _unknown(
        self, node: NodeState, topic: Topic, payload: Payload, message: RawMessage, found: Findings
    ) -> None:
        """Data without a birth cannot be read: it falls into the gap that the next birth makes."""
        if topic.kind in (MessageType.DDATA, MessageType.DBIRTH) and len(node.devices) < MAX_DEVICES:
            device = node.device(topic.device)
            if device.complete_us is None:
                device.complete_us = progress(payload, message)
            device.missed("no_birth")
            found.devices[device.name] = None
        self._ask(node, message.wall_us, found)

    def _node_birth(self, node: NodeState, payload: Payload, message: RawMessage, found: Findings) -> None:
        if node.held:
            self._give_up(node, message.wall_us, found)
        number = bd_seq(payload)
        if node.born and (number != node.bd_seq or message.broker != node.broker):
            node.away("node_offline")
        elif node.born and payload.seq != node.next_seq:
            node.away("rebirth")  # numbering began anew: what was lost just before cannot be told
        at_us = min(source_us(payload, message), message.receive_us)
        node.born = node.online = True
        node.bd_seq, node.born_us, node.last_us = number, at_us, at_us
        node.broker, node.offline_us = message.broker, None
        node.ask_wall_us = node.unanswered = 0
        node.next_seq, node.late = ((payload.seq or 0) + 1) % SEQ, {}
        for device in node.devices.values():
            device.born = False
        _birth(node.device(""), payload, message, found)

    def _node_death(self, node: NodeState, payload: Payload, message: RawMessage, found: Findings) -> None:
        if not node.online or message.broker != node.broker:
            return
        if node.born and bd_seq(payload) != node.bd_seq:
            return  # the death of an earlier session
        node.away("node_offline")
        node.online, node.offline_us = False, message.receive_us
        node.ask_wall_us = node.unanswered = 0
        for device in node.devices.values():
            device.offline_us = device.offline_us or message.receive_us
        _stale(node, found)

    def _ask(self, node: NodeState, wall_us: int, found: Findings, broker: str | None = None) -> None:
        if passed_us(node.asked_wall_us, wall_us) >= REBIRTH_EVERY_US:
            node.asked_wall_us = wall_us
            node.rebirths += 1
            node.unanswered += 1
            if node.unanswered == 1:
                node.ask_wall_us = wall_us + REBIRTH_EVERY_US
            else:
                found.once_more.add(node.name)
            found.rebirths[node.name] = node.broker if broker is None else broker


def _is_repeated(node: NodeState, topic: Topic, payload: Payload, message: RawMessage) -> bool:
    """Did it come before? Its number is one of the last, and its device was as far already.

    After the loss of half a round of numbers a message looks as late, but tells of a later time.
    """
    device = node.devices.get(topic.device)
    if device is None or not device.born or device.complete_us is None:
        return False
    behind = (node.next_seq - (payload.seq or 0)) % SEQ
    if behind > MAX_HELD or any(metric.is_historical for metric in payload.metrics):
        return False
    return progress(payload, message) <= device.complete_us


def _birth(device: DeviceState, payload: Payload, message: RawMessage, found: Findings) -> None:
    device.types = birth_types(payload.metrics)
    device.aliases = {m.alias: (m.name, m.datatype) for m in payload.metrics if m.alias is not None}
    read = resolve(device.aliases, device.types, payload.metrics, source_us(payload, message))
    read.put_aside(message, found)
    device.offline_us = None
    key = SourceKey(SPARKPLUG, device.name)
    found.reporting += [(key, m.name, m.reporting) for m in payload.metrics if m.name and m.reporting]
    if device.is_node and not read.values:
        device.born, device.lost = True, ""
        return
    found.stale.pop(device.name, None)
    device.begin(min(source_us(payload, message), message.receive_us), found)
    found.samples.append(_sample(device, read, message))
    found.devices[device.name] = None


def _sample(device: DeviceState, read: Resolved, message: RawMessage) -> Sample:
    return Sample(SourceKey(SPARKPLUG, device.name), read.values, message, read.marked)


def _stale(node: NodeState, found: Findings) -> None:
    found.nodes[node.name] = None
    for device in node.devices.values():
        found.stale[device.name] = found.devices[device.name] = None
