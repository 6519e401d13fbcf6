"""The queues on NATS JetStream: one durable pull consumer per queue, explicit acknowledgement."""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DiscardPolicy, RetentionPolicy, StreamConfig
from nats.js.errors import NotFoundError
from sqlalchemy.exc import OperationalError

from data.wire.queues import (
    DELIVERY_LIMIT,
    RECEIPT_STREAM,
    RECEIPT_SUBJECTS,
    STREAM_LIMITS,
    WORK_STREAM,
    WORK_SUBJECTS,
    durable_name,
)
from simulator.records.post import Post

log = logging.getLogger(__name__)
BATCH = 20
WAIT_S = 1.0
ACK_WAIT_S = 10.0
MAIL_S = 0.1


def serve_nats(posts: Sequence[Post], now: Callable[[], int], url: str, stop: threading.Event) -> None:
    """Serve until `stop` is set; raises when the connection is lost for good or a call fails."""
    asyncio.run(_serve(posts, now, url, stop))


async def _serve(posts: Sequence[Post], now: Callable[[], int], url: str, stop: threading.Event) -> None:
    parts = urlsplit(url)
    client = await nats.connect(
        f"nats://{parts.hostname}:{parts.port or 4222}",
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        name="plant-floor",
        allow_reconnect=False,
        connect_timeout=3,
        max_outstanding_pings=2,
        error_cb=_log,
    )
    try:
        stream = client.jetstream(timeout=5)
        await ensure_streams(stream)
        async with asyncio.TaskGroup() as group:
            for post in posts:
                group.create_task(_send(client, stream, post, now, stop))
                for queue in post.queues:
                    group.create_task(_consume(stream, post, queue, now, stop))
    finally:
        await client.close()


async def _log(error: Exception) -> None:
    log.warning("NATS: %s", error)


async def ensure_streams(stream: JetStreamContext) -> None:
    """Make the two streams when they are missing; leave them as they are otherwise."""
    limits = STREAM_LIMITS
    for name, subjects in ((WORK_STREAM, WORK_SUBJECTS), (RECEIPT_STREAM, RECEIPT_SUBJECTS)):
        try:
            await stream.stream_info(name)
        except NotFoundError:
            await stream.add_stream(
                StreamConfig(
                    name=name,
                    subjects=list(subjects),
                    retention=RetentionPolicy(limits["retention"]),
                    max_bytes=limits["max_bytes"],
                    discard=DiscardPolicy(limits["discard"]),
                    duplicate_window=limits["duplicate_window"],
                )
            )


async def _consume(
    stream: JetStreamContext, post: Post, queue: str, now: Callable[[], int], stop: threading.Event
) -> None:
    config = ConsumerConfig(
        durable_name=durable_name(queue),
        filter_subject=queue,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ACK_WAIT_S,
        max_ack_pending=1_000,
    )
    subscription = await stream.pull_subscribe(queue, durable_name(queue), WORK_STREAM, config)
    while not stop.is_set():
        try:
            messages = await subscription.fetch(BATCH, timeout=WAIT_S)
        except TimeoutError:
            continue
        for message in messages:
            await _take(post, queue, message, now)


async def _take(post: Post, queue: str, message: Msg, now: Callable[[], int]) -> None:
    try:
        await asyncio.to_thread(post.take, queue, message.data, now())
    except Exception as error:  # noqa: BLE001 one bad message must not stop the queue
        log.warning("a message on %s was not taken: %s", queue, error)
        database_away = isinstance(error, OperationalError)
        if database_away or message.metadata.num_delivered < DELIVERY_LIMIT:
            await message.nak(delay=1)
            return
        await asyncio.to_thread(post.park, queue, message.data, f"not taken: {type(error).__name__}", now())
    await message.ack_sync(timeout=5)


async def _send(
    client: Client, stream: JetStreamContext, post: Post, now: Callable[[], int], stop: threading.Event
) -> None:
    while not stop.is_set():
        if client.is_closed:
            raise ConnectionError("the connection was closed")
        if not post.mail.is_set():
            await asyncio.sleep(MAIL_S)
            continue
        rows: list[Any] = await asyncio.to_thread(post.unsent)
        for row in rows:
            await stream.publish(row.subject, row.body.encode(), headers={"Nats-Msg-Id": row.message_id})
        if rows:
            await asyncio.to_thread(post.sent, [row.entry for row in rows], now())
            post.mail.set()
