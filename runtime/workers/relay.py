"""The relay process: outbox to the queues, receipts back, and cases that ran out of time.

While the queue is away, messages wait in the outbox; the connection is tried again every second.
Two relays may run side by side: a lease keeps them from sending the same message.
"""

import logging
import threading
from typing import Any

from data.sinks.port import Sink
from data.store.database import Database
from domain.clock import NEVER, SECOND, steady_us
from domain.errors import Retryable
from runtime.settings import Settings
from runtime.wiring import sink
from runtime.workers.heartbeat import Heartbeat
from services.fallback import watch_stopped
from services.ledger import book_due
from services.recommend import Recommender
from services.relay import BATCH, Relay
from services.reviews import open_due

NAME = "relay"
EXPIRE_US = SECOND
QUEUES_US = 60 * SECOND
JUDGE_US = 30 * SECOND
WATCH_US = 2 * SECOND
RENEW_US = 30 * SECOND
RETRY_S = 1.0
COUNTED = ("sent", "retried", "failed", "receipts", "expired", "judged", "limits", "renewed", "reviews")
WAIT_S = 0.2
log = logging.getLogger("taktwise.relay")


def main(settings: Settings, stop: threading.Event) -> None:
    """Run until `stop` is set. Queues and databases may come and go."""
    database = Database(settings.store_url)
    queue = sink(settings)
    try:
        Worker(database, queue, settings.site).run(stop)
    finally:
        queue.close()
        database.close()


class Worker:
    """The loop: send, receive, expire, beat."""

    def __init__(self, database: Database, queue: Sink, site_id: str) -> None:
        self._database, self._site_id = database, site_id
        self._relay, self._recommender = Relay(database, queue), Recommender(database)
        self._prepared_us = self._expired_us = self._judged_us = self._watched_us = self._renewed_us = NEVER
        self._heartbeat = Heartbeat(database, NAME)
        self._totals = dict.fromkeys(COUNTED, 0)
        self._trouble = ""

    def run(self, stop: threading.Event) -> None:
        """Turn until `stop`."""
        while not stop.is_set():
            try:
                self._turn()
                self._trouble = ""
            except Retryable as error:
                if str(error) != self._trouble:
                    log.warning("%s", error)
                self._trouble, self._prepared_us = str(error), NEVER
                stop.wait(RETRY_S)
            self._heartbeat.beat(self._detail)

    def _turn(self) -> None:
        now = steady_us()
        if now - self._expired_us >= EXPIRE_US:
            self._expired_us = now
            self._totals["expired"] += self._recommender.expire_all()
        if now - self._renewed_us >= RENEW_US:
            self._renewed_us = now
            self._totals["renewed"] += self._recommender.renew_all()
        if now - self._watched_us >= WATCH_US:
            self._watched_us = now
            self._totals["limits"] += watch_stopped(self._database)
        if now - self._judged_us >= JUDGE_US:
            self._judged_us = now
            self._totals["judged"] += self._recommender.judge_untaken()
            book_due(self._database)
            self._totals["reviews"] += open_due(self._database)
        if now - self._prepared_us >= QUEUES_US:
            self._relay.prepare()
            self._prepared_us = now
        sent = self._relay.send_due()
        for name in ("sent", "retried", "failed"):
            self._totals[name] += getattr(sent, name)
        busy = sent.sent == BATCH
        self._totals["receipts"] += self._relay.take_receipts(timeout_s=0.0 if busy else WAIT_S)

    def _detail(self) -> dict[str, Any]:
        queue = self._trouble or "connected"
        return {**self._totals, "backlog": self._relay.backlog(), "queue": queue}
