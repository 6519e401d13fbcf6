"""MQTT connections that one thread drives: nothing is read while a batch is being stored.

That is the backpressure: an unread socket fills, the broker keeps QoS 1 messages (they are
acknowledged after the commit), and no queue of ours can overflow.
The Sparkplug connection publishes its STATE and the rebirth request, and nothing else, ever.
"""

import select
import time
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from data.sources.messages import JSON, SESSION_ENDED, SESSION_STARTED, SPARKPLUG, RawMessage
from data.sources.mqtt_address import Broker, TlsFiles
from data.sources.mqtt_link import FLUSH_S, READS, Link, Stamp, text_of
from data.sources.sparkplug_presence import is_of_another, must_say_online
from data.wire import json_topics, sparkplug, sparkplug_topics
from data.wire.mqtt import Answer, Packet, Publish, Will

_OTHERS = (f"{sparkplug_topics.NAMESPACE}/", "taktwise/", "$")
__all__ = ["Broker", "JsonLink", "KeptLink", "Link", "SparkplugLink", "Stamp", "TlsFiles"]


def _everything(_topic: str) -> bool:
    return True


def _plain(topic: bytes, mine: Callable[[str], bool]) -> str:
    """Empty for what belongs to other protocols, or to others."""
    found = text_of(topic)
    return "" if found.startswith(_OTHERS) or not mine(found) else found


def _with_ours(filters: Sequence[str]) -> list[tuple[str, int]]:
    return [(found, 1) for found in dict.fromkeys((json_topics.SUBSCRIPTION, *filters))]


class KeptLink(Link):
    """QoS 1 over a persistent session: the broker keeps a message until it is acknowledged."""

    clean = False

    def acknowledge(self, taken: Sequence[RawMessage]) -> None:
        """Tell the broker that these are stored. What came over an earlier connection comes again."""
        session = self.session
        mids = [found.mid for found in taken if found.mid and found.session == session]
        self._do(lambda client: client.acknowledge(mids))


class JsonLink(KeptLink):
    """JSON topics, acknowledged after the commit.

    `filters` stand beside our own. What they catch of other protocols, and what is not `mine`, is
    acknowledged at once and left alone. The broker keeps the filters of a session while we are away: `asked`
    are those that it may hold. What is no longer wanted of them is given up at each connection, and leaves
    `asked` when the broker has said so.
    """

    def __init__(
        self,
        broker: Broker,
        client_id: str,
        stamp: Stamp,
        filters: Sequence[str] = (),
        mine: Callable[[str], bool] = _everything,
        asked: Iterable[str] = (),
    ) -> None:
        super().__init__(broker, client_id, stamp)
        self._topic = lru_cache(maxsize=8192)(lambda topic: _plain(topic, mine))
        self._heard: dict[bytes, tuple[str, int, int]] = {}
        self._filters = _with_ours(filters)
        self.asked = frozenset(asked) | self._wanted
        self._leaving: dict[int, frozenset[str]] = {}  # by the number of the packet that gives them up

    @property
    def _wanted(self) -> frozenset[str]:
        return frozenset(found for found, _ in self._filters)

    def would_ask(self, filters: Sequence[str]) -> frozenset[str]:
        """`asked`, were these listened to."""
        return self.asked | {found for found, _ in _with_ours(filters)}

    def listen_to(self, filters: Sequence[str]) -> None:
        """Other filters from now on; what is asked for anew comes with its retained messages."""
        before, self._filters = self._filters, _with_ours(filters)
        self._topic.cache_clear()
        new = [found for found in self._filters if found not in before]
        self.asked |= self._wanted
        self._give_up()
        if new:
            self._do(lambda client: client.subscribe(new))

    def _give_up(self) -> None:
        gone = self.asked - self._wanted
        if gone and (mid := self._do(lambda client: client.unsubscribe(sorted(gone)))):
            self._leaving[mid] = gone

    def _answered(self, answer: Answer) -> None:
        super()._answered(answer)
        if answer.kind == "unsuback":
            gone = self._leaving.pop(answer.mid, frozenset())
            self.asked -= gone.difference(self._wanted, *self._leaving.values())

    def _welcomed(self) -> None:
        self._leaving.clear()
        self._give_up()

    def _subscribe(self) -> list[tuple[str, int]]:
        return self._filters

    def _sort_out(self, packets: list[Packet]) -> None:
        """`_accept` for each message, written out: a backlog goes through here."""
        known, add, broker, session = self._heard, self.inbox.append, self.broker, self.session
        for packet in packets:
            name: bytes
            payload: bytes
            if packet.__class__ is tuple:
                name, mid, payload = packet  # type: ignore[assignment,misc]
                retained = False
            elif packet.__class__ is Publish:
                name, payload, mid, retained = packet
            else:
                self._answered(packet)  # type: ignore[arg-type]
                session = self.session
                continue
            topic, at_us, wall_us = known.get(name) or self._hear(name)
            if topic:
                add(RawMessage(JSON, topic, payload, at_us, wall_us, broker, mid, session, retained))
            elif mid:
                self._others.append(mid)
        known.clear()

    def _hear(self, name: bytes) -> tuple[str, int, int]:
        """A topic and its time of receipt, one for all that is read at once; empty for others."""
        topic = self._topic(name)
        found = self._heard[name] = (topic, *(self._stamp(topic) if topic else (0, 0)))
        return found


