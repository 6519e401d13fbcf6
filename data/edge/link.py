"""The gateway's MQTT connection: its will is the NDEATH, it hears the host's STATE and its own NCMD."""

import select
from collections.abc import Callable
from urllib.parse import urlsplit

from data.edge.gateway_parts import BrokerPart
from data.edge.node import Message
from data.sources.mqtt import Broker, Link
from data.wire import mqtt
from data.wire.mqtt import Publish
from data.wire.sparkplug_topics import NAMESPACE, MessageType, state_topic
from domain.errors import InvalidInput

Will = Callable[[int], Message]
_T = MessageType
OWN = (_T.NBIRTH, _T.NDATA, _T.NDEATH, _T.DBIRTH, _T.DDATA, _T.DDEATH)


class EdgeLink(Link):
    """One clean session after the other. `events`: "connected", "lost", or (topic, payload), in order."""

    def __init__(self, broker: BrokerPart, group: str, node: str, will: Will) -> None:
        address = Broker(broker.url, broker.username, broker.password, tls=broker.tls)
        super().__init__(address, f"taktwise-gateway-{group}-{node}", lambda _topic: (0, 0))
        self.shown = urlsplit(broker.url).netloc
        self.host_topic = state_topic(broker.host)
        self._commands = f"{NAMESPACE}/{group}/NCMD/{node}"
        self._own = tuple(f"{NAMESPACE}/{group}/{kind}/{node}" for kind in OWN)
        self._death = will
        self.events: list[str | tuple[str, bytes]] = []

    @property
    def clear(self) -> bool:
        """True while the connection takes more: what was published has left for the network."""
        return self.connected and self._client is not None and self._client.clear

    def publish(self, message: Message) -> None:
        """Hand one message over. Raises InvalidInput for anything but the node's own births, data and deaths:
        a gateway speaks for its machines and commands nobody.
        """
        if not any(message.topic == own or message.topic.startswith(f"{own}/") for own in self._own):
            raise InvalidInput(f"the gateway does not publish on {message.topic[:200]}")
        self._do(lambda _client: _client.publish(message.topic, message.payload, qos=message.qos))

    def wait(self, seconds: float) -> None:
        """Until something can be read, `seconds` at most."""
        found = self.socket()
        if found is not None:
            select.select([found], [], [], seconds)

    def take_events(self) -> list[str | tuple[str, bytes]]:
        """What happened since the last call."""
        found, self.events = self.events, []
        return found

    def hang_up(self) -> None:
        """Leave properly (the broker keeps the will to itself), and connect anew at once."""
        super().close()
        self._next_try_us = 0

    def _will(self, wall_us: int) -> mqtt.Will:
        will = self._death(wall_us // 1000)
        return mqtt.Will(will.topic, will.payload, retain=False)

    def _subscribe(self) -> list[tuple[str, int]]:
        return [(self.host_topic, 1), (self._commands, 0)]

    def _ready(self) -> None:
        self.events.insert(0, "connected")  # a retained STATE may come before the answer to SUBSCRIBE

    def _lost(self, why: str) -> None:
        was_connected = self.connected
        super()._lost(why)
        if was_connected:
            self.events.append("lost")

    def _accept(self, message: Publish) -> None:
        if message.mid:
            self._do(lambda client: client.acknowledge([message.mid]))
        self.events.append((self._topic(message.topic), message.payload))
