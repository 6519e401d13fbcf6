"""INSERT that ignores or overwrites an existing row, the same on SQLite and PostgreSQL.

For readings by the million there is `data.store.history`; this is for everything else.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Rows = Sequence[Mapping[str, Any]]
CHUNK = 500


def insert_ignore(tx: Connection, table: Table, rows: Rows) -> int:
    """Insert rows; one whose key is there already is left as it is. Returns how many were new."""
    inserted = 0
    for chunk in _chunks(rows):
        # One statement with many VALUES: executemany tells no row count on PostgreSQL.
        statement = _insert(tx, table).values(chunk).on_conflict_do_nothing()
        inserted += tx.execute(statement, execution_options={"preserve_rowcount": True}).rowcount
    return inserted


def upsert(tx: Connection, table: Table, rows: Rows, key: Sequence[str], *, newer_by: str = "") -> None:
    """Insert rows; one whose key is there already is overwritten. All rows name the same columns.

    With `newer_by` a stored row gives way only to one that is greater in that column.
    """
    if not rows:
        return
    statement = _insert(tx, table)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in key}
    where = statement.excluded[newer_by] > table.c[newer_by] if newer_by else None
    clause = statement.on_conflict_do_update(index_elements=list(key), set_=changed, where=where)
    for chunk in _chunks(rows):
        tx.execute(clause, chunk)


def add(tx: Connection, table: Table, rows: Rows, key: Sequence[str]) -> None:
    """Insert counters, or add the rows' other columns to what is stored."""
    if not rows:
        return
    statement = _insert(tx, table)
    sums = {name: table.c[name] + statement.excluded[name] for name in rows[0] if name not in key}
    clause = statement.on_conflict_do_update(index_elements=list(key), set_=sums)
    for chunk in _chunks(rows):
        tx.execute(clause, chunk)


def _insert(tx: Connection, table: Table) -> Any:
    return sqlite.insert(table) if tx.dialect.name == "sqlite" else postgresql.insert(table)


def _chunks(rows: Rows) -> list[list[dict[str, Any]]]:
    return [[dict(row) for row in rows[i : i + CHUNK]] for i in range(0, len(rows), CHUNK)]
