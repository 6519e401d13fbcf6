"""Shifts to close, and closed ones as reported beside as corrected, with what made the difference."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, select

from data.store import tables as t
from data.store.statements import Among
from domain.equipment import line_of
from domain.kpi import Measures, MinorModel
from domain.measures import NAMES
from services.kpi import reading, remarks, sums, valid
from services.kpi.corrected import changes_of, corrections, later, others
from services.kpi.lines import Cells, Line, at_pace
from services.queries.common import people
from services.rows.kpi import Begun, Changed, CorrectionRow, KpiRow, ShiftRow, VersionRow

SHOWN = ("good", "scrap", "production_us", "down_us", "setup_us", "delay_us", "planned_us", "no_data_us",
         "rework", "ideal_s", "ideal_good_s")  # fmt: skip


def provisional_units(tx: Connection, units: Sequence[str], from_us: int, to_us: int) -> set[str]:
    """The machines whose quality, first pass yield and rework may still change: they are inspected, and the
    parts that they made last in the stretch are not yet."""
    return _uninspected(tx, inspected_until(tx, units), from_us, to_us)


_INSPECTED = Among(
    "SELECT e.equipment_id, (SELECT MAX(q.at_us) FROM quality_results q"
    " WHERE q.equipment_id = e.equipment_id AND q.reinspection IS NOT TRUE)"
    " FROM equipment e WHERE e.equipment_id {among}"
)
_MADE = Among(
    "SELECT e.equipment_id FROM equipment e WHERE e.equipment_id {among} AND EXISTS (SELECT 1 FROM counts c"
    " WHERE c.equipment_id = e.equipment_id AND c.bucket_us >= :from_us AND c.bucket_us < :to_us"
    " AND c.bucket_us >= (SELECT MAX(q.at_us) FROM quality_results q WHERE q.equipment_id = e.equipment_id)"
    " AND c.good + c.scrap > 0)"
)


def inspected_until(tx: Connection, units: Sequence[str]) -> dict[str, int]:
    """When each machine that is inspected was inspected last."""
    return {unit: at for unit, at in _INSPECTED.rows(tx, units, {}) if at is not None}


def _uninspected(tx: Connection, checked: Mapping[str, int], from_us: int, to_us: int) -> set[str]:
    """Those of them that made parts in the stretch after their last inspection."""
    open_still = [unit for unit, at in checked.items() if at < to_us]
    rows = _MADE.rows(tx, open_still, {"from_us": from_us, "to_us": to_us}) if open_still else ()
    return {row[0] for row in rows}


def read(tx: Connection, lines: Sequence[Line], chosen: Sequence[Begun], by_us: int) -> tuple[ShiftRow, ...]:
    """Shifts of these lines with their figures, in the order given; by the model of minor stops that holds at
    `by_us`."""
    if not chosen:
        return ()
    begins: dict[str, list[Begun]] = defaultdict(list)
    for one in chosen:
        begins[one.line_id].append(one)
    known, found = _known(tx, lines, chosen, by_us), {}
    odd = remarks.unsure(
        tx,
        [
            (
                {u.equipment_id: u.name for u in line.units},
                [(one.from_us, one.to_us) for one in begins[line.node.equipment_id]],
            )
            for line in lines
        ],
    )
    learned = _changes(tx, lines, known, begins)
    for line, its in zip(lines, odd, strict=True):
        for one, unsure in zip(begins[line.node.equipment_id], its, strict=True):
            found[one] = _row(line, known, one, learned[one.line_id], tuple(unsure))
    return _explained(tx, lines, [found[one] for one in chosen if one in found])


def _explained(tx: Connection, lines: Sequence[Line], rows: Sequence[ShiftRow]) -> tuple[ShiftRow, ...]:
    """The rows, those with other figures than reported with all that made the difference."""
    units = {line.node.equipment_id: [u.equipment_id for u in line.units] for line in lines}
    changed = [row for row in rows if row.changed and row.closed_us is not None]
    came = later(tx, [(units[r.line_id], r.from_us, r.to_us, r.closed_us or 0) for r in changed])
    why = {
        (row.line_id, row.from_us): (
            *row.why,
            *others(c, {one.entity for one in row.corrections}, bool(row.why)),
        )
        for row, c in zip(changed, came, strict=True)
    }
    return tuple(replace(row, why=why.get((row.line_id, row.from_us), ())) for row in rows)


Key = tuple[str, int]  # line, beginning of a shift


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read at once for all rows. `now` and `kept` are of what sets the pace of a line and of what
    lies behind it; `open_quality` has the machines whose quality may still change, by beginning and end."""

    model: MinorModel
    goals: valid.Goals
    open_quality: Mapping[tuple[int, int], set[str]]
    names: Mapping[str, str]
    closings: Mapping[Key, Sequence[Mapping[str, Any]]]
    now: Mapping[Key, Cells]
    kept: Mapping[tuple[str, int, int], Cells]


