"""The queue in memory: the fake that passes the same contract cases as NATS and RabbitMQ."""

from collections import deque
from collections.abc import Sequence

from data.sinks.port import Ack, Delivery, Outcome, Retry, Terminal
from data.wire.queues import receipt_subject
from domain.errors import Unavailable


class MemorySink:
    """A queue that can be taken away (`away`) and that drops repeated message ids, as JetStream does."""

    def __init__(self) -> None:
        self.away = False
        self.work: dict[str, list[tuple[str, str]]] = {}
        self._seen: set[str] = set()
        self._receipts: deque[Delivery] = deque(maxlen=10_000)
        self._unacked: dict[int, Delivery] = {}
        self._next = 0

    def prepare(self, queues: Sequence[str]) -> None:
        self._reach()
        for queue in queues:
            self.work.setdefault(queue, [])

    def publish(self, queue: str, message_id: str, body: str) -> Outcome:
        if self.away:
            return Retry("the queue does not answer")
        if not queue.startswith(("mes.", "erp.")):
            return Terminal(f"{queue!r} is no work queue")
        if message_id not in self._seen:
            self._seen.add(message_id)
            self.work.setdefault(queue, []).append((message_id, body))
        return Ack()

    def receipts(self, limit: int, timeout_s: float) -> list[Delivery]:
        self._reach()
        found = [self._receipts.popleft() for _ in range(min(limit, len(self._receipts)))]
        self._unacked |= {int(str(d.tag)): d for d in found}
        return found

    def ack(self, deliveries: Sequence[Delivery]) -> None:
        self._reach()
        for delivery in deliveries:
            self._unacked.pop(int(str(delivery.tag)), None)

    def close(self) -> None:
        """A dropped connection: what was not acknowledged comes again."""
        self._receipts.extendleft(reversed(self._unacked.values()))
        self._unacked.clear()

    def answer(self, sender: str, body: bytes) -> None:
        """A receiver answers."""
        self._next += 1
        self._receipts.append(Delivery(receipt_subject(sender), body, self._next))

    def _reach(self) -> None:
        if self.away:
            raise Unavailable("the queue does not answer")
