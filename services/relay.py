"""The relay: sends what decisions put into the outbox, and takes in what the receivers answer.

What it guarantees: a message of a committed decision is handed to the queue at least once, with its
message id, so that the queue and the receiver's inbox make it once; a receipt is acknowledged only
after it is stored. What may happen: a relay that dies between sending and noting it sends again
after the lease (LEASE_US); a message that the queue refuses for good is kept as failed, its command
as refused, and the case asks for attention. A request to move a set point that the validated limits do
not allow any more is not sent, and kept like that. The network is never touched inside a transaction:
claim with a token, commit, send, finish by token.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from data.sinks.port import Ack, Delivery, Retry, Sink, Terminal
from data.store import cases as store
from data.store import outbox
from data.store import tables as t
from data.store.database import Database
from data.store.upsert import insert_ignore
from data.wire.orders import decode_receipt
from data.wire.queues import ERP_QUEUES
from domain.clock import SECOND, wall_us
from domain.errors import Malformed
from domain.ids import new_id
from domain.messages import CommandState
from services import audit, receipts
from services.process.limits import outdated
from services.receipts import drop_dependents, settle
from services.situation import site_at

LEASE_US = 10 * SECOND
BATCH = 50
MOST_ATTEMPTS = 100
KEPT_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Sent:
    """What one round of sending did."""

    sent: int = 0
    retried: int = 0
    failed: int = 0


class Relay:
    """One relay over one sink. Several may run: each message is leased by one of them."""

    def __init__(self, database: Database, sink: Sink, *, lease_us: int = LEASE_US) -> None:
        self._database, self._sink, self._lease_us = database, sink, lease_us

    def prepare(self) -> None:
        """Declare the queues of every MES that the plant knows, and of the ERP modules."""
        with self._database.read() as tx:
            queues = queues_of(tx)
        self._sink.prepare(queues)

    def send_due(self, limit: int = BATCH) -> Sent:
        """Send what is due, oldest first."""
        token = new_id()
        with self._database.read() as tx:
            if not outbox.any_due(tx, wall_us()):
                return Sent()
        with self._database.write() as tx:
            batch = outbox.claim(tx, token, limit, wall_us(), self._lease_us)
            barred = outdated(tx, [message.message_id for message in batch])
        counts = {"sent": 0, "retried": 0, "failed": 0}
        for message in batch:
            why = barred.get(message.message_id)
            counts[self._withhold(token, message, why) if why else self._send(token, message)] += 1
        return Sent(**counts)

    def _send(self, token: str, message: outbox.Leased) -> str:
        outcome = self._sink.publish(message.queue, message.message_id, message.body)
        with self._database.write() as tx:
            match outcome:
                case Ack():
                    if outbox.sent(tx, token, message.message_id, wall_us()):
                        _left(tx, message)
                    return "sent"
                case Retry(why) if message.attempts < MOST_ATTEMPTS:
                    outbox.retry(tx, token, message, wall_us(), why)
                    return "retried"
                case Retry(why) | Terminal(why):
                    if outbox.failed(tx, token, message, why):
                        _failed(tx, message, why)
                    return "failed"

    def _withhold(self, token: str, message: outbox.Leased, why: str) -> str:
        with self._database.write() as tx:
            if outbox.failed(tx, token, message, why):
                _ended(tx, message, f"not sent: {why}", "not sent", why)
        return "failed"

    def take_receipts(self, limit: int = BATCH, timeout_s: float = 0.0) -> int:
        """Store and apply the receipts that are waiting; returns how many came.

        What cannot be read goes to quarantine in the same transaction, and is acknowledged too.
        """
        deliveries = self._sink.receipts(limit, timeout_s)
        if deliveries:
            with self._database.write() as tx:
                for delivery in deliveries:
                    _take(tx, delivery)
            self._sink.ack(deliveries)
        return len(deliveries)

    def backlog(self) -> int:
        """How many messages have not left yet."""
        with self._database.read() as tx:
            return outbox.backlog(tx)


def queues_of(tx: Connection) -> list[str]:
    """The work queues: one for each MES instance known by name, and those of the ERP."""
    a = t.equipment_aliases.c
    sources = tx.execute(select(a.source).where(a.source.like("mes:%")).distinct()).scalars()
    waiting = tx.execute(select(t.outbox.c.queue).distinct()).scalars()
    return sorted({source.replace("mes:", "mes.", 1) for source in sources} | {*waiting, *ERP_QUEUES})


def _left(tx: Connection, message: outbox.Leased) -> None:
    """The queue has it: the command is sent, unless its receipt was faster."""
    command = store.command(tx, message.message_id)
    if command is None:
        return
    case = store.hold(tx, command["case_id"])
    if command["state"] == CommandState.QUEUED:
        store.set_command(tx, message.message_id, CommandState.SENT.value, wall_us())
    if case is not None:
        site = site_at(tx, case["site_id"])
        detail = {"command_id": message.message_id, "queue": message.queue, "attempts": message.attempts + 1}
        audit.of_case(tx, case["case_id"], f"sent to {message.queue}", site.now_us, detail)
        settle(tx, case["case_id"], site)


def _failed(tx: Connection, message: outbox.Leased, why: str) -> None:
    _ended(tx, message, f"could not be delivered: {why}", f"could not be sent to {message.queue}", why)


def _ended(tx: Connection, message: outbox.Leased, detail: str, action: str, why: str) -> None:
    """It will never leave: nobody takes this command."""
    command = store.command(tx, message.message_id)
    if command is None:
        return
    store.set_command(tx, message.message_id, CommandState.REFUSED.value, wall_us(), detail)
    drop_dependents(tx, command["case_id"], message.message_id)
    case = store.hold(tx, command["case_id"])
    if case is not None:
        site = site_at(tx, case["site_id"])
        audit.of_case(tx, case["case_id"], action, site.now_us, {"why": why})
        settle(tx, case["case_id"], site)


def _take(tx: Connection, delivery: Delivery) -> None:
    try:
        receipts.take(tx, decode_receipt(delivery.body))
    except Malformed as error:
        insert_ignore(tx, t.quarantine, [_quarantined(delivery, error)])


def _quarantined(delivery: Delivery, error: Malformed) -> dict[str, Any]:
    return {
        "receive_us": wall_us(),
        "source": "receipts",
        "topic": delivery.subject,
        "reason": error.reason,
        "detail": error.detail[:1_000],
        "digest": hashlib.sha256(delivery.body).hexdigest(),
        "size": len(delivery.body),
        "payload": delivery.body[:KEPT_BYTES],
        "times": 1,
    }


__all__ = ["Relay", "Sent", "queues_of"]
