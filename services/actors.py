"""The actor as the database knows it now: roles, scopes, and whether the account is still active."""

from sqlalchemy import Connection, RowMapping, select

from auth.permissions import Actor, Role
from data.store import tables as t
from domain.errors import NotSignedIn

_ROLES = frozenset(role.value for role in Role)


def actor_of(row: RowMapping) -> Actor:
    """An Actor from a row of `accounts`. Roles that no longer exist are left out."""
    roles = frozenset(Role(r) for r in split(row["roles"]) if r in _ROLES)
    return Actor(row["account_id"], row["username"], row["name"], roles, split(row["scopes"]))


def load_actor(tx: Connection, account_id: str) -> Actor:
    """Read an account. Raises NotSignedIn when it is gone or inactive."""
    row = tx.execute(select(t.accounts).where(t.accounts.c.account_id == account_id)).mappings().first()
    if row is None or not row["active"]:
        raise NotSignedIn("this account is not active")
    return actor_of(row)


def fresh(tx: Connection, actor: Actor) -> Actor:
    """The same person with today's roles and scopes: call it first in every write."""
    return load_actor(tx, actor.account_id)


def split(text: str) -> tuple[str, ...]:
    """`"a,b"` -> ("a", "b")."""
    return tuple(part for part in text.split(",") if part)
