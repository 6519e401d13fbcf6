"""What a queue must be able to do for the relay. NATS JetStream and RabbitMQ both do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Ack:
    """The queue has the message, on disk."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Not now; the same call may succeed later."""

    why: str


@dataclass(frozen=True, slots=True)
class Terminal:
    """Never; somebody has to look."""

    why: str


Outcome = Ack | Retry | Terminal


@dataclass(frozen=True, slots=True)
class Delivery:
    """A receipt as it came, and where. `tag` is the sink's own handle for acknowledging it."""

    subject: str
    body: bytes
    tag: object


class Sink(Protocol):
    """One connection. Calls come from one thread. Unavailable: the queue does not answer."""

    def prepare(self, queues: Sequence[str]) -> None:
        """Declare streams and queues; harmless when they are there."""
        ...

    def publish(self, queue: str, message_id: str, body: str) -> Outcome:
        """Hand one message over and wait for the confirmation. Never raises for a queue's trouble."""
        ...

    def receipts(self, limit: int, timeout_s: float) -> list[Delivery]:
        """Up to `limit` receipts, waiting for the first at most `timeout_s`.

        Those that are not acknowledged come again.
        """
        ...

    def ack(self, deliveries: Sequence[Delivery]) -> None:
        """These receipts are stored; forget them. Call after the commit."""
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...
