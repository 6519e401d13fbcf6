"""History as Parquet for other tools, a file a day (UTC) and kind: readings/day=2026-11-20/readings.parquet.

A file is written whole or not at all, under its own name only when it is complete. A day that was exported
for the same scope after it had ended is left alone, so that an export that was stopped goes on where it was;
late values change earlier days, `anew` writes them again. Memory holds one metric's day at a time. Shadow
sites (replays) stay out.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, Table, or_, select

from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, micros
from domain.equipment import site_of
from domain.errors import NotFound

_TIME = pa.timestamp("us", tz="UTC")
_MADE, _SCOPE = b"taktwise.made_us", b"taktwise.scope"
_WORD = pa.dictionary(pa.int32(), pa.string())
_READINGS = pa.schema(
    [
        ("equipment_id", _WORD), ("metric", _WORD), ("unit", _WORD), ("time", _TIME), ("value", pa.float64()),
        ("quality", pa.int16()), ("received", _TIME),
    ]
)  # fmt: skip
_STATES = pa.schema(
    [("equipment_id", pa.string()), ("time", _TIME), ("state", pa.int16()), ("mode", pa.int16())]
)
_COUNTS = pa.schema(
    [
        ("equipment_id", pa.string()), ("time", _TIME), ("good", pa.float64()), ("scrap", pa.float64()),
        ("energy_kwh", pa.float64()),
    ]
)  # fmt: skip


@dataclass(slots=True)
class Exported:
    """What an export came to: rows by kind, files written, and days that were there already."""

    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("readings", "states", "counts"), 0))
    files: int = 0
    kept: int = 0


def export(
    database: Database,
    folder: Path,
    first: date,
    last: date,
    scope: str = "",
    *,
    now_us: int,
    anew: bool = False,
    progress: Callable[[float], None] = lambda _: None,
) -> Exported:
    """Write the days `first`..`last` (UTC, both included) of the equipment at or below `scope`; all of it
    where none is given. `now_us`: the plant time of the export. Raises NotFound where nothing is at or
    below `scope`, Unavailable, OSError."""
    _known(database, scope)
    done = Exported()
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    for place, day in enumerate(days):
        for kind, schema, tables in _KINDS:
            path = folder / kind / f"day={day.isoformat()}" / f"{kind}.parquet"
            from_us, to_us = _bounds(day)
            if not anew and _is_there(path, scope, to_us):
                done.kept += 1
                continue
            said = {_MADE: str(now_us).encode(), _SCOPE: scope.encode()}
            with database.read() as tx:
                rows = _write(path, schema.with_metadata(said), tables(tx, scope, from_us, to_us))
            done.rows[kind] += rows
            done.files += rows > 0
        progress((place + 1) / len(days))
    return done


def _known(database: Database, scope: str) -> None:
    """A slip of the pen in `scope` is no export of nothing."""
    column = t.equipment.c.equipment_id
    with database.read() as tx:
        if scope and tx.execute(select(column).where(_within(column, scope)).limit(1)).first() is None:
            raise NotFound(f"no site, area, line or machine is called {scope}")


def _is_there(path: Path, scope: str, end_us: int) -> bool:
    """True for a file of the same scope that was made after its day had ended."""
    try:
        said = pq.read_metadata(path).metadata or {}
        return said.get(_SCOPE) == scope.encode() and int(said.get(_MADE, 0)) >= end_us
    except (FileNotFoundError, ValueError, pa.ArrowException):
        return False


def _write(path: Path, schema: pa.Schema, tables: Iterator[pa.Table]) -> int:
    """One file, under another name until it is whole; none where there are no rows. Returns the rows."""
    part, rows = path.with_suffix(".part"), 0
    writer: Any = None
    try:
        for table in tables:
            if writer is None:
                path.parent.mkdir(parents=True, exist_ok=True)
                writer = pq.ParquetWriter(part, schema, compression="zstd")
            writer.write_table(table.replace_schema_metadata(schema.metadata))
            rows += table.num_rows
    finally:
        if writer is not None:
            writer.close()
    if rows:
        part.replace(path)
    return rows


def _readings(tx: Connection, scope: str, from_us: int, to_us: int) -> Iterator[pa.Table]:
    m = t.metrics.c
    shadow = set(tx.execute(select(t.sites.c.site_id).where(t.sites.c.shadow)).scalars())
    query = select(m.metric_id, m.equipment_id, m.name, m.unit).where(_within(m.equipment_id, scope))
    mark = "?" if tx.dialect.name == "sqlite" else "%s"
    sql = (
        f"SELECT source_us, value, quality, receive_us FROM readings WHERE metric_id = {mark}"  # noqa: S608
        f" AND source_us >= {mark} AND source_us < {mark} ORDER BY source_us"
    )
    for metric in tx.execute(query.order_by(m.equipment_id, m.name)).all():
        if site_of(metric.equipment_id) in shadow:
            continue
        rows = tx.exec_driver_sql(sql, (metric.metric_id, from_us, to_us)).cursor.fetchall()
        if rows:
            times, values, qualities, received = zip(*rows, strict=True)
            words = (metric.equipment_id, metric.name, metric.unit)
            same = [pa.array([word] * len(rows), pa.string()).dictionary_encode() for word in words]
            columns = [*same, pa.array(times, _TIME), pa.array(values, pa.float64())]
            columns += [pa.array(qualities, pa.int16()), pa.array(received, _TIME)]
            yield pa.Table.from_arrays(columns, schema=_READINGS)


def _states(tx: Connection, scope: str, from_us: int, to_us: int) -> Iterator[pa.Table]:
    return _by_unit(tx, t.states, "source_us", ("state", "mode"), _STATES, scope, from_us, to_us)


def _counts(tx: Connection, scope: str, from_us: int, to_us: int) -> Iterator[pa.Table]:
    wanted = ("good", "scrap", "energy_kwh")
    return _by_unit(tx, t.counts, "bucket_us", wanted, _COUNTS, scope, from_us, to_us)


def _by_unit(
    tx: Connection,
    table: Table,
    time: str,
    wanted: tuple[str, ...],
    schema: pa.Schema,
    scope: str,
    from_us: int,
    to_us: int,
) -> Iterator[pa.Table]:
    """A table with one row a machine and time, machine by machine."""
    unit, at = table.c.equipment_id, table.c[time]
    shadow = set(tx.execute(select(t.sites.c.site_id).where(t.sites.c.shadow)).scalars())
    units = tx.execute(select(t.equipment.c.equipment_id).where(_within(t.equipment.c.equipment_id, scope)))
    for equipment_id in sorted(found for found in units.scalars() if site_of(found) not in shadow):
        query = select(unit, at, *(table.c[name] for name in wanted))
        rows = tx.execute(query.where(unit == equipment_id, at >= from_us, at < to_us).order_by(at)).all()
        if rows:
            columns = zip(*rows, strict=True)
            arrays = [pa.array(column, kind.type) for column, kind in zip(columns, schema, strict=True)]
            yield pa.Table.from_arrays(arrays, schema=schema)


def _within(column: Any, scope: str) -> Any:
    return or_(column == scope, column.startswith(f"{scope}/", autoescape=True)) if scope else column != ""


def _bounds(day: date) -> tuple[int, int]:
    start = micros(datetime(day.year, day.month, day.day, tzinfo=UTC))
    return start, start + DAY


_KINDS = (
    ("readings", _READINGS, _readings),
    ("states", _STATES, _states),
    ("counts", _COUNTS, _counts),
)