def _known(tx: Connection, lines: Sequence[Line], chosen: Sequence[Begun], by_us: int) -> _Known:
    ids, begins = [line.node.equipment_id for line in lines], sorted({one.from_us for one in chosen})
    closings = _closings(tx, ids, begins)
    names = people(
        tx, [c[k] for found in closings.values() for c in found for k in ("closed_by", "reopened_by")]
    )
    units = [u.equipment_id for line in lines for u in line.units]
    return _Known(
        valid.model_of(tx, ids[0], by_us), valid.goals(tx, ids), _open_quality(tx, units, chosen), names,
        closings, _now(tx, lines, begins), _kept(tx, _as_closed(lines, closings), begins),
    )  # fmt: skip


def _open_quality(
    tx: Connection, units: Sequence[str], chosen: Sequence[Begun]
) -> dict[tuple[int, int], set[str]]:
    """By beginning and end of a shift the machines whose quality may still change, those of all lines that
    have this shift at once."""
    checked = inspected_until(tx, units)
    spans = {(one.from_us, one.to_us) for one in chosen}
    return {span: _uninspected(tx, checked, *span) for span in spans}


_PLACE = "equipment_id, from_us, product_id"
_CELLS = Among(
    f"SELECT {_PLACE}, {sums.TOTALS_SQL} FROM kpi_cells"  # noqa: S608
    f" WHERE equipment_id {{among}} AND from_us {{among:begins}} GROUP BY {_PLACE}"
)
_SCRAP = Among(
    f"SELECT {_PLACE}, SUM(scrap) FROM kpi_cells"  # noqa: S608
    f" WHERE equipment_id {{among}} AND from_us {{among:begins}} AND scrap <> 0 GROUP BY {_PLACE}"
)
_FIGURES = (
    "FROM shift_figures WHERE line_id {among:lines} AND from_us {among:begins} AND equipment_id {among}"
)
_KEPT = Among(f"SELECT version, {_PLACE}, {', '.join(NAMES)} {_FIGURES}")
_KEPT_SCRAP = Among(f"SELECT version, {_PLACE}, scrap {_FIGURES} AND scrap <> 0")
_PRODUCTS = Among(
    "SELECT DISTINCT equipment_id, from_us, product_id FROM kpi_cells"
    " WHERE equipment_id {among} AND from_us {among:begins}"
)


def _now(tx: Connection, lines: Sequence[Line], begins: list[int]) -> dict[Key, Cells]:
    """Figures as they are. Machines before the one that sets the pace count for nothing, those behind it by
    their scrap."""
    found: dict[Key, Cells] = defaultdict(dict)
    for unit, begin, product, *values in _CELLS.rows(tx, _pace(lines), {"begins": begins}):
        found[line_of(unit), begin][unit, product] = Measures(*values)
    for unit, begin, product, scrap in _SCRAP.rows(tx, _after(lines), {"begins": begins}):
        found[line_of(unit), begin][unit, product] = Measures(scrap=scrap)
    return found


def _kept(tx: Connection, lines: Sequence[Line], begins: list[int]) -> dict[tuple[str, int, int], Cells]:
    """Figures as reported, by line, beginning of the shift and version of its close."""
    found: dict[tuple[str, int, int], Cells] = defaultdict(dict)
    where: dict[str, Any] = {"lines": [line.node.equipment_id for line in lines], "begins": begins}
    for version, unit, begin, product, *values in _KEPT.rows(tx, _pace(lines), where):
        found[line_of(unit), begin, version][unit, product] = Measures(*values)
    for version, unit, begin, product, scrap in _KEPT_SCRAP.rows(tx, _after(lines), where):
        found[line_of(unit), begin, version][unit, product] = Measures(scrap=scrap)
    return found


def _as_closed(lines: Sequence[Line], closings: Mapping[Key, Sequence[Mapping[str, Any]]]) -> list[Line]:
    """The lines, each once for every machine that set its pace at one of the closes."""
    found = {line.node.equipment_id: {line.constraint.equipment_id: line} for line in lines}
    for (line_id, _), versions in closings.items():
        known = found[line_id]
        for version in versions:
            was = next(iter(known.values())).paced_by(version["constraint_unit"])
            known.setdefault(was.constraint.equipment_id, was)
    return [line for known in found.values() for line in known.values()]


def _pace(lines: Sequence[Line]) -> list[str]:
    return [line.constraint.equipment_id for line in lines]


