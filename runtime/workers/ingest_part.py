"""One part of the plant: its MQTT connections (two a broker) and what is stored of them.

One thread reads all connections, stores a batch, then acknowledges it. While the database is away
nothing is read: the broker keeps the JSON messages, and edge nodes, told by our STATE, keep theirs.
Each part has a JSON session of its own at the broker: it hears everything, and lets go at once of what
belongs to other parts. The first part is the host application: it alone says STATE.
"""

import logging
import os
import threading
from collections import deque
from contextlib import suppress
from itertools import chain

from data.sources.messages import RawMessage
from data.sources.mqtt import JsonLink, Link, SparkplugLink
from data.store.database import Database
from domain.clock import DAY, SECOND, steady_us, wall_us
from domain.errors import Retryable
from domain.partition import part_of
from runtime.brokers import brokers
from runtime.settings import Settings
from runtime.workers.mapping_file import MappingFile
from runtime.workers.retention import Keeper
from services import workers
from services.ingest import SPARKPLUG, Ingest, IngestResult, json_samples, poison
from services.ingest.flow import Flow
from services.ingest.parts import PartLost, Parts
from services.ingest.replaying import replay
from services.ingest.sessions import Sessions
from services.ingest.site_clocks import SiteClocks

NAME = "ingest"
BATCH = 8_000
LINGER_US = SECOND // 10
LONGEST_LINGER_US = SECOND // 2
LINGER_FOR = 4
TICK_US = SECOND // 2
BEAT_US = 5 * SECOND
RETRY_S = 1.0
log = logging.getLogger("taktwise.ingest")


