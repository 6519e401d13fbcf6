"""Shifts to close, and closed ones as reported beside as corrected, with what made the difference."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, func, select

from data.store import tables as t
from data.store.statements import Among, Statement
from domain.kpi import Measures, MinorModel
from domain.measures import NAMES
from services.kpi import reading, remarks, sums, valid
from services.kpi.corrected import changes_of, corrections, others
from services.kpi.lines import Cells, Line, at_pace
from services.queries.common import people
from services.rows.kpi import Changed, CorrectionRow, KpiRow, ShiftRow, VersionRow

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
    kept = _kept(tx, line_id, from_us, to_us)
    spans = {begin: (begin, cell["to_us"], closings[begin][-1]["closed_wall_us"])
             for begin, cell in cells.items() if begin in closings}  # fmt: skip
    changes = changes_of(tx, line_id, list(spans.values()))
    newest = sorted(cells.items(), reverse=True)
    named = {u.equipment_id: u.name for u in line.units}
    odd = remarks.unsure(tx, named, ((begin, found["to_us"]) for begin, found in newest))
    return tuple(
        replace(
            _row(tx, line, _Known(model, goals.at(line_id, begin), checked, names, kept, changes), begin,
                 found, closings.get(begin, [])),
            unsure=tuple(words),
        )
        for (begin, found), words in zip(newest, odd, strict=True)
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Known:
    """What all rows of a sheet share, and the target that holds for one."""

    model: MinorModel
    goal: float | None
    checked: Mapping[str, int]
    names: Mapping[str, str]
    kept: Mapping[tuple[int, int], Cells]
    changes: Sequence[Mapping[str, Any]]


_CELLS = Among(
    f"SELECT from_us, to_us, shift, equipment_id, product_id, {sums.TOTALS_SQL} FROM kpi_cells"  # noqa: S608
    " WHERE equipment_id {among} AND from_us >= :from_us AND from_us < :to_us AND shift <> ''"
    " GROUP BY from_us, to_us, shift, equipment_id, product_id"
)
_KEPT = Statement(
    f"SELECT from_us, version, equipment_id, product_id, {', '.join(NAMES)} FROM shift_figures"  # noqa: S608
    " WHERE line_id = :line AND from_us >= :from_us AND from_us < :to_us"
)


def _cells(tx: Connection, line: Line, from_us: int, to_us: int) -> dict[int, Any]:
    units, found = [u.equipment_id for u in line.units], dict[int, Any]()
    for begin, end, shift, unit, product, *values in _CELLS.rows(
        tx, units, {"from_us": from_us, "to_us": to_us}
    ):
        cell = found.setdefault(begin, {"to_us": end, "shift": shift, "cells": {}})
        cell["cells"][unit, product] = Measures(*values)
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

    units = {u.equipment_id: u.name for u in line.units}
    open_quality = bool(_uninspected(tx, known.checked, begin, cell["to_us"]))
    now = measured(cell["cells"])
    versions = tuple(
        _version(c, known.names, measured(known.kept.get((begin, c["version"]), {})))
        for c in reversed(closings)
    )
    reported = versions[0].figures if versions else None
    changed = _changed(reported.measures, now.measures) if reported else ()
    why: tuple[str, ...] = ()
    named: tuple[CorrectionRow, ...] = ()
    if newest is not None:
        span, products = (begin, cell["to_us"]), {product for _, product in cell["cells"]}
        named = corrections(known.changes, units, span, newest["closed_wall_us"], products)
        why = others(tx, list(units), span, newest, {c.entity for c in named}) if changed else ()
    return ShiftRow(
        node.equipment_id, node.name, cell["shift"], begin, cell["to_us"],
        newest["version"] if newest else 0,
        newest is not None and newest["reopened_us"] is None,
        known.names.get(newest["closed_by"], "") if newest else "",
        newest["closed_us"] if newest else None,
        newest["note"] if newest else "",
        known.names.get(newest["reopened_by"] or "", "") if newest else "",
        newest["reopen_reason"] if newest else "",
        open_quality, now, reported, changed, why, versions, named,
    )  # fmt: skip


def _version(closing: Mapping[str, Any], names: Mapping[str, str], figures: KpiRow) -> VersionRow:
    return VersionRow(
        closing["version"], names.get(closing["closed_by"], ""), closing["closed_us"], closing["note"],
        names.get(closing["reopened_by"] or "", ""), closing["reopened_us"], closing["reopen_reason"],
        figures,
    )  # fmt: skip


def _kept(tx: Connection, line_id: str, from_us: int, to_us: int) -> dict[tuple[int, int], Cells]:
    """Figures as reported, by the beginning of the shift and the version of its close."""
    found: dict[tuple[int, int], Cells] = defaultdict(dict)
    values = {"line": line_id, "from_us": from_us, "to_us": to_us}
    for begin, version, unit, product, *measures in _KEPT.rows(tx, values):
        found[begin, version][unit, product] = Measures(*measures)
    return found


def _changed(reported: Measures, now: Measures) -> tuple[Changed, ...]:
    pairs = ((name, float(getattr(reported, name)), float(getattr(now, name))) for name in SHOWN)
    return tuple(Changed(*pair) for pair in pairs if abs(pair[1] - pair[2]) > 1e-6)
