"""Shifts to close, and closed ones as reported beside as corrected, with what made the difference."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from data.store import tables as t
from domain.kpi import Measures, MinorModel
from domain.measures import NAMES
from services.kpi import reading, valid
from services.kpi.lines import Cells, Line, at_pace
from services.queries.common import people
from services.rows.kpi import Changed, ShiftRow

SHOWN = ("good", "scrap", "production_us", "down_us", "setup_us", "delay_us", "planned_us", "no_data_us",
         "rework", "ideal_s", "ideal_good_s")  # fmt: skip


def provisional_units(tx: Connection, units: Sequence[str], from_us: int, to_us: int) -> set[str]:
    """The machines whose quality may still change: they are inspected, and the parts that they made last
    in the stretch are not yet."""
    return _uninspected(tx, inspected_until(tx, units), from_us, to_us)


def inspected_until(tx: Connection, units: Sequence[str]) -> dict[str, int]:
    """When each machine that is inspected was inspected last."""
    q = t.quality_results.c
    query = select(q.equipment_id, func.max(q.at_us)).where(q.equipment_id.in_(list(units)))
    return {row[0]: row[1] for row in tx.execute(query.group_by(q.equipment_id))}


def _uninspected(tx: Connection, checked: Mapping[str, int], from_us: int, to_us: int) -> set[str]:
    """Those of them that made parts in the stretch after their last inspection."""
    c = t.counts.c
    found = set()
    for unit, at in checked.items():
        if at >= to_us:
            continue
        later = select(c.bucket_us).where(
            c.equipment_id == unit, c.bucket_us >= max(at, from_us), c.bucket_us < to_us, c.good + c.scrap > 0
        )
        if tx.execute(later.limit(1)).first() is not None:
            found.add(unit)
    return found


def read(tx: Connection, line_id: str, from_us: int, to_us: int) -> tuple[ShiftRow, ...]:
    """The shifts of a line that begin in [from_us, to_us), newest first."""
    lines = reading.lines_of(tx, line_id)
    if not lines:
        return ()
    line, model = lines[0], valid.model_of(tx, line_id, to_us)
    cells = _cells(tx, line, from_us, to_us)
    closings = _closings(tx, line_id, from_us, to_us)
    names = people(
        tx, [c[k] for found in closings.values() for c in found for k in ("closed_by", "reopened_by")]
    )
    units = [u.equipment_id for u in line.units]
    checked, goals = inspected_until(tx, units), valid.goals(tx, [line_id])
    return tuple(
        _row(tx, line, _Known(model, goals.at(line_id, begin), checked, names), begin, found,
             closings.get(begin, []))
        for begin, found in sorted(cells.items(), reverse=True)
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Known:
    """What all rows of a sheet share, and the target that holds for one."""

    model: MinorModel
    goal: float | None
    checked: Mapping[str, int]
    names: Mapping[str, str]


def _cells(tx: Connection, line: Line, from_us: int, to_us: int) -> dict[int, Any]:
    c = t.kpi_cells.c
    units = [u.equipment_id for u in line.units]
    rows = tx.execute(
        select(
            c.from_us, c.to_us, c.shift, c.equipment_id, c.product_id,
            *(func.sum(c[name]).label(name) for name in NAMES),
        )
        .where(c.equipment_id.in_(units), c.from_us >= from_us, c.from_us < to_us, c.shift != "")
        .group_by(c.from_us, c.to_us, c.shift, c.equipment_id, c.product_id)
    ).mappings()  # fmt: skip
    found: dict[int, Any] = {}
    for row in rows:
        cell = found.setdefault(row["from_us"], {"to_us": row["to_us"], "shift": row["shift"], "cells": {}})
        cell["cells"][row["equipment_id"], row["product_id"]] = Measures.of(row)
    return found


def _closings(tx: Connection, line_id: str, from_us: int, to_us: int) -> dict[int, list[dict[str, Any]]]:
    c = t.shift_closings.c
    query = select(t.shift_closings).where(c.line_id == line_id, c.from_us >= from_us, c.from_us < to_us)
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in tx.execute(query.order_by(c.version)).mappings():
        found[row["from_us"]].append(dict(row))
    return found


def _row(
    tx: Connection, line: Line, known: _Known, begin: int, cell: Mapping[str, Any],
    closings: Sequence[Mapping[str, Any]],
) -> ShiftRow:  # fmt: skip
    node, newest = line.node, closings[-1] if closings else None

    def measured(cells: Cells) -> Any:
        m = at_pace(cells, [line], "line", node.equipment_id)
        return reading.row(node.equipment_id, node.name, "line", m, known.model, known.goal)

    units = [u.equipment_id for u in line.units]
    open_quality = bool(_uninspected(tx, known.checked, begin, cell["to_us"]))
    now, reported = measured(cell["cells"]), None
    changed: tuple[Changed, ...] = ()
    why: tuple[str, ...] = ()
    if newest is not None:
        kept = _kept(tx, node.equipment_id, begin, newest["version"])
        reported = measured(kept)
        changed = _changed(reported.measures, now.measures)
        why = _why(tx, units, begin, cell["to_us"], newest) if changed else ()
    return ShiftRow(
        node.equipment_id, node.name, cell["shift"], begin, cell["to_us"],
        newest["version"] if newest else 0,
        newest is not None and newest["reopened_us"] is None,
        known.names.get(newest["closed_by"], "") if newest else "",
        newest["closed_us"] if newest else None,
        newest["note"] if newest else "",
        known.names.get(newest["reopened_by"] or "", "") if newest else "",
        newest["reopen_reason"] if newest else "",
        open_quality, now, reported, changed, why,
    )  # fmt: skip


def _kept(tx: Connection, line_id: str, from_us: int, version: int) -> Cells:
    c = t.shift_figures.c
    query = select(t.shift_figures).where(c.line_id == line_id, c.from_us == from_us, c.version == version)
    rows = tx.execute(query).mappings()
    return {(row["equipment_id"], row["product_id"]): Measures.of(row) for row in rows}


def _changed(reported: Measures, now: Measures) -> tuple[Changed, ...]:
    pairs = ((name, float(getattr(reported, name)), float(getattr(now, name))) for name in SHOWN)
    return tuple(Changed(*pair) for pair in pairs if abs(pair[1] - pair[2]) > 1e-6)


def _why(
    tx: Connection, units: Sequence[str], from_us: int, to_us: int, closing: Mapping[str, Any]
) -> tuple[str, ...]:
    """Which facts of the shift came after it was closed."""
    since, found = closing["closed_us"], []
    s, q, o, d = t.states.c, t.quality_results.c, t.operations.c, t.downtimes.c
    late = (
        ("machine states that arrived late", s, s.source_us, s.receive_us),
        ("inspections entered or changed later", q, q.at_us, q.updated_us),
        ("operations booked or changed later", o, o.start_us, o.updated_us),
        ("downtimes entered or changed later", d, d.start_us, d.updated_us),
    )
    for words, c, at, known in late:
        query = select(func.count()).where(
            c.equipment_id.in_(list(units)), at >= from_us, at <= to_us, known > since
        )
        count = tx.execute(query).scalar_one()
        if count:
            found.append(f"{count} {words}")
    return tuple(found) or ("counters that arrived late, or a changed planned cycle or policy",)
