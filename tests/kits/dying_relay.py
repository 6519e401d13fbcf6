"""A relay that kills itself (SIGKILL) at a named point of its work, as a power cut would.

python -m tests.kits.dying_relay DATABASE_URL QUEUE_URL SITE POINT COUNT
"""

import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from data.sinks.nats import NatsSink
from data.sinks.port import Delivery, Outcome, Sink
from data.store.database import Database
from runtime.workers.relay import Worker

POINTS = ("before_publish", "after_publish", "after_receipts", "before_ack", "after_ack")


@dataclass
class DyingSink:
    """A sink that dies at the `count`th passing of a point."""

    inner: Sink
    point: str
    count: int

    def prepare(self, queues: Sequence[str]) -> None:
        self.inner.prepare(queues)

    def publish(self, queue: str, message_id: str, body: str) -> Outcome:
        self._pass("before_publish")
        outcome = self.inner.publish(queue, message_id, body)
        self._pass("after_publish")
        return outcome

    def receipts(self, limit: int, timeout_s: float) -> list[Delivery]:
        found = self.inner.receipts(limit, timeout_s)
        if found:
            self._pass("after_receipts")
        return found

    def ack(self, deliveries: Sequence[Delivery]) -> None:
        self._pass("before_ack")
        self.inner.ack(deliveries)
        self._pass("after_ack")

    def close(self) -> None:
        self.inner.close()

    def _pass(self, point: str) -> None:
        self.count -= point == self.point
        if point == self.point and self.count <= 0:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    database_url, queue_url, site, point, count = sys.argv[1:]
    sink = DyingSink(NatsSink(queue_url, ack_wait_s=3.0), point, int(count))
    Worker(Database(database_url), sink, site).run(threading.Event())
