"""A small Sparkplug edge node that only makes messages; the caller carries them."""

from dataclasses import dataclass, field

from data.sources.messages import SPARKPLUG, RawMessage
from data.wire.sparkplug import DataType, Metric, Payload, encode
from data.wire.sparkplug_topics import MessageType, Topic

T0_MS = 1_790_000_000_000
NAMES = ("temperature", "state", "mode", "good_count")


def raw(topic: str, payload: bytes, ms: int, source: str = SPARKPLUG) -> RawMessage:
    return RawMessage(source, topic, payload, ms * 1000, ms * 1000)


@dataclass
class EdgeNode:
    group: str = "north"
    node: str = "line-1"
    devices: tuple[str, ...] = ("cnc-11", "cnc-13")
    bd_seq: int = 0
    seq: int = 0
    names: tuple[str, ...] = NAMES
    sent: list[RawMessage] = field(default_factory=list)

    def births(self, ms: int, *, numbered_on: bool = False) -> list[RawMessage]:
        self.seq = self.seq if numbered_on else 0
        node = self.message(MessageType.NBIRTH, "", ms, (self._bd_seq(ms),))
        return [node, *(self.birth(device, ms) for device in self.devices)]

    def birth(self, device: str, ms: int) -> RawMessage:
        metrics = tuple(
            Metric(name, alias, ms, DataType.DOUBLE, self.value(name, ms))
            for alias, name in enumerate(self.names)
        )
        return self.message(MessageType.DBIRTH, device, ms, metrics)

    def data(self, device: str, ms: int, sent_ms: int | None = None, *, historical: bool = False, **values):
        chosen = values or {name: self.value(name, ms) for name in self.names}
        metrics = tuple(
            Metric("", self.names.index(name), ms, DataType.DOUBLE, value, historical)
            for name, value in chosen.items()
        )
        return self.message(MessageType.DDATA, device, sent_ms or ms, metrics)

    def death(self, ms: int) -> RawMessage:
        topic = Topic(MessageType.NDEATH, self.group, self.node)
        return raw(str(topic), encode(Payload(ms, None, (self._bd_seq(ms),))), ms)

    def message(self, kind: MessageType, device: str, ms: int, metrics: tuple[Metric, ...]) -> RawMessage:
        payload = encode(Payload(ms, self.seq, metrics))
        self.seq = (self.seq + 1) % 256
        return raw(str(Topic(kind, self.group, self.node, device)), payload, ms)

    @staticmethod
    def value(name: str, ms: int) -> float:
        step = (ms - T0_MS) // 1000
        plain = {"state": 6.0 if step % 20 < 10 else 5.0, "mode": 1.0, "good_count": float(step)}
        return plain.get(name, 20.0 + step % 7)

    def _bd_seq(self, ms: int) -> Metric:
        return Metric("bdSeq", None, ms, DataType.UINT64, self.bd_seq)
