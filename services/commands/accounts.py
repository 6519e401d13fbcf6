"""Users: create, roles, scopes, deactivation, passwords. Administrators only, save for one's own password."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from auth import passwords
from auth.permissions import Actor, Permission, Role
from data.store import tables as t
from data.store.database import Database
from domain.clock import wall_us
from domain.equipment import Equipment
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, NotNow
from domain.ids import new_id
from services import audit
from services.accounts import end_sessions
from services.actors import fresh, split
from services.signing import Signer

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")


class AccountCommands:
    """Each command reads the actor anew, checks the permission, and writes its audit entry."""

    def __init__(self, database: Database, now: Callable[[], int] = wall_us) -> None:
        self._database = database
        self._now = now
        self._signer = Signer(database, now)

    def create(
        self, actor: Actor, username: str, name: str, roles: Sequence[Role], scopes: Sequence[str]
    ) -> str:
        """Make an account; the temporary password is returned once and stored nowhere."""
        username, name = username.strip().lower(), name.strip()
        if not _USERNAME.fullmatch(username):
            raise InvalidInput("a user name is 2 to 40 small letters, digits, dots, dashes or underscores")
        if not 1 <= len(name) <= 80 or not name.isprintable():
            raise InvalidInput("a name has 1 to 80 characters")
        password = passwords.temporary()
        values = {"username": username, "name": name, "password_hash": passwords.hash_password(password)}
        account_id = new_id()
        with self._database.write() as tx:
            self._require(tx, actor)
            taken = select(t.accounts.c.account_id).where(t.accounts.c.username == username)
            if tx.execute(taken).first():
                raise Conflict(f"there is already a user {username}")
            rights = {"roles": _roles(roles), "scopes": self._scopes(tx, scopes)}
            whole = {**values, **rights, "active": True, "created_wall_us": self._now()}
            try:
                tx.execute(insert(t.accounts).values(account_id=account_id, **whole))
            except IntegrityError as error:
                raise Conflict(f"there is already a user {username}") from error
            self._audit(tx, actor, "created the user", account_id, {"username": username, **rights})
        return password

    def change_rights(
        self, actor: Actor, account_id: str, roles: Sequence[Role], scopes: Sequence[str]
    ) -> None:
        """Set roles and scopes; they hold from the next click of that person."""
        with self._database.write() as tx:
            self._require(tx, actor)
            self._not_oneself(actor, account_id)
            before = self._row(tx, account_id)
            rights = {"roles": _roles(roles), "scopes": self._scopes(tx, scopes)}
            tx.execute(update(t.accounts).where(t.accounts.c.account_id == account_id).values(**rights))
            self._keep_one_administrator(tx)
            detail = {"before": {k: before[k] for k in rights}, "after": rights}
            self._audit(tx, actor, "changed the rights of", account_id, detail)

    def set_active(self, actor: Actor, account_id: str, active: bool) -> None:
        """Deactivate (which ends the person's sessions at once) or activate again."""
        with self._database.write() as tx:
            self._require(tx, actor)
            self._not_oneself(actor, account_id)
            self._row(tx, account_id)
            tx.execute(update(t.accounts).where(t.accounts.c.account_id == account_id).values(active=active))
            self._keep_one_administrator(tx)
            if not active:
                end_sessions(tx, t.sessions.c.account_id == account_id)
            self._audit(tx, actor, "activated" if active else "deactivated", account_id, {})

    def reset_password(self, actor: Actor, account_id: str) -> str:
        """A new temporary password, returned once; the person's sessions end."""
        password = passwords.temporary()
        with self._database.write() as tx:
            self._require(tx, actor)
            self._row(tx, account_id)
            self._set_password(tx, account_id, password)
            self._audit(tx, actor, "reset the password of", account_id, {})
        return password

    def change_own_password(self, actor: Actor, current: str, new: str) -> None:
        """One's own password, with the current one. Every session of the account ends."""
        passwords.check_new(new, actor.username)
        if not self._signer.password_ok(actor, current):
            raise Forbidden("the current password is wrong")
        with self._database.write() as tx:
            fresh(tx, actor)
            self._set_password(tx, actor.account_id, new)
            self._audit(tx, actor, "changed the own password", actor.account_id, {})

    def _set_password(self, tx: Connection, account_id: str, password: str) -> None:
        hashed = passwords.hash_password(password)
        tx.execute(
            update(t.accounts).where(t.accounts.c.account_id == account_id).values(password_hash=hashed)
        )
        end_sessions(tx, t.sessions.c.account_id == account_id)

    def _audit(
        self, tx: Connection, actor: Actor, action: str, account_id: str, detail: Mapping[str, Any]
    ) -> None:
        audit.append(
            tx,
            actor=actor.account_id,
            action=action,
            subject_kind="account",
            subject_id=account_id,
            plant_us=self._now(),
            detail=detail,
        )

    def _require(self, tx: Connection, actor: Actor) -> None:
        fresh(tx, actor).require(Permission.MANAGE_USERS)

    def _not_oneself(self, actor: Actor, account_id: str) -> None:
        if actor.account_id == account_id:
            raise Forbidden("another administrator must change your own rights")

    def _row(self, tx: Connection, account_id: str) -> dict[str, str]:
        row = tx.execute(select(t.accounts).where(t.accounts.c.account_id == account_id)).mappings().first()
        if row is None:
            raise NotFound("there is no such user")
        return dict(row)

    def _scopes(self, tx: Connection, scopes: Sequence[str]) -> str:
        known = set(tx.execute(select(t.equipment.c.equipment_id)).scalars())
        known |= set(tx.execute(select(t.sites.c.site_id)).scalars())
        for scope in scopes:
            Equipment(scope, scope)
            if scope not in known:
                raise InvalidInput(f"there is no equipment {scope}")
        return ",".join(sorted(set(scopes)))

    def _keep_one_administrator(self, tx: Connection) -> None:
        active = tx.execute(select(t.accounts.c.roles).where(t.accounts.c.active)).scalars()
        if not any(Role.ADMINISTRATOR in split(roles) for roles in active):
            raise NotNow("one active administrator must remain")


def _roles(roles: Sequence[Role]) -> str:
    if not roles:
        raise InvalidInput("choose at least one role")
    return ",".join(sorted({Role(role).value for role in roles}))
