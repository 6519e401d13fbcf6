"""The ingest process: MQTT connections (two a broker) and the MES databases into the store.

One thread reads all connections, stores a batch, then acknowledges it. While the database is away
nothing is read: the broker keeps the JSON messages, and edge nodes, told by our STATE, keep theirs.
"""

import logging
import os
import select
import threading
from collections import deque

from data.sources import topic_mapping
from data.sources.mqtt import Broker, JsonLink, Link, Receipt, SparkplugLink
from data.sources.topic_reading import TopicReader
from data.store.database import Database
from domain.clock import DAY, SECOND, wall_us
from domain.errors import Retryable
from runtime.settings import Settings
from runtime.workers.mes_polls import open_all
from runtime.workers.mes_polls import run as run_polls
from runtime.workers.retention import Keeper
from services import workers
from services.ingest import SPARKPLUG, Ingest, IngestResult, poison
from services.ingest.flow import Flow
from services.ingest.replaying import replay
from services.ingest.site_clocks import SiteClocks

NAME = "ingest"
BATCH = 2_000
LINGER_US = SECOND // 10
TURN_S = 0.05
TICK_US = SECOND // 2
BEAT_US = 5 * SECOND
RETRY_S = 1.0
log = logging.getLogger("taktwise.ingest")


def main(settings: Settings, stop: threading.Event) -> None:
    """Run until `stop` is set. Brokers and databases may come and go."""
    foreign = open_all(settings)
    database, keeper = Database(settings.store_url), Keeper(settings)
    try:
        while not stop.is_set():
            try:
                worker = Worker(settings, database, keeper)
                break
            except Retryable as error:
                log.warning("waiting for the database: %s", error)
                stop.wait(RETRY_S)
        else:
            return
        polls = threading.Thread(target=run_polls, args=(settings, foreign, stop), name="mes", daemon=True)
        old = threading.Thread(target=keeper.run, args=(stop,), name="retention", daemon=True)
        for thread in (polls, old):
            thread.start()
        worker.run(stop)
        for thread in (polls, old):
            thread.join(10)
    finally:
        database.close()


class Worker:
    """The loop: wait, read, store, acknowledge."""

    def __init__(self, settings: Settings, database: Database, keeper: Keeper) -> None:
        self._database, self._keeper = database, keeper
        mapped = TopicReader(topic_mapping.load(settings.topics)) if settings.topics else None
        filters = mapped.topics.filters if mapped else ()
        self._mapping = f"{settings.topics}, entries {len(mapped.topics.topics)}" if mapped else ""
        self._clocks = SiteClocks(database, settings.site)
        self._ingest = Ingest(
            database,
            settings.site,
            self._clocks.ahead_us(),
            round(settings.raw_days * DAY),
            round(settings.sparkplug_reorder_s * SECOND),
            mapped,
        )
        stem, stamp = f"taktwise-{settings.instance}", self._clocks.stamp
        all_brokers = brokers(settings)
        self.json = [JsonLink(one, f"{stem}-json", stamp, filters) for one in all_brokers]
        self.sparkplug = {
            one.name: SparkplugLink(one, f"{stem}-sparkplug", settings.host_id, stamp) for one in all_brokers
        }
        self._links: tuple[Link, ...] = (*self.json, *self.sparkplug.values())
        self._beat_us = self._tick_us = 0
        self._flow = Flow()
        self._taken: deque[tuple[int, int, int]] = deque(maxlen=600)  # wall time, messages, lag

    def run(self, stop: threading.Event) -> None:
        """Take messages until `stop`; then store what was read, say goodbye and leave."""
        try:
            while not stop.is_set():
                self._turn(stop)
        finally:
            for host in self.sparkplug.values():
                host.leave()
            self._store(stop)
            for link in self._links:
                link.close()

    def _turn(self, stop: threading.Event) -> None:
        now = wall_us()
        for link in self._links:
            link.keep_open(now)
        self._wait()
        for link in self._links:
            link.pump(BATCH)
        now = wall_us()
        if self._due(now):
            self._store(stop)
        if now - self._beat_us >= BEAT_US:
            self._beat_us = now
            self._beat()

    def _wait(self) -> None:
        sockets = [found for link in self._links if (found := link.socket()) is not None]
        if sockets:
            select.select(sockets, [], [], TURN_S)
        else:
            threading.Event().wait(TURN_S)

    def _due(self, now: int) -> bool:
        """A full batch, a message that has waited long enough, or the time to look after held ones."""
        inboxes = [link.inbox for link in self._links if link.inbox]
        if any(len(inbox) >= BATCH or now - inbox[0].message.wall_us >= LINGER_US for inbox in inboxes):
            return True
        return self._ingest.waiting and now - self._tick_us >= TICK_US

    def _store(self, stop: threading.Event) -> None:
        taken = [(link, list(link.inbox)) for link in self._links]
        batch = [receipt for _, receipts in taken for receipt in receipts]
        away = False
        while True:
            self._tick_us = wall_us()
            try:
                result = poison.take(self._ingest, [r.message for r in batch], self._tick_us)
                break
            except Retryable as error:
                log.warning("%d messages wait for the database: %s", len(batch), error)
                if not away:
                    away = True
                    for host in self.sparkplug.values():
                        host.close()  # edge nodes keep their data from now on
                if stop.wait(RETRY_S):
                    return  # JSON is not acknowledged and comes again; the rest falls into gaps
        for link, receipts in taken:
            link.inbox.clear()
            if isinstance(link, JsonLink):
                link.acknowledge(receipts)
        self._finish(batch, result)

    def _finish(self, batch: list[Receipt], result: IngestResult) -> None:
        now, rebirths = wall_us(), result.rebirths
        self._flow.took(result, ((r.message.source, r.message.wall_us) for r in batch), now)
        for node, broker in rebirths.items():
            if broker in self.sparkplug:
                self.sparkplug[broker].ask_rebirth(node, now)
        if batch:
            self._taken.append((now, len(batch), now - batch[0].message.wall_us))

    def _beat(self) -> None:
        try:
            self._clocks.read()
            self._ingest.place_anew(self._clocks.ahead_us())
            self._flow.write(self._database, wall_us(), self._backlog())
            replay(self._database, self._ingest)
            workers.beat(self._database, NAME, os.getpid(), self._detail())
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
        recent = [entry for entry in self._taken if entry[0] >= since]
        return {
            "messages_per_minute": sum(count for _, count, _ in recent),
            "lag_ms": max((lag for _, _, lag in recent), default=0) // 1000,
            "backlog": sum(len(link.inbox) for link in self._links),
            "full": any(len(link.inbox) >= BATCH for link in self._links),
            **{_named("json", link): link.trouble or "connected" for link in self.json},
            **{_named(SPARKPLUG, link): link.trouble or "connected" for link in self.sparkplug.values()},
            "topics": self._mapping,
            **self._keeper.detail,
        }


def brokers(settings: Settings) -> list[Broker]:
    """The broker, and those beside it."""
    first = Broker(settings.broker_url, settings.broker_username, settings.broker_password)
    return [first, *(Broker(url, name=name) for name, url in settings.more_brokers.items())]


def _named(kind: str, link: Link) -> str:
    return f"{kind} {link.broker}" if link.broker else kind
