"""The queue as NATS JetStream: one stream for work, one for receipts, message ids drop duplicates.

The client library is asyncio's; its loop runs in a thread of this object, and every call waits for
its answer with a time limit.
"""

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import MaxPayloadError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DiscardPolicy, RetentionPolicy, StreamConfig

from data.sinks.port import Ack, Delivery, Outcome, Retry, Terminal
from data.wire.queues import (
    RECEIPT_STREAM,
    RECEIPT_SUBJECTS,
    STREAM_LIMITS,
    WORK_STREAM,
    WORK_SUBJECTS,
)
from domain.errors import Unavailable

T = TypeVar("T")
TIMEOUT_S = 5.0
ACK_WAIT_S = 10.0
DURABLE = "taktwise"
_TROUBLE = (NatsError, OSError, TimeoutError)


class NatsSink:
    """JetStream behind `nats://[user:password@]host:port`. Unavailable when it does not answer."""

    def __init__(self, url: str, name: str = "taktwise-relay", *, ack_wait_s: float = ACK_WAIT_S) -> None:
        self._url, self._name, self._ack_wait_s = url, name, ack_wait_s
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="nats", daemon=True)
        self._thread.start()
        self._client: Client | None = None
        self._stream: JetStreamContext | None = None
        self._receipts: JetStreamContext.PullSubscription | None = None

    def prepare(self, queues: Sequence[str]) -> None:  # noqa: ARG002 (subjects need no declaring)
        """Declare both streams and the consumer of receipts."""
        self._wait(self._prepare())

    def publish(self, queue: str, message_id: str, body: str) -> Outcome:
        """Publish and wait for the stream's confirmation."""
        if not queue.startswith(("mes.", "erp.")) or any(sign in queue for sign in " *>"):
            return Terminal(f"{queue!r} is no work queue")
        try:
            self._wait(self._publish(queue, message_id, body))
        except Unavailable as error:
            if isinstance(error.__cause__, MaxPayloadError):
                return Terminal("the message is larger than the queue takes")
            return Retry(str(error))
        return Ack()

    def receipts(self, limit: int, timeout_s: float) -> list[Delivery]:
        """Pull receipts."""
        messages = self._wait(self._pull(limit, max(timeout_s, 0.05)), extra_s=timeout_s)
        return [Delivery(message.subject, message.data, message) for message in messages]

    def ack(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge, and wait until the server has noted it."""
        self._wait(self._ack([d.tag for d in deliveries if isinstance(d.tag, Msg)]))

    def close(self) -> None:
        """Close the connection and end the thread."""
        try:
            if self._client is not None:
                self._wait(self._client.close())
        except Unavailable:
            pass  # it is gone already
        finally:
            asyncio.run_coroutine_threadsafe(_settle(), self._loop)
            self._thread.join(TIMEOUT_S)
            if not self._loop.is_running():
                self._loop.close()

    def _wait(self, work: Coroutine[Any, Any, T], extra_s: float = 0.0) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(3 * TIMEOUT_S + extra_s)
        except _TROUBLE as error:
            future.cancel()
            raise Unavailable(f"the queue does not answer: {error or type(error).__name__}") from error

    async def _js(self) -> JetStreamContext:
        if self._client is None or self._client.is_closed:
            parts = urlsplit(self._url)
            self._client = await nats.connect(
                servers=f"nats://{parts.hostname}:{parts.port or 4222}",
                user=unquote(parts.username) if parts.username else None,
                password=unquote(parts.password) if parts.password else None,
                name=self._name,
                connect_timeout=TIMEOUT_S,
                max_reconnect_attempts=1,
                allow_reconnect=False,
                error_cb=_quiet,
            )
            self._stream, self._receipts = self._client.jetstream(timeout=TIMEOUT_S), None
        assert self._stream is not None  # noqa: S101
        return self._stream

    async def _prepare(self) -> None:
        stream = await self._js()
        for name, subjects in ((WORK_STREAM, WORK_SUBJECTS), (RECEIPT_STREAM, RECEIPT_SUBJECTS)):
            await stream.add_stream(_config(name, subjects))
        self._receipts = await self._subscription(stream)

    async def _subscription(self, stream: JetStreamContext) -> JetStreamContext.PullSubscription:
        config = ConsumerConfig(
            durable_name=DURABLE,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=self._ack_wait_s,
            max_ack_pending=1_000,
        )
        return await stream.pull_subscribe(
            RECEIPT_SUBJECTS[0], durable=DURABLE, stream=RECEIPT_STREAM, config=config
        )

    async def _publish(self, queue: str, message_id: str, body: str) -> None:
        stream = await self._js()
        await stream.publish(
            queue, body.encode(), stream=WORK_STREAM, timeout=TIMEOUT_S, headers={"Nats-Msg-Id": message_id}
        )

    async def _pull(self, limit: int, timeout_s: float) -> list[Msg]:
        stream = await self._js()
        if self._receipts is None:
            self._receipts = await self._subscription(stream)
        try:
            messages: list[Msg] = await self._receipts.fetch(limit, timeout=timeout_s)
        except TimeoutError:
            return []
        return messages

    async def _ack(self, messages: Sequence[Msg]) -> None:
        await asyncio.gather(*(message.ack_sync(timeout=TIMEOUT_S) for message in messages))


async def _quiet(_error: Exception) -> None:
    """Trouble reaches the caller as Unavailable or Retry."""


def _config(name: str, subjects: Sequence[str]) -> StreamConfig:
    return StreamConfig(
        name=name,
        subjects=list(subjects),
        retention=RetentionPolicy(STREAM_LIMITS["retention"]),
        max_bytes=STREAM_LIMITS["max_bytes"],
        discard=DiscardPolicy(STREAM_LIMITS["discard"]),
        duplicate_window=STREAM_LIMITS["duplicate_window"],
    )


async def _settle() -> None:
    """End the loop after what is left of closed connections has run; else their sockets stay open."""
    loop = asyncio.get_running_loop()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0.05)
    loop.stop()