class Part:
    """Part `number` (from 0) of the plant, while this process holds it."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        keeper: Keeper,
        mapping: MappingFile,
        parts: Parts,
        number: int,
    ) -> None:
        self._database, self._keeper, self._mapping = database, keeper, mapping
        self._topics = settings.topics
        self._parts, self.number = parts, number
        self.name = NAME if number == 0 else f"{NAME} {number + 1}"
        self._since_us = wall_us()
        self._clocks = SiteClocks(database, settings.site)
        self._ingest = Ingest(
            database,
            settings.site,
            self._clocks.ahead_us(),
            round(settings.raw_days * DAY),
            round(settings.sparkplug_reorder_s * SECOND),
            mapping.reader,
            mine=self._mine,
            guard=parts.guard(number),
        )
        tail = "" if number == 0 else f"-{number + 1}"
        stem, stamp = f"taktwise-{settings.instance}", self._clocks.stamp
        all_brokers = brokers(settings)

        def of_us(topic: str) -> bool:
            return self._mine(json_samples.device_of(topic, mapping.reader))

        self._sessions = Sessions(database, parts.guard(number))
        name = f"{stem}-json{tail}"
        self.json = [
            JsonLink(one, name, stamp, self._filters(), of_us, self._sessions.known(name, one.name))
            for one in all_brokers
        ]
        self._keep_sessions()
        host = "" if number else settings.host_id
        self.sparkplug = {
            one.name: SparkplugLink(one, f"{stem}-sparkplug{tail}", host, stamp, self._heard)
            for one in all_brokers
        }
        self._links: tuple[Link, ...] = (*self.json, *self.sparkplug.values())
        self._beat_us = self._tick_us = 0
        self._remaps = False
        self._waits_us: int | None = None  # since when something waits to be stored
        self._linger_us = LINGER_US
        self._flow = Flow()
        self._taken: deque[tuple[int, int, int]] = deque(maxlen=600)  # wall time, messages, lag

    @property
    def links(self) -> tuple[Link, ...]:
        """All connections."""
        return self._links

    def leave(self, stop: threading.Event) -> None:
        """Store what was read, say goodbye and leave. Raises PartLost when there is nothing left to leave."""
        try:
            for host in self.sparkplug.values():
                host.leave()
            self._store(stop)
        finally:
            for link in self._links:
                link.close()

    def drop(self) -> None:
        """Another process has the part: leave everything to it, without a word."""
        for link in self._links:
            link.drop("another process has taken over")

    def turn(self, stop: threading.Event) -> None:
        """Read what has arrived; store it when it is time. Raises PartLost."""
        for link in self._links:
            link.pump(BATCH)
        now = steady_us()
        if self._due(now):
            self._store(stop)
        if now - self._beat_us >= BEAT_US:
            self._beat_us = now
            self._beat()

    def remap(self) -> None:
        """The mapping has changed."""
        self._ingest.read_by(self._mapping.reader)
        self._remaps = True
        try:
            self._listen()
        except Retryable as error:
            log.warning("other topics are asked for once the database answers: %s", error)

    def _listen(self) -> None:
        """Ask for the topics of a changed mapping, and write down what the brokers hold for our sessions."""
        if self._remaps:
            for link in self.json:
                self._sessions.keep(link.client_id, link.broker, link.would_ask(self._filters()))
                link.listen_to(self._filters())
            self._remaps = False
        self._keep_sessions()

    def _keep_sessions(self) -> None:
        for link in self.json:
            self._sessions.keep(link.client_id, link.broker, link.asked)

    def _filters(self) -> tuple[str, ...]:
        reader = self._mapping.reader
        return () if reader is None else reader.topics.filters

    def _mine(self, key: str) -> bool:
        return self._parts.parts == 1 or part_of(key, self._parts.parts) == self.number

    def _heard(self, topic: str) -> bool:
        """Sparkplug topics of our edge nodes, and those that are none: the first part puts them aside."""
        levels = topic.split("/", 4)
        return self._mine(f"{levels[1]}/{levels[3]}") if len(levels) > 3 else self.number == 0

    def _due(self, now: int) -> bool:
        """A full batch, a message that has waited long enough, or the time to look after held ones."""
        most = max(len(link.inbox) for link in self._links)
        if most and self._waits_us is None:
            self._waits_us = now
        if most >= BATCH or (self._waits_us is not None and now - self._waits_us >= self._linger_us):
            return True
        return self._ingest.waiting and now - self._tick_us >= TICK_US

    def _store(self, stop: threading.Event) -> None:
        taken = [(link, list(link.inbox)) for link in self._links]
        batch = list(chain.from_iterable(messages for _, messages in taken))
        away = False
        while True:
            self._tick_us = steady_us()
            try:
                result = poison.take(self._ingest, batch, wall_us())
                self._linger_us = linger_us(steady_us() - self._tick_us)
                break
            except PartLost:
                raise
            except Retryable as error:
                log.warning("%d messages wait for the database: %s", len(batch), error)
                self._tell(f"{len(batch)} messages wait, nothing is taken: {error}")
                if not away:
                    away = True
                    for host in self.sparkplug.values():
                        host.close()  # edge nodes keep their data from now on
                if stop.wait(RETRY_S):
                    return  # JSON is not acknowledged and comes again; the rest falls into gaps
        self._waits_us = None
        for link, messages in taken:
            link.inbox.clear()
            if isinstance(link, JsonLink):
                link.acknowledge(messages)
        self._finish(batch, [(found[0].source, found[0].wall_us) for _, found in taken if found], result)

    def _tell(self, trouble: str) -> None:
        """On the health screen, if the database takes at least so much."""
        self._beat_us = 0  # and that it is over, after the next batch
        with suppress(Retryable):
            detail = {**self._detail(), "trouble": trouble}
            workers.beat(self._database, self.name, os.getpid(), detail)

    def _finish(self, batch: list[RawMessage], oldest: list[tuple[str, int]], result: IngestResult) -> None:
        now, rebirths = wall_us(), result.rebirths
        self._flow.took(result, oldest, now)
        for node, broker in rebirths.items():
            if broker in self.sparkplug:
                self.sparkplug[broker].ask_rebirth(node, now, typed=node in result.once_more)
        if batch:
            self._taken.append((now, len(batch), now - batch[0].wall_us))

    def _beat(self) -> None:
        try:
            self._clocks.read()
            self._ingest.place_anew(self._clocks.ahead_us())
            self._listen()
            self._flow.write(self._database, wall_us(), self._backlog())
            if self.number == 0:
                replay(self._database, self._ingest)
            workers.beat(self._database, self.name, os.getpid(), self._detail())
        except Retryable as error:
            log.warning("no heartbeat: %s", error)

    def _backlog(self) -> dict[str, int]:
        hosts = self.sparkplug.values()
        return {
            "json": sum(len(link.inbox) for link in self.json),
            SPARKPLUG: sum(len(h.inbox) for h in hosts),
        }

    def _detail(self) -> dict[str, object]:
        since = wall_us() - 60 * SECOND
        reader = self._mapping.reader
        recent = [entry for entry in self._taken if entry[0] >= since]
        return {
            "messages_per_minute": sum(count for _, count, _ in recent),
            "lag_ms": max((lag for _, _, lag in recent), default=0) // 1000,
            "backlog": sum(len(link.inbox) for link in self._links),
            "full": any(len(link.inbox) >= BATCH for link in self._links),
            **{_named("json", link): link.trouble or "connected" for link in self.json},
            **{_named(SPARKPLUG, link): link.trouble or "connected" for link in self.sparkplug.values()},
            "topics": f"{self._topics}, entries {len(reader.topics.topics)}" if reader else "",
            **(self._keeper.detail if self.number == 0 else {}),
            **self._division(),
            "trouble": self._wrong(),
        }

    def _division(self) -> dict[str, object]:
        """Which part of several this is, and who takes it in."""
        if self._parts.parts == 1:
            return {}
        by = f"process {self._parts.home + 1}"
        return {"part": f"{self.number + 1} of {self._parts.parts}", "taken_in_by": by}

    def _wrong(self) -> str:
        """What somebody should do something about, empty when there is nothing."""
        if any(host.twin for host in self.sparkplug.values()):
            return "another host application on the broker has our Sparkplug host id (TAKTWISE_HOST_ID)"
        if self.number != self._parts.home:
            seconds = (wall_us() - self._since_us) // SECOND
            return f"its own process is gone; process {self._parts.home + 1} took over {seconds} s ago"
        return self._mapping.trouble


def linger_us(took_us: int) -> int:
    """How long a message may wait for others: four times as long as the last batch took to be stored, so
    that a slow disk or a busy machine gets larger batches; within bounds."""
    return min(max(LINGER_US, LINGER_FOR * took_us), LONGEST_LINGER_US)


def _named(kind: str, link: Link) -> str:
    return f"{kind} {link.broker}" if link.broker else kind
