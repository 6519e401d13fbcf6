"""Rows of drafts: what people are typing, kept until an act has used it. Nothing here commits."""

from collections.abc import Sequence

from sqlalchemy import Connection, Select, delete, func, select, update

from data.store import tables as t
from data.store.upsert import insert_ignore, upsert
from domain.clock import wall_us

_D = t.drafts.c


def load(tx: Connection, account_id: str, subject: str) -> tuple[str, int]:
    """What a person has typed ('' when nothing), and how often this subject was used up before."""
    row = tx.execute(_mine(account_id, subject)).one_or_none()
    return ("", 0) if row is None else (row.content, row.uses)


def hold(tx: Connection, account_id: str, subject: str) -> tuple[str, int]:
    """The same, locked until this transaction ends (SQLite holds the whole database)."""
    row = tx.execute(_mine(account_id, subject).with_for_update()).one_or_none()
    return ("", 0) if row is None else (row.content, row.uses)


def save(tx: Connection, account_id: str, subject: str, content: str, uses: int, wall_us: int) -> None:
    """Keep what a person has typed so far, in the place of what was there."""
    row = {
        "account_id": account_id,
        "subject": subject,
        "content": content,
        "saved_wall_us": wall_us,
        "uses": uses,
    }
    upsert(tx, t.drafts, [row], ("account_id", "subject"))


def use_up(tx: Connection, account_id: str, subjects: Sequence[str]) -> None:
    """Forget texts that an act has used. What is still on its way for them is not kept again.

    Also where nothing was kept yet: the first words may be on their way.
    """
    same = {"account_id": account_id, "content": "", "saved_wall_us": wall_us(), "uses": 0}
    insert_ignore(tx, t.drafts, [same | {"subject": subject} for subject in sorted(set(subjects))])
    mine = (_D.account_id == account_id) & _D.subject.in_(list(subjects))
    tx.execute(update(t.drafts).where(mine).values(content="", uses=_D.uses + 1))


def kept_beside(tx: Connection, account_id: str, subject: str) -> tuple[int, int]:
    """How many other texts of a person are kept, and their characters together."""
    others = (_D.account_id == account_id) & (_D.subject != subject) & (_D.content != "")
    query = select(func.count(), func.coalesce(func.sum(func.length(_D.content)), 0)).where(others)
    count, characters = tx.execute(query).one()
    return int(count), int(characters)


def forget_old(tx: Connection, before_wall_us: int) -> int:
    """Forget texts that nobody has touched since; returns how many rows went."""
    return tx.execute(delete(t.drafts).where(_D.saved_wall_us < before_wall_us)).rowcount


def _mine(account_id: str, subject: str) -> Select[tuple[str, int]]:
    return select(_D.content, _D.uses).where(_D.account_id == account_id, _D.subject == subject)
