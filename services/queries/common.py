"""What every query needs: the actor's scope as SQL, and names for ids."""

from collections.abc import Iterable, Iterator

from sqlalchemy import ColumnElement, Connection, false, or_, select

from auth.permissions import Actor
from data.store import tables as t
from data.store.statements import Among

_NAMES = Among("SELECT equipment_id, name FROM equipment WHERE equipment_id {among}")


def in_scope(column: ColumnElement[str], actor: Actor) -> ColumnElement[bool]:
    """True for ids that one of the actor's scopes covers."""
    covers = [or_(column == s, column.startswith(s + "/", autoescape=True)) for s in actor.scopes]
    return or_(*covers) if covers else false()


def under(column: ColumnElement[str], equipment_id: str) -> ColumnElement[bool]:
    """True for the equipment itself and for what lies below it."""
    return or_(column == equipment_id, column.startswith(equipment_id + "/", autoescape=True))


def portions(ids: Iterable[str], size: int = 10_000) -> Iterator[list[str]]:
    """The ids in lists that fit into one statement on either database."""
    wanted = sorted(set(ids))
    for begin in range(0, len(wanted), size):
        yield wanted[begin : begin + size]


def names_of(tx: Connection, equipment_ids: Iterable[str]) -> dict[str, str]:
    """Names shown to people, by equipment id."""
    return dict(_NAMES.rows(tx, sorted(set(equipment_ids)), {}))


def people(tx: Connection, account_ids: Iterable[str | None]) -> dict[str, str]:
    """Names of accounts, by id; ids that are no account are left out."""
    a = t.accounts.c
    wanted = sorted({i for i in account_ids if i})
    rows = tx.execute(select(a.account_id, a.name).where(a.account_id.in_(wanted)))
    return {row.account_id: row.name for row in rows}
