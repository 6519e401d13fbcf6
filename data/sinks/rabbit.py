"""The queue as RabbitMQ: quorum queues, publisher confirms, mandatory, dead-letter exchange.

RabbitMQ drops no duplicates: a message that is sent again arrives again, and the receiver's inbox
makes it once. Call `receipts` at least every few seconds: it also answers the server's heartbeats.
"""

import logging
import ssl
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError, NackError, UnroutableError

from data.sinks.port import Ack, Delivery, Outcome, Retry, Terminal
from data.wire.queues import RECEIPT_QUEUE, declare_rabbit
from domain.errors import Unavailable

_TROUBLE = (AMQPError, OSError)
logging.getLogger("pika").setLevel(logging.CRITICAL)  # it logs what it raises, seven lines each
HEARTBEAT_S = 60
TIMEOUT_S = 10.0


class RabbitSink:
    """RabbitMQ behind `amqp[s]://user:password@host:port/vhost`. Unavailable when it does not answer."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: pika.BlockingConnection | None = None
        self._channel: BlockingChannel | None = None

    def prepare(self, queues: Sequence[str]) -> None:
        """Declare the work queues, the receipts queue and the dead letters."""
        try:
            declare_rabbit(self._open(), queues)
        except _TROUBLE as error:
            raise self._lost(error) from error

    def publish(self, queue: str, message_id: str, body: str) -> Outcome:
        """Publish, persistent and mandatory, and wait for the confirmation."""
        properties = pika.BasicProperties(
            message_id=message_id, delivery_mode=pika.DeliveryMode.Persistent, content_type="application/json"
        )
        if not queue.startswith(("mes.", "erp.")):
            return Terminal(f"{queue!r} is no work queue")
        try:
            self._open().basic_publish("", queue, body.encode(), properties, mandatory=True)
        except UnroutableError:
            return Retry(f"nobody has declared the queue {queue}")
        except NackError:
            return Retry(f"the queue {queue} is full")
        except _TROUBLE as error:
            return Retry(str(self._lost(error)))
        return Ack()

    def receipts(self, limit: int, timeout_s: float) -> list[Delivery]:
        """Get receipts one by one."""
        try:
            found = self._get(limit)
            if not found and timeout_s > 0 and self._connection is not None:
                self._connection.sleep(timeout_s)
                found = self._get(limit)
        except _TROUBLE as error:
            raise self._lost(error) from error
        return found

    def ack(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge on the channel that delivered them."""
        try:
            channel = self._open()
            for delivery in deliveries:
                owner, tag = _handle(delivery)
                if owner is channel:
                    channel.basic_ack(tag)
        except _TROUBLE as error:
            raise self._lost(error) from error

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None and connection.is_open:
            try:
                connection.close()
            except _TROUBLE:
                return  # it is gone already

    def _get(self, limit: int) -> list[Delivery]:
        channel = self._open()
        found: list[Delivery] = []
        while len(found) < limit:
            method, _, body = channel.basic_get(RECEIPT_QUEUE, auto_ack=False)
            if method is None or body is None:
                break
            found.append(Delivery(method.routing_key, body, (channel, method.delivery_tag)))
        return found

    def _open(self) -> BlockingChannel:
        if self._channel is not None and self._channel.is_open:
            return self._channel
        self.close()
        self._connection = pika.BlockingConnection(_parameters(self._url))
        self._channel = self._connection.channel()
        self._channel.confirm_delivery()
        return self._channel

    def _lost(self, error: BaseException) -> Unavailable:
        self.close()
        return Unavailable(f"the queue does not answer: {str(error) or type(error).__name__}")


def _handle(delivery: Delivery) -> tuple[BlockingChannel, int]:
    assert isinstance(delivery.tag, tuple)  # noqa: S101
    return delivery.tag[0], int(delivery.tag[1])


def _parameters(url: str) -> pika.ConnectionParameters:
    parts = urlsplit(url)
    secure = parts.scheme == "amqps"
    context = ssl.create_default_context()
    credentials = pika.PlainCredentials(
        unquote(parts.username or "guest"), unquote(parts.password or "guest")
    )
    return pika.ConnectionParameters(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or (5671 if secure else 5672),
        virtual_host=unquote(parts.path[1:]) or "/",
        credentials=credentials,
        heartbeat=HEARTBEAT_S,
        blocked_connection_timeout=TIMEOUT_S,
        socket_timeout=TIMEOUT_S,
        ssl_options=pika.SSLOptions(context, parts.hostname) if secure else None,
    )
