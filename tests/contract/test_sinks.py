"""The fake and the real queues pass the same cases."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nats
import pika
import pytest

from data.sinks.nats import NatsSink
from data.sinks.port import Ack, Delivery, Retry, Sink, Terminal
from data.sinks.rabbit import RabbitSink
from data.wire.queues import RECEIPT_EXCHANGE, WORK_STREAM, receipt_subject
from domain.errors import Unavailable
from domain.ids import new_id
from tests.contract.memory_sink import MemorySink
from tests.kits.nats import nats_server
from tests.kits.ports import free_port

QUEUE = f"mes.test-{new_id()[:8]}"
SENDER = "mes.line-1"


@dataclass
class Bench:
    """A sink, and the receivers' side of the same queue."""

    sink: Sink
    work: Callable[[], list[tuple[str, str]]]
    answer: Callable[[bytes], None]
    drops_repeats: bool


@contextmanager
def _memory(_request: pytest.FixtureRequest) -> Iterator[Bench]:
    sink = MemorySink()
    yield Bench(sink, lambda: sink.work.get(QUEUE, []), lambda body: sink.answer(SENDER, body), True)


@contextmanager
def _nats(request: pytest.FixtureRequest) -> Iterator[Bench]:
    directory: Path = request.getfixturevalue("tmp_path")
    with nats_server(directory) as server:
        sink = NatsSink(server.url, ack_wait_s=5.0)

        async def work() -> list[tuple[str, str]]:
            client = await nats.connect(server.plant_url)
            pull = await client.jetstream().pull_subscribe(QUEUE, durable="test", stream=WORK_STREAM)
            found = []
            while True:
                try:
                    messages = await pull.fetch(100, timeout=0.3)
                except TimeoutError:
                    left = await pull.consumer_info()
                    if left.num_pending or left.num_ack_pending:
                        continue  # a busy server has not sent them yet
                    break
                for message in messages:
                    await message.ack_sync()
                    found.append(((message.headers or {})["Nats-Msg-Id"], message.data.decode()))
            await client.close()
            return found

        async def answer(body: bytes) -> None:
            client = await nats.connect(server.plant_url)
            await client.jetstream().publish(receipt_subject(SENDER), body)
            await client.close()

        try:
            yield Bench(sink, lambda: asyncio.run(work()), lambda body: asyncio.run(answer(body)), True)
        finally:
            sink.close()


@contextmanager
def _rabbit(request: pytest.FixtureRequest) -> Iterator[Bench]:
    url: str = request.getfixturevalue("rabbitmq_url")
    sink = RabbitSink(url)
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()

    def work() -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        while True:
            method, properties, body = channel.basic_get(QUEUE, auto_ack=True)
            if method is None:
                return found
            found.append((properties.message_id, body.decode()))

    def answer(body: bytes) -> None:
        channel.basic_publish(RECEIPT_EXCHANGE, receipt_subject(SENDER), body)

    try:
        sink.prepare([QUEUE])
        sink.ack(sink.receipts(1_000, 0.1))
        yield Bench(sink, work, answer, False)
        channel.queue_delete(QUEUE)
    finally:
        sink.close()
        connection.close()


@pytest.fixture(params=["memory", "nats", pytest.param("rabbit", marks=pytest.mark.services)])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    kinds = {"memory": _memory, "nats": _nats, "rabbit": _rabbit}
    with kinds[request.param](request) as made:
        made.sink.prepare([QUEUE])
        yield made


def came(bench: Bench, limit: int = 10) -> list[Delivery]:
    """The next receipts, however long the queue takes."""
    until = time.monotonic() + 60
    while not (found := bench.sink.receipts(limit, 2.0)):
        assert time.monotonic() < until, "no receipt came"
    return found


def test_a_message_arrives_with_its_id_and_body_in_order(bench: Bench) -> None:
    ids = [new_id() for _ in range(5)]
    assert [bench.sink.publish(QUEUE, i, f'{{"n":"{i}"}}') for i in ids] == [Ack()] * 5
    assert bench.work() == [(i, f'{{"n":"{i}"}}') for i in ids]


