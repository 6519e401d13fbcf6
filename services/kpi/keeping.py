"""Keeps all roll-ups up to date: what was marked, and what time alone adds (silence, open stops).

One transaction a line and turn: the figures, and the marks that they answer. A process that is killed
leaves the marks, and the next one does the work again with the same result.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, select

from data.store import late_charts
from data.store import tables as t
from data.store.database import Database
from data.store.upsert import upsert
from domain.clock import MINUTE
from domain.equipment import line_of, site_of
from domain.time_model import Span
from services import clocks
from services.energy import blocks
from services.kpi import standing
from services.kpi.planned import units_of
from services.kpi.recompute import recompute
from services.kpi.refresh import refresh

AT_LEAST_EVERY_US = MINUTE
BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn did: lines brought up to date, marks answered; marks and days of energy that wait."""

    lines: int
    marks: int
    waiting: int
    days: int = 0


class Keeper:
    """Works through the marks of all sites. One at a time per database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def turn(self) -> Turn:
        """Answer what is marked now. Raises Unavailable."""
        self._begin()
        with self._database.read() as tx:
            d = t.kpi_dirty.c
            marks = tx.execute(select(t.kpi_dirty).order_by(d.dirty_id).limit(BATCH)).mappings().all()
            total = tx.execute(select(func.count()).select_from(t.kpi_dirty)).scalar_one()
            nows = clocks.plant_times(tx)
            lines = _lines(tx)
            behind = _behind(tx, nows)
        wanted: dict[str, list[Any]] = {line: [] for line in behind}
        for row in marks:
            line = line_of(row["equipment_id"])
            if line in lines and site_of(line) in nows:
                wanted.setdefault(line, []).append(row)
        for line, rows in wanted.items():
            self._line(line, rows, nows[site_of(line)], behind.get(line))
        self._drop([row["dirty_id"] for row in marks if line_of(row["equipment_id"]) not in wanted])
        standing.fill(self._database)
        days = blocks.pack(self._database, nows)
        return Turn(len(wanted), len(marks), total - len(marks), days)

    def rebuild(self, line: str, since_us: int, now_us: int) -> None:
        """Classify a whole history of a line at once, as for one that has just come."""
        with self._database.write() as tx:
            units = units_of(tx, line)
            recompute(tx, line, since_us, now_us)
            known = _since(tx, units)
            _note(tx, {unit: [] for unit in units}, known, now_us)
            mine = t.kpi_dirty.c.equipment_id.in_([*units, line])
            tx.execute(delete(t.kpi_dirty).where(mine))

    def _begin(self) -> None:
        """Take up machines that have data and no figures yet."""
        e, p = t.equipment.c, t.kpi_progress.c
        query = (
            select(e.equipment_id)
            .join_from(t.equipment, t.kpi_progress, p.equipment_id == e.equipment_id, isouter=True)
            .where(e.level == "unit", e.assigned.is_(True), p.equipment_id.is_(None))
        )
        with self._database.read() as tx:
            nows = clocks.plant_times(tx)
            first = _since(tx, list(tx.execute(query).scalars()))
        lines: dict[str, int] = {}
        for unit, at in first.items():
            lines[line_of(unit)] = min(at, lines.get(line_of(unit), at))
        for line, at in lines.items():
            if site_of(line) in nows and at < nows[site_of(line)]:
                self.rebuild(line, at, nows[site_of(line)])

    def _line(self, line: str, rows: Sequence[Any], now_us: int, since_us: int | None) -> None:
        with self._database.write() as tx:
            units = units_of(tx, line)
            stretches: dict[str, list[Span]] = defaultdict(list)
            for row in rows:
                span = Span(row["from_us"], min(row["to_us"], now_us))
                for unit in units if row["equipment_id"] == line else (row["equipment_id"],):
                    if unit in units and span.from_us < span.to_us:
                        stretches[unit].append(span)
            if since_us is not None:
                for unit in units:
                    stretches[unit].append(Span(since_us, now_us))
            known = _since(tx, units)
            held = {
                unit: found
                for unit, spans in stretches.items()
                if (found := [_within(s, known.get(unit)) for s in spans])
            }
            left = _rest(held, _upto(tx, list(held)), now_us)
            for spans in (held, left):
                if spans:
                    otherwise = refresh(tx, line, spans, now_us)
                    blocks.touch(tx, spans)
                    _tell(tx, otherwise)
            _note(tx, held, known, now_us)
            _forget(tx, [row["dirty_id"] for row in rows])

    def _drop(self, dirty_ids: Sequence[int]) -> None:
        """Marks of machines that stand in no line yet: they are marked again when they are placed."""
        if dirty_ids:
            with self._database.write() as tx:
                _forget(tx, dirty_ids)


def _tell(tx: Connection, otherwise: Sequence[tuple[str, Span]]) -> None:
    """Make what rests on whether machines worked follow: the days of energy, and the charts of values."""
    for unit, span in otherwise:
        blocks.touch(tx, {unit: [span]})
        late_charts.mark_moved(tx, unit, span.from_us)


def _within(span: Span, first_us: int | None) -> Span:
    """Nothing before a machine's first data is classified, however far back a plan reaches."""
    return span if first_us is None else Span(max(span.from_us, min(first_us, span.to_us - 1)), span.to_us)


