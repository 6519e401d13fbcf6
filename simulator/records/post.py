"""The post office of a MES or an ERP: effect once per message, receipts that are never lost.

A message is taken in one transaction: its id into the inbox, the effect, and the receipts into the
outbox. A message that comes again finds its id and changes nothing. What nobody can read is parked,
and refused when at least its id can be read. The outbox is emptied by `simulator.records.serve`.
"""

import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text, select

from data.wire.orders import decode_command, encode_receipt
from data.wire.queues import receipt_subject
from domain.clock import wall_us
from domain.errors import InvalidInput, Malformed
from domain.messages import Command, CommandKind, Finding, Receipt, ReceiptStatus
from simulator.records.engine import Records, Writer

ACTIVE = ("accepted", "waiting", "done")
PARKED_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class PostTables:
    """The tables of a post office."""

    inbox: Table
    outbox: Table
    parked: Table


def add_post(metadata: MetaData) -> PostTables:
    """Inbox, outbox and the place for what nobody can read."""
    inbox = Table(
        "inbox",
        metadata,
        Column("message_id", Text, primary_key=True),
        Column("queue", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("business_key", Text, nullable=False),
        Column("original_id", Text, nullable=True),  # what a cancel takes back
        Column("outcome", Text, nullable=False),  # accepted, refused, waiting, cancelled, done
        Column("received_at", BigInteger, nullable=False),
    )
    outbox = Table(
        "outbox",
        metadata,
        Column("entry", Integer, primary_key=True, autoincrement=True),
        Column("message_id", Text, nullable=False, unique=True),
        Column("subject", Text, nullable=False),
        Column("body", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("sent_at_wall", BigInteger, nullable=True),
    )
    parked = Table(
        "parked",
        metadata,
        Column("entry", Integer, primary_key=True, autoincrement=True),
        Column("queue", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("body", Text, nullable=False),
        Column("parked_at", BigInteger, nullable=False),
    )
    Index("ix_inbox_business_key", inbox.c.queue, inbox.c.business_key)
    Index("ix_inbox_original_id", inbox.c.original_id)
    return PostTables(inbox, outbox, parked)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver says at once. `waiting`: nothing yet, the plant must answer first."""

    status: ReceiptStatus | None
    detail: str

    @property
    def outcome(self) -> str:
        """The word for the inbox."""
        return "waiting" if self.status is None else self.status.value


def accepted(detail: str) -> Answer:
    """The order stands."""
    return Answer(ReceiptStatus.ACCEPTED, detail)


def refused(detail: str) -> Answer:
    """The order is turned down; `detail` says why, for people."""
    return Answer(ReceiptStatus.REFUSED, detail)


WAITING = Answer(None, "")


class Desk(Protocol):
    """Decides on one command inside the transaction that takes it."""

    def decide(self, writer: Writer, command: Command) -> Answer:
        """Do the work in the books, and answer."""
        ...


class Post:
    """Takes messages for one database and its queues.

    `mail` is set when receipts wait to be sent, `news` when a message was taken; both after the commit.
    """

    def __init__(self, records: Records, tables: PostTables, queues: tuple[str, ...], desk: Desk) -> None:
        self.records, self.tables, self.queues = records, tables, queues
        self._desk = desk
        self.mail, self.news = threading.Event(), threading.Event()
        self.mail.set()
        self.news.set()

    def take(self, queue: str, body: bytes, now_us: int) -> None:
        """Take one message, once. Returns when it is committed; raises only when that failed."""
        try:
            command = decode_command(body)
            if command.queue != queue:
                raise Malformed("wrong_queue", f"addressed to {command.queue[:80]}")
        except Malformed as error:
            self.park(queue, body, str(error), now_us)
            return
        with self.records.write(now_us) as writer:
            if not writer.insert_new(self.tables.inbox, self._entry(command, now_us)):
                return
            answer = self._twice(writer, command) or self._desk.decide(writer, command)
            self.set_outcome(writer, command.command_id, answer.outcome)
            if answer.status is not None:
                self.answer(writer, command.queue, command.command_id, command.business_key, answer, now_us)
        self.news.set()
        self.mail.set()

    def _entry(self, command: Command, now_us: int) -> dict[str, Any]:
        return {
            "message_id": command.command_id,
            "queue": command.queue,
            "kind": command.kind.value,
            "business_key": command.business_key,
            "original_id": getattr(command.work, "command_id", None),
            "outcome": "waiting",
            "received_at": now_us,
        }

    def _twice(self, writer: Writer, command: Command) -> Answer | None:
        """The same real-world thing under a second message id is refused."""
        inbox = self.tables.inbox
        if command.kind is CommandKind.CANCEL:
            return None
        other = writer.tx.execute(
            select(inbox.c.message_id).where(
                inbox.c.queue == command.queue,
                inbox.c.business_key == command.business_key,
                inbox.c.kind == command.kind.value,
                inbox.c.outcome.in_(ACTIVE),
                inbox.c.message_id != command.command_id,
            )
        ).first()
        return refused(f"Already ordered by message {other[0]}.") if other else None

    def answer(
        self,
        writer: Writer,
        sender: str,
        command_id: str,
        business_key: str,
        answer: Answer,
        now_us: int,
        finding: Finding | None = None,
        found_cause: str = "",
    ) -> None:
        """Put a receipt into the outbox; the same receipt twice is one."""
        if answer.status is None:
            return
        receipt = Receipt(
            receipt_id=f"{command_id}:{answer.status.value}",
            sender=sender,
            command_id=command_id,
            business_key=business_key,
            status=answer.status,
            detail=answer.detail,
            at_us=now_us,
            finding=finding,
            found_cause=found_cause,
        )
        row = {
            "message_id": receipt.receipt_id,
            "subject": receipt_subject(sender),
            "body": encode_receipt(receipt),
            "created_at": now_us,
        }
        writer.insert_new(self.tables.outbox, row)

    def set_outcome(self, writer: Writer, message_id: str, outcome: str) -> None:
        """Note in the inbox what became of a message."""
        inbox = self.tables.inbox
        writer.tx.execute(inbox.update().where(inbox.c.message_id == message_id).values(outcome=outcome))

    def cancels_of(self, writer: Writer, command_id: str) -> list[Any]:
        """Inbox rows of the cancels that still wait for an answer about a command."""
        inbox = self.tables.inbox
        found = select(inbox).where(inbox.c.original_id == command_id, inbox.c.outcome == "waiting")
        return list(writer.tx.execute(found))

    def cancelled_before(self, writer: Writer, command_id: str) -> bool:
        """True when a cancel of this command came before the command itself."""
        inbox = self.tables.inbox
        found = select(inbox.c.message_id).where(
            inbox.c.original_id == command_id, inbox.c.outcome == ReceiptStatus.ACCEPTED.value
        )
        return writer.tx.execute(found).first() is not None

    def find(self, writer: Writer, message_id: str) -> Any:
        """The inbox row of a message, or None."""
        inbox = self.tables.inbox
        return writer.tx.execute(select(inbox).where(inbox.c.message_id == message_id)).first()

    def park(self, queue: str, body: bytes, reason: str, now_us: int) -> None:
        """Keep what nobody can read, and refuse it when its id can be read."""
        text = body[:PARKED_BYTES].decode("utf-8", "replace").replace("\x00", "\N{REPLACEMENT CHARACTER}")
        row = {"queue": queue, "reason": reason[:300], "body": text, "parked_at": now_us}
        message_id = _readable_id(body)
        with self.records.write(now_us) as writer:
            writer.tx.execute(self.tables.parked.insert().values(**row))
            if message_id and self.find(writer, message_id) is None:
                try:
                    detail = refused(f"The message could not be read: {reason[:200]}")
                    self.answer(writer, queue, message_id, "", detail, now_us)
                except InvalidInput:
                    return
        self.mail.set()

    def unsent(self, limit: int = 200) -> list[Any]:
        """Receipts that wait, oldest first. Clears `mail` before it looks."""
        self.mail.clear()
        outbox = self.tables.outbox
        waiting = select(outbox).where(outbox.c.sent_at_wall.is_(None)).order_by(outbox.c.entry).limit(limit)
        with self.records.read() as tx:
            return list(tx.execute(waiting))

    def sent(self, entries: Iterable[int], now_us: int) -> None:
        """Mark receipts that the queue server has confirmed."""
        outbox = self.tables.outbox
        with self.records.write(now_us) as writer:
            done = outbox.update().where(outbox.c.entry.in_(list(entries)))
            writer.tx.execute(done.values(sent_at_wall=wall_us()))


def _readable_id(body: bytes) -> str | None:
    try:
        document = json.loads(body[:PARKED_BYTES])
        root = next(iter(document.values()))
        found = root["ApplicationArea"]["BODID"]
    except (ValueError, RecursionError, AttributeError, StopIteration, KeyError, TypeError):
        return None
    return found if isinstance(found, str) and 0 < len(found) <= 200 and found.isprintable() else None