def test_the_same_message_id_is_dropped_where_the_queue_can(bench: Bench) -> None:
    message = new_id()
    assert bench.sink.publish(QUEUE, message, "a") == Ack()
    assert bench.sink.publish(QUEUE, message, "a") == Ack()
    assert len(bench.work()) == (1 if bench.drops_repeats else 2)


def test_preparing_again_changes_nothing(bench: Bench) -> None:
    bench.sink.publish(QUEUE, new_id(), "kept")
    bench.sink.prepare([QUEUE])
    assert [body for _, body in bench.work()] == ["kept"]


def test_what_is_no_work_queue_is_refused_for_good(bench: Bench) -> None:
    assert isinstance(bench.sink.publish("spBv1.0/north/NCMD/line-1", new_id(), "x"), Terminal)


def test_receipts_come_until_they_are_acknowledged(bench: Bench) -> None:
    for n in range(3):
        bench.answer(b'{"n":%d}' % n)
    first = came(bench, 2)
    assert [d.body for d in first] == [b'{"n":0}', b'{"n":1}']
    assert {d.subject for d in first} == {receipt_subject(SENDER)}
    bench.sink.ack(first)
    rest = came(bench)
    assert [d.body for d in rest] == [b'{"n":2}']
    bench.sink.ack(rest)
    assert bench.sink.receipts(10, 0.1) == []


def test_a_receipt_that_was_not_acknowledged_comes_again(bench: Bench) -> None:
    bench.answer(b"again")
    assert [d.body for d in came(bench)] == [b"again"]
    if not isinstance(bench.sink, NatsSink):  # JetStream hands it out again after the ack wait
        bench.sink.close()
    found = came(bench)
    assert [d.body for d in found] == [b"again"]
    bench.sink.ack(found)


def test_no_receipts_is_an_empty_answer(bench: Bench) -> None:
    assert bench.sink.receipts(10, 0.05) == []


@pytest.mark.parametrize("scheme", ["nats", "amqp"])
def test_a_queue_that_is_away_is_a_value_when_sending_and_an_error_when_reading(scheme: str) -> None:
    url = f"{scheme}://127.0.0.1:{free_port()}"
    sink: Sink = NatsSink(url) if scheme == "nats" else RabbitSink(url)
    try:
        assert isinstance(sink.publish(QUEUE, new_id(), "x"), Retry)
        with pytest.raises(Unavailable):
            sink.receipts(1, 0.1)
        with pytest.raises(Unavailable):
            sink.prepare([QUEUE])
    finally:
        sink.close()


def test_the_fake_that_is_away_behaves_alike() -> None:
    sink = MemorySink()
    sink.away = True
    assert isinstance(sink.publish(QUEUE, new_id(), "x"), Retry)
    with pytest.raises(Unavailable):
        sink.receipts(1, 0.1)


def test_a_queue_nobody_declared_is_tried_again(rabbitmq_url: str) -> None:
    sink = RabbitSink(rabbitmq_url)
    try:
        sink.prepare([QUEUE])
        assert isinstance(sink.publish(f"mes.nobody-{new_id()}", new_id(), "x"), Retry)
    finally:
        sink.close()


def test_a_message_above_the_limit_is_refused_for_good(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        sink = NatsSink(server.url)
        try:
            sink.prepare([])
            assert isinstance(sink.publish(QUEUE, new_id(), "x" * 5_000_000), Terminal)
            assert sink.publish(QUEUE, new_id(), "x") == Ack()
        finally:
            sink.close()


def test_a_server_that_comes_back_is_found_again(tmp_path: Path) -> None:
    with nats_server(tmp_path) as server:
        sink = NatsSink(server.url)
        sink.prepare([])
        assert sink.publish(QUEUE, new_id(), "x") == Ack()
    assert isinstance(sink.publish(QUEUE, new_id(), "y"), Retry)
    sink.close()
