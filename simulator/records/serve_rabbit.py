"""The queues on RabbitMQ: quorum queues, manual acknowledgement, receipts with publisher confirms."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pika

from data.wire.queues import RECEIPT_EXCHANGE, declare_rabbit
from simulator.records.post import Post

log = logging.getLogger(__name__)
PREFETCH = 20
TURN_S = 0.1
PAUSE_S = 1.0  # before a message that was not taken goes back; at the limit it is dead-lettered


def serve_rabbit(posts: Sequence[Post], now: Callable[[], int], url: str, stop: threading.Event) -> None:
    """Serve until `stop` is set; raises when the connection breaks."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        channel = connection.channel()
        declare_rabbit(channel, [queue for post in posts for queue in post.queues])
        channel.basic_qos(prefetch_count=PREFETCH)
        for post in posts:
            for queue in post.queues:
                channel.basic_consume(queue, _taker(post, queue, now))
        sender = connection.channel()
        sender.confirm_delivery()
        while not stop.is_set():
            connection.process_data_events(time_limit=TURN_S)
            for post in posts:
                if post.mail.is_set():
                    _send(sender, post, now)
    finally:
        if connection.is_open:
            connection.close()


def _taker(post: Post, queue: str, now: Callable[[], int]) -> Callable[[Any, Any, Any, bytes], None]:
    def take(channel: Any, method: Any, _properties: Any, body: bytes) -> None:
        try:
            post.take(queue, body, now())
        except Exception as error:  # noqa: BLE001 one bad message must not stop the queue
            log.warning("a message on %s was not taken: %s", queue, error)
            time.sleep(PAUSE_S)
            channel.basic_nack(method.delivery_tag, requeue=True)
            return
        channel.basic_ack(method.delivery_tag)

    return take


def _send(sender: Any, post: Post, now: Callable[[], int]) -> None:
    rows = post.unsent()
    for row in rows:
        properties = pika.BasicProperties(
            message_id=row.message_id, delivery_mode=2, content_type="application/json"
        )
        sender.basic_publish(
            RECEIPT_EXCHANGE, row.subject, row.body.encode(), properties=properties, mandatory=True
        )
    if rows:
        post.sent([row.entry for row in rows], now())
        post.mail.set()
