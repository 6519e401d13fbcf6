"""Rows of MES and ERP databases into our tables; what cannot be read is said in `watermarks`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, select, tuple_

from data.sources.mapping import owner
from data.sources.mes import ForeignDatabase, Page, Watermark
from data.store import equipment, intake_records, late_charts
from data.store import tables as t
from data.store.database import Database
from data.store.upsert import upsert
from domain.clock import SECOND, wall_us
from domain.errors import Malformed, Unavailable
from domain.telemetry import Rejected
from services.ingest import corrections
from services.kpi import dirty
from services.spc.definition import QUALITY

OK = "ok"
_UNKNOWN = "not placed yet: "
_SAY_AGAIN_US = 10 * SECOND
_NAMES_SHOWN = 50


@dataclass(frozen=True, slots=True)
class MesResult:
    """Rows stored and rows refused in one poll; `trouble` is one sentence, empty when all is well."""

    stored: int
    refused: int
    trouble: str


class MesIntake:
    """Reads the databases that a process looks after. Not thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._said: dict[tuple[str, str], tuple[str, int]] = {}
        self._left: dict[tuple[str, str], _Left] = {}

    def read(self, instance: str, foreign: ForeignDatabase, speed: float = 1.0) -> MesResult:
        """Read what changed in every entity. `speed` of the plant clock widens the overlap.

        Raises Unavailable only when our own database is away; a page and its watermark are one
        transaction, so reading goes on where it stopped.
        """
        with self._database.read() as tx:
            known = equipment.load_aliases(tx, [f"mes:{instance}"])
            marks = _watermarks(tx, instance)
        names = {name: equipment_id for (_, name), equipment_id in known.items()}
        stored = refused = 0
        trouble = ""
        for entity in foreign.mapping.entities:
            since, state, mapping = marks.get(entity, (Watermark(), "", ""))
            if mapping and mapping != foreign.mapping.fingerprint(entity):
                self._begin_anew(instance, entity, foreign)
                since, state = Watermark(), ""
            left = self._left.get((instance, entity))
            if state.startswith(_UNKNOWN) and (left is None or left.placed != names.keys()):
                foreign.forget(entity)  # which of its rows were left out is not known: all again
                since, left = Watermark(), None
            reading = _Reading(instance, entity, foreign, names, speed)
            counted = self._entity(reading, since, set() if left is None else left.unknown)
            stored, refused = stored + counted.stored, refused + counted.refused
            trouble = trouble or counted.trouble
        return MesResult(stored, refused, trouble)

    def _begin_anew(self, instance: str, entity: str, foreign: ForeignDatabase) -> None:
        """The mapping has changed: all rows mean something else, and those set aside may be good now."""
        foreign.forget(entity)
        self._left.pop((instance, entity), None)
        with self._database.write() as tx:
            intake_records.let_all_go(tx, f"mes:{instance}", entity)
            _save(tx, _Reading(instance, entity, foreign, {}, 1.0), Watermark(), wall_us(), OK)

    def _entity(self, read: "_Reading", since: Watermark, unknown: set[str]) -> MesResult:
        stored = refused = 0
        mark = since
        try:
            for page in read.foreign.pages(read.entity, since, read.names.get, read.speed):
                mark = page.watermark
                unknown = unknown | page.unknown
                stored, refused = stored + len(page.rows), refused + len(page.bad)
                self._store(read, page, _state(unknown, refused))
            state = _state(unknown, refused)
        except (Malformed, Unavailable) as error:
            if unknown:  # which rows were left out is forgotten now: read them all again
                read.foreign.forget(read.entity)
                mark, unknown = Watermark(), set()
            schema = error.detail if isinstance(error, Malformed) else ""
            state = f"the table is not as the mapping says: {schema}" if schema else str(error)
        self._left[read.instance, read.entity] = _Left(frozenset(read.names), unknown)
        self._say(read, mark, state)
        return MesResult(stored, refused, "" if state == OK else f"{read.entity}: {state}")

    def _store(self, read: "_Reading", page: Page, state: str) -> None:
        table = t.metadata.tables[read.entity]
        keys = [found.name for found in table.primary_key]
        rows = [{owner(read.entity): read.instance, **_defaults(table), **row} for row in page.rows]
        newest = {tuple(row[key] for key in keys): row for row in rows}
        source, now = f"mes:{read.instance}", wall_us()
        rejected = [
            (_rejected(source, read.entity, row, why, key), now)
            for (row, why), key in zip(page.bad, page.set_aside, strict=True)
        ]
        with self._database.write() as tx:
            before = _stored(tx, table, keys, list(newest))
            corrections.keep(tx, read.instance, read.entity, keys, before, list(newest.values()), now)
            upsert(tx, table, list(newest.values()), keys)
            changed = corrections.telling(read.entity, keys, before, list(newest.values()))
            dirty.mark(tx, dirty.of_mes(tx, read.entity, changed))
            if read.entity == "quality_results":
                results = (*before, *newest.values())
                late_charts.mark(tx, QUALITY, ((row["equipment_id"], row["at_us"]) for row in results))
            kept = [found.payload for found, _ in rejected]
            intake_records.let_go(tx, source, read.entity, [*page.good, *page.set_aside], kept)
            intake_records.quarantine(tx, rejected)
            intake_records.count(tx, source, {"stored": len(rows), "quarantined": len(rejected)})
            _save(tx, read, page.watermark, now, state)

    def _say(self, read: "_Reading", mark: Watermark, state: str) -> None:
        """Write the state when it changed, and every 10 s as a sign of life."""
        now, place = wall_us(), (read.instance, read.entity)
        before, at = self._said.get(place, ("", 0))
        if state == before and now - at < _SAY_AGAIN_US:
            return
        with self._database.write() as tx:
            _save(tx, read, mark, now, state)
        self._said[place] = (state, now)


