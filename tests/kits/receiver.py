"""A small MES and ERP on JetStream: an inbox by command id, a ledger by business key, and receipts.

Work is acknowledged only after inbox, ledger and receipts are kept, so that killing the relay, and
even this receiver, loses nothing.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

import nats
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.errors import ServiceUnavailableError

from data.wire.orders import decode_command, encode_receipt
from data.wire.queues import WORK_STREAM, durable_name, receipt_subject
from domain.clock import wall_us
from domain.messages import Command, Finding, Receipt, ReceiptStatus


class Receiver:
    """Consumes queues in a thread until `stop`."""

    def __init__(self, url: str, queues: Sequence[str], file: Path) -> None:
        self._url, self._queues, self._file = url, queues, file
        self._stop = threading.Event()
        self.delivered = 0
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def start(self) -> "Receiver":
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(120)

    def ledger(self) -> list[tuple[str, str]]:
        """(business key, kind) of everything done, repeated if it was done twice."""
        with sqlite3.connect(self._file) as book:
            rows = book.execute("SELECT business_key, kind FROM ledger ORDER BY 1").fetchall()
        book.close()
        return rows

    async def _run(self) -> None:
        client = await nats.connect(self._url)
        stream = client.jetstream()
        book = sqlite3.connect(self._file)
        book.execute("CREATE TABLE IF NOT EXISTS inbox (command_id TEXT PRIMARY KEY)")
        book.execute("CREATE TABLE IF NOT EXISTS ledger (business_key TEXT, kind TEXT)")
        book.commit()
        pulls = [
            await stream.pull_subscribe(q, durable=durable_name(q), stream=WORK_STREAM) for q in self._queues
        ]
        try:
            while not self._stop.is_set():
                for pull in pulls:
                    await self._serve(stream, book, pull)
        finally:
            book.close()
            await client.close()
            await asyncio.sleep(0.05)  # what is left of the connection runs before the loop ends

    async def _serve(
        self, stream: JetStreamContext, book: sqlite3.Connection, pull: JetStreamContext.PullSubscription
    ) -> None:
        try:
            messages: list[Msg] = await pull.fetch(20, timeout=0.1)
        except (TimeoutError, ServiceUnavailableError):  # nothing there, or the server is starting
            return
        for message in messages:
            self.delivered += 1
            command = decode_command(message.data)
            fresh = book.execute("INSERT OR IGNORE INTO inbox VALUES (?)", (command.command_id,)).rowcount
            if fresh:
                book.execute("INSERT INTO ledger VALUES (?, ?)", (command.business_key, command.kind.value))
            book.commit()
            for receipt in _receipts(command):
                subject = receipt_subject(receipt.sender)
                await stream.publish(
                    subject, encode_receipt(receipt).encode(), headers={"Nats-Msg-Id": receipt.receipt_id}
                )
            await message.ack_sync()


def _receipts(command: Command) -> list[Receipt]:
    """Accepted, then done; the same ids when the command comes again."""
    found = Finding.DEGRADED if command.queue.startswith("mes.") else None
    return [
        Receipt(
            f"{command.command_id}-{status.value}", command.queue, command.command_id, command.business_key,
            status, "", wall_us(), found if status is ReceiptStatus.DONE else None,
            "bearing" if found and status is ReceiptStatus.DONE else "",
        )
        for status in (ReceiptStatus.ACCEPTED, ReceiptStatus.DONE)
    ]  # fmt: skip
