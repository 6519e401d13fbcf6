"""Names and limits of the queues between the desk and its receivers. Both sides declare the same.

NATS JetStream: work lies in TAKTWISE_WORK under its own subject, receipts in TAKTWISE_RECEIPTS; the
header `Nats-Msg-Id` is the message id. RabbitMQ: work goes to a quorum queue by its name (default
exchange, mandatory), receipts to the topic exchange `taktwise.receipts` with the routing key
`receipts.<sender>`, and what cannot be delivered goes to `taktwise.dead`. Delivery is at least once.
"""

from collections.abc import Iterable
from typing import Any, Protocol

WORK_STREAM = "TAKTWISE_WORK"
WORK_SUBJECTS = ("mes.>", "erp.>")
RECEIPT_STREAM = "TAKTWISE_RECEIPTS"
RECEIPT_SUBJECTS = ("receipts.>",)
STREAM_LIMITS: dict[str, Any] = {
    "retention": "workqueue",
    "max_bytes": 256 * 1024 * 1024,
    "discard": "new",
    "duplicate_window": 600.0,  # seconds
}
ERP_QUEUES = ("erp.procurement", "erp.stock", "erp.finance")
RECEIPT_EXCHANGE = "taktwise.receipts"
RECEIPT_QUEUE = "taktwise.receipts"
DEAD_EXCHANGE = "taktwise.dead"
DEAD_QUEUE = "taktwise.dead"
DELIVERY_LIMIT = 20
MAX_LENGTH = 200_000


class Channel(Protocol):
    """The part of a pika channel that declares things."""

    def exchange_declare(self, exchange: str, exchange_type: Any, *, durable: bool) -> Any:
        """Make an exchange when it is missing."""
        ...

    def queue_declare(self, queue: str, *, durable: bool, arguments: dict[str, Any]) -> Any:
        """Make a queue when it is missing."""
        ...

    def queue_bind(self, queue: str, exchange: str, routing_key: str) -> Any:
        """Bind a queue to an exchange."""
        ...


def durable_name(queue: str) -> str:
    """The JetStream consumer of a queue: no dots are allowed in it."""
    return queue.replace(".", "-")


def receipt_subject(sender: str) -> str:
    """Where the receipts of `mes.line-1` or `erp.stock` go."""
    return f"receipts.{sender}"


def declare_rabbit(channel: Channel, queues: Iterable[str]) -> None:
    """Declare the work queues named, the receipts queue and the dead-letter queue."""
    channel.exchange_declare(DEAD_EXCHANGE, "fanout", durable=True)
    channel.queue_declare(DEAD_QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
    channel.queue_bind(DEAD_QUEUE, DEAD_EXCHANGE, "")
    channel.exchange_declare(RECEIPT_EXCHANGE, "topic", durable=True)
    arguments = {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": DEAD_EXCHANGE,
        "x-max-length": MAX_LENGTH,
        "x-overflow": "reject-publish",
    }
    for queue in (*queues, RECEIPT_QUEUE):
        channel.queue_declare(queue, durable=True, arguments=arguments)
    channel.queue_bind(RECEIPT_QUEUE, RECEIPT_EXCHANGE, "receipts.#")