def _after(lines: Sequence[Line]) -> list[str]:
    pace = set(_pace(lines))
    return sorted({unit for line in lines for unit in line.after} - pace)


def _closings(tx: Connection, lines: Sequence[str], begins: Sequence[int]) -> dict[Key, list[dict[str, Any]]]:
    c = t.shift_closings.c
    near = c.line_id.in_(lines), c.from_us >= begins[0], c.from_us <= begins[-1]
    found: dict[Key, list[dict[str, Any]]] = defaultdict(list)
    for row in tx.execute(select(t.shift_closings).where(*near).order_by(c.version)).mappings():
        found[row["line_id"], row["from_us"]].append(dict(row))
    return found


Changes = tuple[Sequence[Mapping[str, Any]], Mapping[int, set[str]]]


def _changes(
    tx: Connection, lines: Sequence[Line], known: _Known, begins: Mapping[str, Sequence[Begun]]
) -> dict[str, Changes]:
    """By line what was learned after closes, and the products that were made in each shift."""
    closed = {
        line_id: [
            (one.from_us, one.to_us, closings[-1]["closed_wall_us"])
            for one in mine
            if (closings := known.closings.get((one.line_id, one.from_us)))
        ]
        for line_id, mine in begins.items()
    }
    learned = changes_of(tx, closed)
    told = [line for line in lines if learned.get(line.node.equipment_id)]
    made: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    if told:
        units = [u.equipment_id for line in told for u in line.units]
        where = {"begins": sorted({one.from_us for line in told for one in begins[line.node.equipment_id]})}
        for unit, begin, product in _PRODUCTS.rows(tx, units, where):
            made[line_of(unit)][begin].add(product)
    return {line_id: (learned[line_id], made[line_id]) for line_id in closed}


def _row(line: Line, known: _Known, begun: Begun, learned: Changes, unsure: tuple[str, ...]) -> ShiftRow:
    node, key = line.node, (begun.line_id, begun.from_us)
    closings = known.closings.get(key, ())
    newest, goal = closings[-1] if closings else None, known.goals.at(begun.line_id, begun.from_us)

    def measured(cells: Cells, paced: Line = line) -> KpiRow:
        m = at_pace(cells, [paced], "line", node.equipment_id)
        return reading.row(node.equipment_id, node.name, "line", m, known.model, goal)

    units = {u.equipment_id: u.name for u in line.units}
    open_quality = not units.keys().isdisjoint(known.open_quality[begun.from_us, begun.to_us])
    now = measured(known.now.get(key, {}))
    versions = tuple(
        _version(
            c,
            known.names,
            measured(known.kept.get((*key, c["version"]), {}), line.paced_by(c["constraint_unit"])),
        )
        for c in reversed(closings)
    )
    reported = versions[0].figures if versions else None
    changed = _changed(reported.measures, now.measures) if reported else ()
    moved: tuple[str, ...] = ()
    named: tuple[CorrectionRow, ...] = ()
    if newest is not None:
        span, (changes, made) = (begun.from_us, begun.to_us), learned
        named = corrections(changes, units, span, newest["closed_wall_us"], made.get(begun.from_us, ()))
        moved = _moved(line, newest["constraint_unit"])
    return ShiftRow(
        node.equipment_id, node.name, begun.shift, begun.from_us, begun.to_us,
        newest["version"] if newest else 0,
        newest is not None and newest["reopened_us"] is None,
        known.names.get(newest["closed_by"], "") if newest else "",
        newest["closed_us"] if newest else None,
        newest["note"] if newest else "",
        known.names.get(newest["reopened_by"] or "", "") if newest else "",
        newest["reopen_reason"] if newest else "",
        open_quality, now, reported, changed, moved, versions, named, unsure,
    )  # fmt: skip


def _version(closing: Mapping[str, Any], names: Mapping[str, str], figures: KpiRow) -> VersionRow:
    return VersionRow(
        closing["version"], names.get(closing["closed_by"], ""), closing["closed_us"], closing["note"],
        names.get(closing["reopened_by"] or "", ""), closing["reopened_us"], closing["reopen_reason"],
        figures,
    )  # fmt: skip


def _moved(line: Line, unit_id: str | None) -> tuple[str, ...]:
    """Says that the line is measured at another machine than at its close."""
    was, now = line.paced_by(unit_id).constraint, line.constraint
    if was.equipment_id == now.equipment_id:
        return ()
    return (f"the line is measured at {now.name} now, then at {was.name}",)


def _changed(reported: Measures, now: Measures) -> tuple[Changed, ...]:
    pairs = ((name, float(getattr(reported, name)), float(getattr(now, name))) for name in SHOWN)
    return tuple(Changed(*pair) for pair in pairs if abs(pair[1] - pair[2]) > 1e-6)
