"""An MQTT connection that is kept open: connected anew when it broke, read when there is room."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from data.sources.messages import RawMessage
from data.sources.mqtt_address import Address, Broker, refusal
from data.sources.mqtt_connection import Connection
from data.wire.mqtt import Answer, Packet, Publish, Will
from domain.clock import steady_us
from domain.errors import Unavailable

FLUSH_S = 2.0
READS = 4_000  # packets a turn, so that the other connection gets its turn too
REFUSED = 0x80
FIRST_RETRY_US, LONGEST_RETRY_US = 500_000, 15_000_000
T = TypeVar("T")

Stamp = Callable[[str], tuple[int, int]]  # topic -> (plant time, wall time) now


class Link:
    """One connection. `inbox` holds what was read and not yet taken; a full inbox is not pumped."""

    clean = True
    receive_maximum = 65_535

    def __init__(self, broker: Broker, client_id: str, stamp: Stamp) -> None:
        self._to = Address.of(broker)
        self.inbox: list[RawMessage] = []
        self.connected = False
        self.trouble = "not connected yet"
        self.session = 0
        self.broker = broker.name
        self.client_id = client_id
        self._stamp = stamp
        self._client: Connection | None = None
        self._retry_us = FIRST_RETRY_US
        self._next_try_us = 0
        self._topic = lru_cache(maxsize=8192)(text_of)
        self._others: list[int] = []  # numbers of messages that are not for us: acknowledged at once
        self._now: dict[str, tuple[int, int]] = {}  # what is read at once was received at once

    def socket(self) -> Any | None:
        """What to wait on, None while there is no connection."""
        return None if self._client is None else self._client.socket

    @property
    def more(self) -> bool:
        """True while messages lie in memory: do not wait for the socket."""
        return self._client is not None and self._client.more

    def keep_open(self, wall_us: int) -> None:
        """Connect when it is time to try; a broker that is away is no error here."""
        if self._client is not None:
            self._do(Connection.keep_alive)
            return
        now = steady_us()
        if now < self._next_try_us:
            return
        self._next_try_us = now + self._retry_us
        self._retry_us = min(self._retry_us * 2, LONGEST_RETRY_US)
        hello = self._to.hello(self.client_id, self.clean, self._will(wall_us), self.receive_maximum)
        try:
            self._client = Connection(self._to.host, self._to.port, hello, self._to.tls)
        except Unavailable as error:
            self._lost(str(error))

    def pump(self, room: int) -> None:
        """Read what has arrived, until `inbox` holds `room` messages, and write what waits."""
        self._now.clear()
        wanted = room - len(self.inbox)
        if wanted > 0:
            self._sort_out(self._do(lambda client: client.receive(min(wanted, READS))) or [])
            if self._others:
                mids, self._others = self._others, []
                self._do(lambda client: client.acknowledge(mids))
        else:
            self._do(Connection.flush)

    def close(self) -> None:
        """Leave properly."""
        if self._client is not None:
            self._client.leave(FLUSH_S)
            self._client = None
        self._lost("closed")

    def drop(self, why: str) -> None:
        """Leave without a word: somebody else goes on in our place."""
        if self._client is not None:
            self._client.close()
            self._client = None
        self._lost(why)

    def _will(self, wall_us: int) -> Will | None:  # noqa: ARG002
        """What the broker says for us when the connection breaks."""
        return None

    def _subscribe(self) -> list[tuple[str, int]]:
        """Filters and the highest QoS."""
        raise NotImplementedError

    def _welcomed(self) -> None:
        """The broker knows us; nothing is subscribed yet."""

    def _ready(self) -> None:
        """The subscription stands."""

    def _accept(self, message: Publish) -> None:
        raise NotImplementedError

    def _sort_out(self, packets: list[Packet]) -> None:
        for packet in packets:
            if isinstance(packet, Answer):
                self._answered(packet)
            elif isinstance(packet, Publish):
                self._accept(packet)
            else:
                topic, mid, payload = packet
                self._accept(Publish(topic, payload, mid, retain=False))

    def _append(self, source: str, topic: str, payload: bytes, mid: int) -> None:
        now = self._now.get(topic) or self._now.setdefault(topic, self._stamp(topic))
        self.inbox.append(RawMessage(source, topic, payload, *now, self.broker, mid, self.session))

    def _lost(self, why: str) -> None:
        self.connected, self.trouble = False, why

    def _answered(self, answer: Answer) -> None:
        if answer.kind == "connack":
            if answer.codes != (0,):
                self.drop(f"the broker refuses: {refusal(answer.codes[0])}")
                return
            self.session += 1
            self._welcomed()
            self._do(lambda client: client.subscribe(self._subscribe()))
        elif answer.kind == "suback":
            if any(code >= REFUSED for code in answer.codes):
                self._lost("the broker refuses the subscription")
                return
            self.connected, self.trouble = True, ""
            self._retry_us = FIRST_RETRY_US
            self._ready()
        elif answer.kind == "disconnect":
            self.drop("the broker ended the connection")

    def _do(self, act: Callable[[Connection], T]) -> T | None:
        """Do something with the connection; None when there is none, or when it broke at that."""
        if self._client is None:
            return None
        try:
            return act(self._client)
        except Unavailable as error:
            self._client = None
            self._lost(str(error))
            return None


def text_of(topic: bytes) -> str:
    """A topic; what is no UTF-8 in it is replaced."""
    return topic.decode("utf-8", "replace")
