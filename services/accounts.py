"""Signing in and out. The form checks the password; everything that lasts is in SQL.

A wrong password is recorded and throttled by name and address; a right one yields a ticket (20 s,
once), which the browser trades for a session. Sessions end by sign-out, expiry, idleness, a new
password, or deactivation of the account. Sign-ins, sign-outs and refused attempts are in the audit.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from auth import sessions
from auth.permissions import Actor
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR, wall_us
from domain.errors import NotSignedIn
from services import audit
from services.actors import actor_of, load_actor

KEEP_ATTEMPTS_US = 180 * DAY
UNKNOWN = "(unknown)"


@dataclass(frozen=True, slots=True)
class Granted:
    """A new session. `token` goes into the cookie and is stored nowhere."""

    token: str
    max_age_s: int


class Accounts:
    """The sign-in of one desk."""

    def __init__(self, database: Database, session_hours: float, now: Callable[[], int] = wall_us) -> None:
        self._database = database
        self._session_us = round(session_hours * HOUR)
        self._now = now

    def credentials(self, address: str) -> dict[str, dict[str, str]]:
        """Name and hash per active account, as the form wants them; without the names that must wait."""
        with self._database.read() as tx:
            rows = tx.execute(select(t.accounts).where(t.accounts.c.active)).mappings().all()
            blocked = sessions.blocked_names(self._failures(tx), address, self._now())
        return {
            r["username"]: {"name": r["name"], "password": r["password_hash"]}
            for r in rows
            if r["username"] not in blocked
        }

    def wait_us(self, address: str) -> int:
        """How long an address must wait before it is heard again; 0 when it need not."""
        with self._database.read() as tx:
            until = sessions.address_blocked_until(self._failures(tx), address, self._now())
        return max(0, until - self._now())

    def refused(self, username: str | None, address: str) -> None:
        """Record a refused attempt. A name that no account has is not stored: it may be a password."""
        with self._database.write() as tx:
            self._record(tx, username or UNKNOWN, address, accepted=False)
            account = select(t.accounts.c.account_id).where(t.accounts.c.username == username)
            known = tx.execute(account).scalar_one_or_none() if username else None
            self._note(tx, audit.SYSTEM, "refused a sign-in", known or UNKNOWN, {"address": address[:80]})
            tx.execute(
                delete(t.sign_in_attempts).where(
                    t.sign_in_attempts.c.wall_us < self._now() - KEEP_ATTEMPTS_US
                )
            )

    def accepted(self, username: str, address: str) -> str:
        """The form accepted the password: a ticket for the browser. Raises NotSignedIn."""
        ticket, now = sessions.new_token(), self._now()
        with self._database.write() as tx:
            row = (
                tx.execute(select(t.accounts).where(t.accounts.c.username == username, t.accounts.c.active))
                .mappings()
                .first()
            )
            if row is None:
                raise NotSignedIn("this account is not active")
            tx.execute(delete(t.tickets).where(t.tickets.c.expires_wall_us < now))
            values = {"account_id": row["account_id"], "expires_wall_us": now + sessions.TICKET_US}
            tx.execute(insert(t.tickets).values(ticket_hash=sessions.digest(ticket), used=False, **values))
            self._record(tx, username, address, accepted=True)
        return ticket

    def redeem(self, ticket: str, address: str = "") -> Granted:
        """Trade a ticket for a session, once. Raises NotSignedIn."""
        token, now, c = sessions.new_token(), self._now(), t.tickets.c
        key = sessions.digest(ticket)
        with self._database.write() as tx:
            good = (c.ticket_hash == key) & (c.used.is_(False)) & (c.expires_wall_us >= now)
            if tx.execute(update(t.tickets).where(good).values(used=True)).rowcount != 1:
                raise NotSignedIn("this sign-in has expired; please sign in again")
            account_id = tx.execute(select(c.account_id).where(c.ticket_hash == key)).scalar_one()
            load_actor(tx, account_id)
            self._open(tx, token, account_id, now)
            self._note(tx, account_id, "signed in", account_id, {"address": address[:80]})
        return Granted(token, self._session_us // 1_000_000)

    def open_session(self, username: str) -> Granted:
        """A session without a form, for tests, benchmarks and screenshots on this machine."""
        token, now = sessions.new_token(), self._now()
        with self._database.write() as tx:
            account = select(t.accounts.c.account_id).where(t.accounts.c.username == username)
            account_id = tx.execute(account).scalar_one()
            load_actor(tx, account_id)
            self._open(tx, token, account_id, now)
            self._note(tx, audit.SYSTEM, "opened a session without a password", account_id, {})
        return Granted(token, self._session_us // 1_000_000)

    def actor(self, token: str | None) -> Actor:
        """Who holds this session now, with today's roles and scopes. Raises NotSignedIn."""
        key, now = sessions.digest(token or ""), self._now()
        found = self._holders([key])
        if key not in found:
            raise NotSignedIn("please sign in")
        session, actor = found[key]
        if not sessions.alive(session, now):
            raise NotSignedIn("your session has ended; please sign in again")
        if now - session.seen_wall_us > sessions.TOUCH_US:
            self._touch(key, now)
        return actor

    def holders(self, hashes: Collection[str]) -> dict[str, Actor]:
        """Who holds these sessions now, by session hash; ended sessions are left out. Keeps none alive."""
        now = self._now()
        found = self._holders(hashes)
        return {key: actor for key, (session, actor) in found.items() if sessions.alive(session, now)}

    def _holders(self, hashes: Collection[str]) -> dict[str, tuple[sessions.Session, Actor]]:
        s, a = t.sessions.c, t.accounts
        query = (
            select(s.session_hash, s.seen_wall_us, s.expires_wall_us, s.revoked, a)
            .join_from(t.sessions, a, s.account_id == a.c.account_id)
            .where(s.session_hash.in_(hashes), a.c.active)
        )
        with self._database.read() as tx:
            rows = tx.execute(query).mappings().all()
        names = ("session_hash", "account_id", "seen_wall_us", "expires_wall_us", "revoked")
        return {
            r["session_hash"]: (sessions.Session(*(r[name] for name in names)), actor_of(r)) for r in rows
        }

    def sign_out(self, token: str | None) -> None:
        """Revoke the session everywhere. An unknown token is no error."""
        s = t.sessions.c
        mine = s.session_hash == sessions.digest(token or "")
        with self._database.write() as tx:
            holder = tx.execute(select(s.account_id).where(mine, s.revoked.is_(False))).scalar_one_or_none()
            if holder is not None:
                end_sessions(tx, mine)
                self._note(tx, holder, "signed out", holder, {})

    def _touch(self, key: str, now: int) -> None:
        with self._database.write() as tx:
            tx.execute(update(t.sessions).where(t.sessions.c.session_hash == key).values(seen_wall_us=now))

    def _open(self, tx: Connection, token: str, account_id: str, now: int) -> None:
        times = {"created_wall_us": now, "seen_wall_us": now, "expires_wall_us": now + self._session_us}
        key = sessions.digest(token)
        tx.execute(insert(t.sessions).values(session_hash=key, account_id=account_id, revoked=False, **times))

    def _record(self, tx: Connection, username: str, address: str, *, accepted: bool) -> None:
        values = {"username": username[:80], "address": address[:80], "accepted": accepted}
        tx.execute(insert(t.sign_in_attempts).values(wall_us=self._now(), **values))

    def _note(
        self, tx: Connection, actor: str, action: str, account_id: str, detail: Mapping[str, Any]
    ) -> None:
        audit.append(
            tx, actor=actor, action=action, subject_kind="account", subject_id=account_id,
            plant_us=self._now(), detail=detail,
        )  # fmt: skip

    def _failures(self, tx: Connection) -> list[sessions.Failure]:
        c = t.sign_in_attempts.c
        since = self._now() - sessions.LOOK_BACK_US
        rows = tx.execute(
            select(c.username, c.address, c.wall_us).where(c.accepted.is_(False), c.wall_us > since)
        )
        return [sessions.Failure(*row) for row in rows]


def end_sessions(tx: Connection, which: object) -> None:
    """Revoke the sessions that match a condition on `sessions`."""
    tx.execute(update(t.sessions).where(which).values(revoked=True))  # type: ignore[arg-type]