def _lines(tx: Connection) -> set[str]:
    e = t.equipment.c
    return set(tx.execute(select(e.equipment_id).where(e.level == "line")).scalars())


def _behind(tx: Connection, nows: dict[str, int]) -> dict[str, int]:
    """Lines whose figures end a while ago, and since when: silence makes no mark."""
    p = t.kpi_progress.c
    found: dict[str, int] = {}
    for unit, upto_us in tx.execute(select(p.equipment_id, p.upto_us)):
        now_us = nows.get(site_of(unit), 0)
        if now_us - upto_us > AT_LEAST_EVERY_US:
            line = line_of(unit)
            found[line] = min(upto_us, found.get(line, upto_us))
    return found


def _upto(tx: Connection, units: Sequence[str]) -> dict[str, int]:
    """How far each unit is classified."""
    p = t.kpi_progress.c
    rows = tx.execute(select(p.equipment_id, p.upto_us).where(p.equipment_id.in_(units)))
    return {row[0]: row[1] for row in rows}


def _rest(held: dict[str, list[Span]], since: dict[str, int], now_us: int) -> dict[str, list[Span]]:
    """What has passed since units were last classified, where their stretches do not reach: it is counted in
    the same turn, or a shift that ended meanwhile would lack it for good.

    Stretches that reach beyond that moment are widened to it in place, being of the same shift as a rule.
    """
    left: dict[str, list[Span]] = {}
    for unit, spans in held.items():
        begun = since.get(unit, now_us)
        if begun < now_us:
            passed = Span(begun, now_us)
            (spans if any(s.to_us > begun for s in spans) else left.setdefault(unit, [])).append(passed)
    return left


def _since(tx: Connection, units: Sequence[str]) -> dict[str, int]:
    """When the data of each unit begin."""
    c = t.counts.c
    rows = tx.execute(
        select(c.equipment_id, func.min(c.bucket_us))
        .where(c.equipment_id.in_(units))
        .group_by(c.equipment_id)
    )
    return {row[0]: row[1] for row in rows}


def _note(tx: Connection, held: dict[str, list[Span]], known: dict[str, int], now_us: int) -> None:
    rows = [
        {"equipment_id": unit, "from_us": known[unit], "upto_us": now_us} for unit in held if unit in known
    ]
    upsert(tx, t.kpi_progress, rows, ["equipment_id"])


def _forget(tx: Connection, dirty_ids: Sequence[int]) -> None:
    for start in range(0, len(dirty_ids), 900):
        part = dirty_ids[start : start + 900]
        tx.execute(delete(t.kpi_dirty).where(t.kpi_dirty.c.dirty_id.in_(part)))
