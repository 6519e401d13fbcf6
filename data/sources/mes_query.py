"""The query that reads an entity from a foreign database: its table, what is joined, the newest time."""

from typing import Any

from sqlalchemy import ColumnElement, Dialect, Select, and_, case, column, func, or_, select, table
from sqlalchemy.sql.expression import FromClause, TableClause

from data.sources.mapping import EntityMap

UPDATED = "(updated)"  # the label of the newest of the columns that say when a row changed; no column's name
_GREATEST = ("postgresql", "mysql", "mariadb", "oracle")
Cursor = tuple[Any, Any]  # updated and key of the last row that was read


def build(
    entity: EntityMap, dialect: Dialect, since: Any, cursor: Cursor | None, limit: int
) -> Select[tuple[Any, ...]]:
    """Rows from `since` on (from after the `cursor`), oldest first.

    Every column comes under its name in the mapping (`join.column` for a joined one).
    """
    sources = _sources(entity)

    def at(name: str) -> ColumnElement[Any]:
        join, _, own = name.rpartition(".")
        return sources[join].c[own]

    wanted = dict.fromkeys([entity.key, *entity.names])
    newest, key = _newest([at(name) for name in entity.updated], dialect), at(entity.key)
    query = (
        select(*(at(name).label(name) for name in wanted), newest.label(UPDATED))
        .select_from(_joined(entity, sources))
        .where(*(or_(*(at(name).is_not(None) for name in some)) for some in entity.need))
        .order_by(newest, key)
        .limit(limit)
    )
    if cursor is None:
        return query.where(newest >= since)
    return query.where(or_(newest > cursor[0], and_(newest == cursor[0], key > cursor[1])))


def _newest(times: list[ColumnElement[Any]], dialect: Dialect) -> ColumnElement[Any]:
    """The newest of the times that are there: an empty one gives way to the others."""
    if len(times) == 1:
        return times[0]
    rest = [func.coalesce(one, *(other for other in times if other is not one)) for one in times]
    if dialect.name == "sqlite":
        return func.max(*rest)
    if dialect.name in _GREATEST:
        return func.greatest(*rest)
    beats = [(and_(*(one >= other for other in rest if other is not one)), one) for one in rest[:-1]]
    return case(*beats, else_=rest[-1])


def _sources(entity: EntityMap) -> dict[str, FromClause]:
    names: dict[str, set[str]] = {"": {entity.key}} | {
        alias: {join.key} for alias, join in entity.joins.items()
    }
    used = [*entity.updated, *entity.needed, *entity.names]
    for name in [*used, *(join.by for join in entity.joins.values())]:
        alias, _, own = name.rpartition(".")
        names[alias].add(own)
    tables = {"": entity.table} | {alias: join.table for alias, join in entity.joins.items()}
    found: dict[str, FromClause] = {}
    for alias, its in tables.items():
        foreign = _table(its, names[alias])
        found[alias] = foreign.alias(alias) if alias else foreign
    return found


def _table(name: str, columns: set[str]) -> TableClause:
    schema, _, own = name.rpartition(".")
    return table(own, *(column(one) for one in sorted(columns)), schema=schema or None)


def _joined(entity: EntityMap, sources: dict[str, FromClause]) -> FromClause:
    found = sources[""]
    for alias, join in entity.joins.items():
        side, _, own = join.by.rpartition(".")
        found = found.outerjoin(sources[alias], sources[side].c[own] == sources[alias].c[join.key])
    return found