class SparkplugLink(Link):
    """The host application's connection: clean session, STATE birth, will and death.

    Without a `host_id` it only hears: another connection speaks for the host. `mine`: topics to be taken.
    """

    def __init__(
        self,
        broker: Broker,
        client_id: str,
        host_id: str,
        stamp: Stamp,
        mine: Callable[[str], bool] = _everything,
    ) -> None:
        super().__init__(broker, client_id, stamp)
        self._mine = lru_cache(maxsize=8192)(mine)
        self.retained_ignored = 0
        self.twin = False  # another host application says STATE under our id
        self._host_id = host_id
        self._state_topic = sparkplug_topics.state_topic(host_id) if host_id else ""
        self._born_ms = 0

    def ask_rebirth(self, node: str, wall_us: int, *, typed: bool = False) -> None:
        """Ask an edge node (group/node) for its births; `typed`: once more, see sparkplug.rebirth_request."""
        group, _, name = node.partition("/")
        topic = str(sparkplug_topics.Topic(sparkplug_topics.MessageType.NCMD, group, name))
        request = sparkplug.rebirth_request(wall_us // 1000, typed=typed)
        if self.connected:
            self._do(lambda _client: _client.publish(topic, request))

    def leave(self) -> None:
        """Publish the death: edge nodes that know us as primary host keep their data from then on.

        What arrives until the broker acknowledges it is still in `inbox`.
        """
        if not self.connected or not self._host_id:
            return
        self.connected = False
        said = self._say(online=False, timestamp_ms=self._stamp("")[1] // 1000)
        deadline = time.monotonic() + FLUSH_S
        while time.monotonic() < deadline and self._client and not self._client.acknowledged(said or 0):
            select.select([self._client.socket], [], [], 0.05)
            self.pump(len(self.inbox) + READS)

    def close(self) -> None:
        """Publish the death, then disconnect."""
        self.leave()
        super().close()

    def _will(self, wall_us: int) -> Will | None:
        if not self._host_id:
            return None
        self._born_ms = wall_us // 1000
        will = sparkplug_topics.encode_state(sparkplug_topics.State(False, self._born_ms))
        return Will(self._state_topic, will)

    def _subscribe(self) -> list[tuple[str, int]]:
        ours = [(self._state_topic, 1)] if self._host_id else []
        return [*ours, (sparkplug_topics.SUBSCRIPTION, 0)]

    def _ready(self) -> None:
        self._append(SPARKPLUG, SESSION_STARTED, b"", 0)
        if self._host_id:
            self._say(online=True, timestamp_ms=self._born_ms)

    def _lost(self, why: str) -> None:
        was_connected = self.connected
        super()._lost(why)
        if was_connected:
            self._append(SPARKPLUG, SESSION_ENDED, b"", 0)

    def _say(self, *, online: bool, timestamp_ms: int) -> int | None:
        payload = sparkplug_topics.encode_state(sparkplug_topics.State(online, timestamp_ms))
        topic = self._state_topic
        return self._do(lambda _client: _client.publish(topic, payload, qos=1, retain=True))

    def _accept(self, message: Publish) -> None:
        topic = self._topic(message.topic)
        if message.mid:  # our own STATE comes at QoS 1
            self._others.append(message.mid)
        if topic == self._state_topic:
            self._of_us(message)
        elif message.retain:
            self.retained_ignored += 1  # a birth that a broker kept tells of a session long gone
        elif self._mine(topic):
            self._append(SPARKPLUG, topic, message.payload, 0)

    def _of_us(self, message: Publish) -> None:
        """Contradict whoever says that we are gone; notice another host of our name, and let it notice us."""
        twin = not message.retain and is_of_another(message.payload, self._born_ms)
        again = must_say_online(self._state_topic, message.payload, self._host_id)
        if self.connected and (again or (twin and not self.twin)):
            self._say(online=True, timestamp_ms=self._born_ms)
        self.twin = self.twin or (self.connected and twin)
