"""Reads a foreign MES or ERP database, whatever its kind, read-only, by watermark.

The watermark is (updated, key). Each poll starts a little before it (`overlap_s`), so that equal
times and transactions that committed late are not lost; rows already passed on are left out.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import DBAPIError

from data.sources import mes_values
from data.sources.mapping import ColumnKind, ColumnMap, EntityMap, Mapping
from data.sources.mes_engine import open_foreign
from data.sources.mes_faults import translated
from data.sources.mes_query import UPDATED, Cursor, build
from data.store import tables as t
from domain.clock import SECOND, wall_us
from domain.errors import Malformed, Unavailable

PAGE = 2_000
Row = dict[str, Any]
FindEquipment = Callable[[str], str | None]
Passed = dict[tuple[int, str], int]  # (updated, key) -> hash of the row that was passed on


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far an entity was read: microseconds and the key of the last row there."""

    updated_us: int = 0
    key: str = ""


@dataclass(slots=True)
class Page:
    """Rows for our table, those that cannot be used (with the reason), and where reading stands then.

    `good` and `set_aside` are their keys, in the same order.
    """

    rows: list[Row] = field(default_factory=list)
    bad: list[tuple[Row, str]] = field(default_factory=list)
    good: list[str] = field(default_factory=list)
    set_aside: list[str] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    watermark: Watermark = Watermark()


class ForeignDatabase:
    """One MES instance or ERP, which is never written to.

    Raises SettingsError for a URL that is none, and for a driver that is not installed.
    """

    def __init__(self, url: str, mapping: Mapping) -> None:
        self.mapping = mapping
        self._opened = open_foreign(url, mapping)
        self._engine = self._opened.engine
        self._passed: dict[str, Passed] = {}

    @property
    def read_only(self) -> bool:
        """Whether the database itself refuses whatever this connection might write."""
        return self._opened.read_only

    def pages(self, entity: str, since: Watermark, find: FindEquipment, speed: float = 1.0) -> Iterator[Page]:
        """Pages of changed rows, oldest first; none when nothing changed.

        Raises Unavailable when the database does not answer, Malformed('schema') when the table is not
        as the mapping says. A row with values of a wrong type comes in `bad`, one that names unknown
        equipment in `bad` and its name in `unknown`.
        """
        found = self.mapping.entities[entity]
        passed = self._passed.setdefault(entity, {})
        begin = since.updated_us - round(self.mapping.overlap_s * SECOND * max(1.0, speed))
        begin -= mes_values.repeated_us(since.updated_us, self.mapping)
        cursor: Cursor | None = None
        since_there = mes_values.foreign_time(begin, self.mapping)
        for old in [stamp for stamp in passed if 0 < stamp[0] < begin]:  # 0: its time cannot be read
            del passed[old]
        while True:
            raw = self._query(found, since_there, cursor)
            if not raw:
                return
            page = self._page(entity, raw, passed, find)
            if page.rows or page.bad:
                page.watermark = max(page.watermark, since, key=lambda mark: (mark.updated_us, mark.key))
                yield page
            passed.update({self._stamp(found, row): _content(row) for row in raw})
            cursor = (raw[-1][UPDATED], raw[-1][found.key])

    def check(self) -> None:
        """Every table and column of the mapping can be read. Raises Malformed('schema') or Unavailable."""
        ahead = mes_values.foreign_time(wall_us(), self.mapping)
        for name, entity in self.mapping.entities.items():
            try:
                self._query(entity, ahead, None)
            except Malformed as error:
                raise Malformed("schema", f"{name}: {error.detail}") from error

    def forget(self, entity: str) -> None:
        """Pass everything on again: the equipment that rows name may be known now."""
        self._passed.pop(entity, None)

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def _query(self, entity: EntityMap, since: Any, cursor: Cursor | None) -> list[Row]:
        query = build(entity, self._engine.dialect, since, cursor, PAGE)
        try:
            with self._engine.connect() as connection:
                return [dict(row._mapping) for row in connection.execute(query)]
        except DBAPIError as error:
            raise translated(error, self._opened.without_secret) from error
        except Exception as error:  # drivers raise what they like, and one must not end the reading of others
            words = self._opened.without_secret(str(error) or type(error).__name__)
            raise Unavailable(f"the database cannot be read: {words}") from error

    def _stamp(self, entity: EntityMap, row: Row) -> tuple[int, str]:
        key = str(row[entity.key]).replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
        with suppress(TypeError, ValueError, OverflowError):
            return mes_values.time_us(row[UPDATED], self.mapping), key
        return 0, key

    def _page(self, entity: str, raw: list[Row], passed: Passed, find: FindEquipment) -> Page:
        page, columns = Page(), self.mapping.entities[entity].columns
        for row in raw:
            stamp = self._stamp(self.mapping.entities[entity], row)
            if passed.get(stamp) == _content(row):
                continue
            page.watermark = Watermark(*stamp)
            try:
                found = {ours: self._value(its.of(row), its, page, find) for ours, its in columns.items()}
                if "product_id" in found and found["product_id"] is None:
                    found["product_id"] = ""  # an order without a product is kept, and flagged
                found = _without_defaults(entity, found)
                _must_be_there(entity, found)
                page.rows.append({**found, "updated_us": mes_values.time_us(row[UPDATED], self.mapping)})
                page.good.append(stamp[1])
            except (TypeError, ValueError, OverflowError) as error:
                page.bad.append((row, str(error)))
                page.set_aside.append(stamp[1])
        return page

    def _value(self, raw: Any, its: ColumnMap, page: Page, find: FindEquipment) -> Any:
        if raw is None or its.kind is not ColumnKind.EQUIPMENT:
            return mes_values.value(raw, its, self.mapping)
        name = str(mes_values.plain(raw))
        equipment_id = find(name)
        if equipment_id is None:
            page.unknown.add(name)
            raise ValueError(f"no equipment is known as {name}")
        return equipment_id


def _content(row: Row) -> int:
    try:
        return hash(tuple(row.values()))
    except TypeError:  # documents and arrays of PostgreSQL come as dicts and lists
        return hash(repr(list(row.values())))


def _without_defaults(entity: str, row: Row) -> Row:
    """Empty values left out where our column has a value of its own."""
    columns = t.metadata.tables[entity].c
    return {name: v for name, v in row.items() if v is not None or columns[name].server_default is None}


def _must_be_there(entity: str, row: Row) -> None:
    for name, found in row.items():
        if found is None and not t.metadata.tables[entity].c[name].nullable:
            raise ValueError(f"{name} is empty")
