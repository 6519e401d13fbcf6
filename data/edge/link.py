"""The gateway's MQTT connection: its will is the NDEATH, it hears the host's STATE and its own NCMD."""

import select
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from data.edge.gateway_parts import BrokerPart
from data.edge.node import Message
from data.sources.messages import SPARKPLUG
from data.sources.mqtt import Broker, Link
from data.wire.sparkplug_topics import NAMESPACE, MessageType, state_topic
from domain.errors import InvalidInput

Will = Callable[[int], Message]
_T = MessageType
OWN = (_T.NBIRTH, _T.NDATA, _T.NDEATH, _T.DBIRTH, _T.DDATA, _T.DDEATH)


class EdgeLink(Link):
    """One clean session after the other. `events`: "connected", "lost", or (topic, payload), in order."""

    def __init__(self, broker: BrokerPart, group: str, node: str, will: Will) -> None:
        client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=f"taktwise-gateway-{group}-{node}", clean_session=True
        )
        address = Broker(broker.url, broker.username, broker.password)
        super().__init__(address, client, lambda _topic: (0, 0))
        self.shown = urlsplit(broker.url).netloc
        self.host_topic = state_topic(broker.host)
        self._commands = f"{NAMESPACE}/{group}/NCMD/{node}"
        self._own = tuple(f"{NAMESPACE}/{group}/{kind}/{node}" for kind in OWN)
        self._will = will
        self.events: list[str | tuple[str, bytes]] = []

    @property
    def clear(self) -> bool:
        """True while the connection takes more: what was published has left for the network."""
        return self.connected and self.socket() is not None and not self._client.want_write()

    def publish(self, message: Message) -> None:
        """Hand one message over. Raises InvalidInput for anything but the node's own births, data and deaths:
        a gateway speaks for its machines and commands nobody.
        """
        if not any(message.topic == own or message.topic.startswith(f"{own}/") for own in self._own):
            raise InvalidInput(f"the gateway does not publish on {message.topic[:200]}")
        self._client.publish(message.topic, message.payload, message.qos)

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

    def _before_connect(self, wall_us: int) -> None:
        will = self._will(wall_us // 1000)
        self._client.will_set(will.topic, will.payload, will.qos)

    def _subscribe(self) -> None:
        self._client.subscribe([(self.host_topic, 1), (self._commands, 0)])

    def _ready(self) -> None:
        self.events.insert(0, "connected")  # a retained STATE may come before the answer to SUBSCRIBE

    def _lost(self, why: str) -> None:
        was_connected = self.connected
        super()._lost(why)
        if was_connected:
            self.events.append("lost")

    def _accept(self, message: Any) -> None:
        self.events.append((message.topic, bytes(message.payload)))

    def _source(self) -> str:
        return SPARKPLUG
