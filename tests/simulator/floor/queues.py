"""The desk's side of the queues, as thin as it can be: publish commands, collect receipts."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import nats
import pika
from nats.aio.client import Client
from nats.js.errors import APIError

from data.wire.orders import decode_receipt
from data.wire.queues import DEAD_QUEUE, RECEIPT_QUEUE, RECEIPT_STREAM, declare_rabbit
from domain.messages import Command, Receipt
from simulator.records.serve_nats import ensure_streams
from tests.simulator.floor.conftest import body


class Side(Protocol):
    """What the tests need of a queue server."""

    url: str

    def publish(self, messages: Sequence[tuple[str, str, bytes]]) -> None: ...

    def receipts(self) -> list[Receipt]: ...


def messages(commands: Sequence[Command]) -> list[tuple[str, str, bytes]]:
    return [(command.queue, command.command_id, body(command)) for command in commands]


class NatsSide:
    """JetStream."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def _connect(self) -> Client:
        parts = urlsplit(self.url)
        server = f"nats://{parts.hostname}:{parts.port}"
        return await nats.connect(server, user=parts.username, password=unquote(parts.password or ""))

    def publish(self, messages: Sequence[tuple[str, str, bytes]]) -> None:
        asyncio.run(self._publish(messages))

    async def _publish(self, messages: Sequence[tuple[str, str, bytes]]) -> None:
        client = await self._connect()
        try:
            stream = client.jetstream()
            await ensure_streams(stream)
            for queue, _, content in messages:  # no message id: the stream must not hide doubles
                await stream.publish(queue, content)
        finally:
            await client.close()

    def receipts(self) -> list[Receipt]:
        return asyncio.run(self._receipts())

    async def _receipts(self) -> list[Receipt]:
        client = await self._connect()
        found: list[Receipt] = []
        try:
            stream = client.jetstream()
            last = (await stream.stream_info(RECEIPT_STREAM)).state.last_seq
            for sequence in range(1, last + 1):
                try:
                    message: Any = await stream.get_msg(RECEIPT_STREAM, sequence)
                except APIError:
                    continue
                found.append(decode_receipt(message.data))
        finally:
            await client.close()
        return found


class RabbitSide:
    """RabbitMQ; `receipts` takes them off the queue and remembers them."""

    def __init__(self, url: str, queues: Sequence[str]) -> None:
        self.url = url
        self._found: list[Receipt] = []
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        self.channel = self._connection.channel()
        self.channel.confirm_delivery()
        self._queues = [*queues, RECEIPT_QUEUE, DEAD_QUEUE]
        declare_rabbit(self.channel, queues)
        for queue in self._queues:
            self.channel.queue_purge(queue)

    def publish(self, messages: Sequence[tuple[str, str, bytes]]) -> None:
        for queue, message_id, content in messages:
            properties = pika.BasicProperties(message_id=message_id, delivery_mode=2)
            self.channel.basic_publish("", queue, content, properties, mandatory=True)

    def receipts(self) -> list[Receipt]:
        while True:
            method, _, content = self.channel.basic_get(RECEIPT_QUEUE, auto_ack=True)
            if method is None:
                return self._found
            self._found.append(decode_receipt(content))

    def close(self) -> None:
        for queue in self._queues:
            self.channel.queue_purge(queue)
        self._connection.close()
