"""The outbox: messages that a decision wrote in its own transaction, and that the relay sends.

A row is pending -> leased -> sent, or dropped (taken back before it left), or failed (never will).
Whoever leases a row holds a token and a time; finishing needs that token, so that a relay that was
slow, or dead and restarted, cannot finish what another has taken over.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, exists, func, insert, or_, select, update

from data.store import tables as t
from data.store.waiting import reached

_O = t.outbox.c
MAX_DELAY_US = 60_000_000
LONGEST_LEASE_US = 60_000_000
FIRST_DELAY_US = 500_000
_UNSENT = ("pending", "leased")


@dataclass(frozen=True, slots=True)
class Leased:
    """A message that is ours to send until its lease ends."""

    message_id: str
    queue: str
    body: str
    attempts: int


def add(tx: Connection, message_id: str, queue: str, body: str, wall_us: int) -> None:
    """A message to be sent as soon as this transaction is committed."""
    tx.execute(
        insert(t.outbox).values(
            message_id=message_id,
            queue=queue,
            body=body,
            state="pending",
            attempts=0,
            next_try_wall_us=wall_us,
            created_wall_us=wall_us,
            last_error="",
        )
    )


def any_due(tx: Connection, now_us: int) -> bool:
    """True when `claim` would find something. A look that takes no lock."""
    query = select(_O.message_id).where(_due(now_us), ~_waits())
    return tx.execute(query.limit(1)).first() is not None


def _due(now_us: int) -> Any:
    return or_(
        and_(_O.state == "pending", reached(_O.next_try_wall_us, now_us, MAX_DELAY_US)),
        and_(_O.state == "leased", reached(_O.lease_until_wall_us, now_us, LONGEST_LEASE_US)),
    )


def claim(tx: Connection, token: str, limit: int, now_us: int, lease_us: int) -> list[Leased]:
    """Lease due messages whose command waits for no other, oldest first; for LONGEST_LEASE_US at most."""
    query = select(_O.message_id, _O.queue, _O.body, _O.attempts).where(_due(now_us), ~_waits())
    query = query.order_by(_O.created_wall_us, _O.message_id).limit(limit)
    rows = tx.execute(query.with_for_update(skip_locked=True, of=t.outbox)).all()
    ids = [row.message_id for row in rows]
    values = {
        "state": "leased",
        "lease_token": token,
        "lease_until_wall_us": now_us + min(lease_us, LONGEST_LEASE_US),
    }
    tx.execute(update(t.outbox).where(_O.message_id.in_(ids)).values(values))
    return [Leased(row.message_id, row.queue, row.body, row.attempts) for row in rows]


def _waits() -> Any:
    """The command depends on one that nobody has accepted yet, or cancels one that has not left yet."""
    c, before, target = t.commands.c, t.commands.alias("before"), t.outbox.alias("target")
    ours = c.command_id == _O.message_id
    unanswered = exists(
        select(c.command_id)
        .join_from(t.commands, before, before.c.command_id == c.depends_on)
        .where(ours, before.c.state.not_in(["accepted", "done"]))
    )
    unsent = exists(
        select(c.command_id)
        .join_from(t.commands, target, target.c.message_id == c.cancels)
        .where(ours, target.c.state.in_(_UNSENT))
    )
    return or_(unanswered, unsent)


def finish(tx: Connection, token: str, message_id: str, **values: Any) -> bool:
    """Write the outcome of a send. False: the lease was lost, somebody else has the message."""
    mine = and_(_O.message_id == message_id, _O.state == "leased", _O.lease_token == token)
    statement = update(t.outbox).where(mine).values(lease_token=None, lease_until_wall_us=None, **values)
    return tx.execute(statement).rowcount == 1


def sent(tx: Connection, token: str, message_id: str, wall_us: int) -> bool:
    """The queue has it."""
    return finish(tx, token, message_id, state="sent", sent_wall_us=wall_us, last_error="")


def retry(tx: Connection, token: str, message: Leased, wall_us: int, error: str) -> bool:
    """Not now: try again later, doubling the pause up to a minute."""
    pause = min(MAX_DELAY_US, FIRST_DELAY_US * 2 ** min(message.attempts, 10))
    values = {"attempts": message.attempts + 1, "next_try_wall_us": wall_us + pause, "last_error": error}
    return finish(tx, token, message.message_id, state="pending", **values)


def failed(tx: Connection, token: str, message: Leased, error: str) -> bool:
    """Never: kept, and shown."""
    return finish(
        tx, token, message.message_id, state="failed", attempts=message.attempts + 1, last_error=error
    )


def drop(tx: Connection, message_id: str) -> bool:
    """Take a message back that has not been picked up. False: it may be on its way."""
    statement = update(t.outbox).where(_O.message_id == message_id, _O.state == "pending")
    return tx.execute(statement.values(state="dropped")).rowcount == 1


def backlog(tx: Connection) -> int:
    """How many messages have not left yet."""
    waiting = select(func.count()).where(_O.state.in_(_UNSENT))
    return tx.execute(waiting).scalar_one()
