"""Messages to people, written in the transaction of what they are about, sent by a worker.

As in the outbox: pending -> leased -> sent, or failed. Finishing needs the lease's token, so that a
worker that was slow cannot finish what another has taken over. A message's id is made from what it
is about: writing it twice stores it once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select, update

from data.store import tables as t
from data.store.upsert import insert_ignore
from data.store.waiting import reached

_N = t.notices.c
FIRST_PAUSE_US, LONGEST_PAUSE_US = 2_000_000, 300_000_000
LONGEST_LEASE_US = 300_000_000


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that is ours to send until its lease ends."""

    notice_id: str
    case_id: str
    channel: str
    address: str
    subject: str
    body: str
    attempts: int


def add(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    """Store messages that are not here yet; returns how many were new."""
    return insert_ignore(tx, t.notices, rows)


def known(tx: Connection, notice_ids: Sequence[str]) -> set[str]:
    """Those of these messages that are stored."""
    return set(tx.execute(select(_N.notice_id).where(_N.notice_id.in_(list(notice_ids)))).scalars())


def _due(now_us: int) -> Any:
    return or_(
        and_(_N.state == "pending", reached(_N.next_try_wall_us, now_us, LONGEST_PAUSE_US)),
        and_(_N.state == "leased", reached(_N.lease_until_wall_us, now_us, LONGEST_LEASE_US)),
    )


def any_due(tx: Connection, now_us: int) -> bool:
    """True when `claim` would find something. A look that takes no lock."""
    return tx.execute(select(_N.notice_id).where(_due(now_us)).limit(1)).first() is not None


def claim(tx: Connection, token: str, limit: int, now_us: int, lease_us: int) -> list[Letter]:
    """Lease due messages, oldest first; for LONGEST_LEASE_US at most."""
    columns = (_N.notice_id, _N.case_id, _N.channel, _N.address, _N.subject, _N.body, _N.attempts)
    query = select(*columns).where(_due(now_us)).order_by(_N.created_wall_us, _N.notice_id).limit(limit)
    rows = [Letter(*row) for row in tx.execute(query.with_for_update(skip_locked=True))]
    values = {
        "state": "leased",
        "lease_token": token,
        "lease_until_wall_us": now_us + min(lease_us, LONGEST_LEASE_US),
    }
    tx.execute(update(t.notices).where(_N.notice_id.in_([r.notice_id for r in rows])).values(values))
    return rows


def finish(tx: Connection, token: str, letter: Letter, **values: Any) -> bool:
    """Write the outcome of a send. False: the lease was lost, somebody else has the message."""
    mine = and_(_N.notice_id == letter.notice_id, _N.state == "leased", _N.lease_token == token)
    statement = update(t.notices).where(mine).values(lease_token=None, lease_until_wall_us=None, **values)
    return tx.execute(statement).rowcount == 1


def retry(tx: Connection, token: str, letter: Letter, now_us: int, error: str) -> bool:
    """Not now: again later, doubling the pause up to five minutes."""
    pause = min(LONGEST_PAUSE_US, FIRST_PAUSE_US * 2 ** min(letter.attempts, 10))
    values = {"attempts": letter.attempts + 1, "next_try_wall_us": now_us + pause, "last_error": error[:500]}
    return finish(tx, token, letter, state="pending", **values)


def drop_decided(tx: Connection) -> int:
    """Escalations of cases that are decided by now, and wait for the morning, are not sent."""
    c = t.cases.c
    undecided = select(c.case_id).where(c.state.in_(("proposed", "seen")))
    waiting = and_(_N.state == "pending", _N.kind == "escalation", _N.case_id.not_in(undecided))
    return tx.execute(update(t.notices).where(waiting).values(state="dropped")).rowcount


def any_decided(tx: Connection) -> bool:
    """True when `drop_decided` would find something. A look that takes no lock."""
    c = t.cases.c
    undecided = select(c.case_id).where(c.state.in_(("proposed", "seen")))
    waiting = and_(_N.state == "pending", _N.kind == "escalation", _N.case_id.not_in(undecided))
    return tx.execute(select(_N.notice_id).where(waiting).limit(1)).first() is not None


def read(tx: Connection, account_id: str, wall_us: int) -> None:
    """The person has the messages on the screen."""
    mine = (_N.account_id == account_id) & (_N.channel == "app") & _N.read_wall_us.is_(None)
    tx.execute(update(t.notices).where(mine).values(read_wall_us=wall_us))


def unread(tx: Connection, account_id: str) -> int:
    """How many messages the person has not seen."""
    mine = (_N.account_id == account_id) & (_N.channel == "app") & _N.read_wall_us.is_(None)
    return int(tx.execute(select(func.count()).select_from(t.notices).where(mine)).scalar_one())


def counts(tx: Connection) -> dict[str, int]:
    """How many messages are in each state, those inside the desk left out."""
    query = select(_N.state, func.count()).where(_N.channel != "app").group_by(_N.state)
    return {state: int(count) for state, count in tx.execute(query)}
