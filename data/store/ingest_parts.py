"""Leases of parts of the plant. Nothing here commits; a take and a renewal compare and set."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select, update

from data.store import tables as t
from data.store.upsert import insert_ignore

_P = t.ingest_parts.c
FREE = {
    "parts": 0, "token": "", "place": "", "pid": 0, "until_wall_us": 0, "taken_wall_us": 0, "home": 0,
    "asked_wall_us": 0,
}  # fmt: skip


def know(tx: Connection, parts: int) -> None:
    """Make the rows that are missing."""
    insert_ignore(tx, t.ingest_parts, [{"part": part, **FREE} for part in range(parts)])


def load(tx: Connection) -> list[Any]:
    """Rows of `ingest_parts`, in order."""
    return list(tx.execute(select(t.ingest_parts).order_by(_P.part)))


def take(tx: Connection, part: int, seen: str, row: Mapping[str, Any]) -> bool:
    """Take a part whose token is still the one that was seen."""
    mine = update(t.ingest_parts).where(_P.part == part, _P.token == seen).values(asked_wall_us=0, **row)
    return tx.execute(mine).rowcount == 1


def renew(tx: Connection, part: int, token: str, until_wall_us: int) -> bool:
    """False when somebody else has it. Called first in a transaction, it keeps others out to its end."""
    mine = update(t.ingest_parts).where(_P.part == part, _P.token == token)
    return tx.execute(mine.values(until_wall_us=until_wall_us)).rowcount == 1


def give_back(tx: Connection, part: int, token: str) -> None:
    """Let it go, if we have it."""
    tx.execute(update(t.ingest_parts).where(_P.part == part, _P.token == token).values(**FREE))


def ask(tx: Connection, part: int, wall_us: int) -> None:
    """Ask who stands in to give it back."""
    tx.execute(update(t.ingest_parts).where(_P.part == part).values(asked_wall_us=wall_us))