def _defaults(table: Table) -> dict[str, Any]:
    """What our columns hold where a mapping or a row says nothing."""
    return {
        c.name: c.type.python_type(c.server_default.arg)  # type: ignore[attr-defined]
        for c in table.c
        if c.server_default is not None
    }


def _stored(
    tx: Connection, table: Table, keys: list[str], wanted: list[tuple[Any, ...]]
) -> list[Mapping[str, Any]]:
    """The rows as they are before they change."""
    found: list[Mapping[str, Any]] = []
    for start in range(0, len(wanted), 300):
        part = wanted[start : start + 300]
        these = tuple_(*(table.c[key] for key in keys)).in_(part)
        found += [dict(row) for row in tx.execute(select(table).where(these)).mappings()]
    return found


@dataclass(frozen=True, slots=True)
class _Left:
    """Names of an entity's machines that had no place, when those of `placed` had one."""

    placed: frozenset[str]
    unknown: set[str]


@dataclass(frozen=True, slots=True)
class _Reading:
    """One entity of one instance, being read."""

    instance: str
    entity: str
    foreign: ForeignDatabase
    names: Mapping[str, str]
    speed: float


def _state(unknown: set[str], refused: int) -> str:
    if unknown:
        more = len(unknown) - _NAMES_SHOWN
        return (
            _UNKNOWN + ", ".join(sorted(unknown)[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
        )
    return f"{refused} rows could not be read; they are in quarantine" if refused else OK


def _watermarks(tx: Connection, instance: str) -> dict[str, tuple[Watermark, str, str]]:
    """How far each entity was read, what was said of it, and the mapping that it was read with."""
    w = t.watermarks.c
    query = select(w.entity, w.updated_us, w.last_key, w.state, w.mapping).where(w.instance == instance)
    return {
        row.entity: (Watermark(row.updated_us, row.last_key), row.state, row.mapping)
        for row in tx.execute(query)
    }


def _save(tx: Connection, read: _Reading, mark: Watermark, now: int, state: str) -> None:
    row = {
        "instance": read.instance, "entity": read.entity, "updated_us": mark.updated_us,
        "last_key": mark.key, "read_wall_us": now, "state": intake_records.clean(state, 2_000),
        "mapping": read.foreign.mapping.fingerprint(read.entity),
    }  # fmt: skip
    upsert(tx, t.watermarks, [row], ["instance", "entity"])


def _rejected(source: str, entity: str, row: Mapping[str, Any], why: str, key: str) -> Rejected:
    payload = json.dumps(dict(row), default=str, sort_keys=True).encode()
    return Rejected(source, entity, payload, "row", why, key)
