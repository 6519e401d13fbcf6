"""What was odd behind the figures (`services.kpi.flags` writes it), for the screen and for a file; and lines
without a shift, which are found as the stretch is read."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection, select

from data.store import tables as t
from data.store.plan_facts import OVER_US
from data.store.statements import Among, Row
from domain.clock import MINUTE
from domain.equipment import line_of
from services.kpi.count_flags import OVER_A_CHANGE
from services.rows.kpi import FLAGS_BACK_US, Ask, FlagRow

MOST = 5_000
NO_SHIFTS = "no_shifts"
_KINDS = Among(
    "SELECT equipment_id, code, MAX(from_us), COUNT(*) FROM kpi_flags WHERE equipment_id {among}"
    " AND from_us >= :from_us AND from_us < :to_us GROUP BY equipment_id, code ORDER BY 3 DESC, equipment_id"
)
_WORDS = Among(
    "SELECT equipment_id, from_us, code, record, at_us, words FROM kpi_flags WHERE equipment_id {among}"
    " AND from_us {among:cells} ORDER BY at_us, record"
)
_OVER = Among(
    "SELECT from_us, equipment_id, words FROM kpi_flags WHERE equipment_id {among} AND code = :code"
    " AND from_us {among:edges} ORDER BY at_us, equipment_id"
)
_UNPLANNED = Among(
    "SELECT e.equipment_id FROM equipment e WHERE e.equipment_id {among} AND NOT EXISTS (SELECT 1"
    " FROM shifts s WHERE s.line_id = e.equipment_id AND s.start_us < :to_us AND s.start_us > :old_us"
    " AND s.end_us > :from_us)"
)
_OUTSIDE = Among(
    "SELECT equipment_id, MIN(from_us), SUM(CASE WHEN order_id <> '' THEN outside_us ELSE 0 END),"
    " SUM(off_plan_us) FROM kpi_cells WHERE equipment_id {among} AND from_us >= :from_us"
    " AND from_us < :to_us AND ((order_id <> '' AND outside_us > 0) OR off_plan_us > 0)"
    " GROUP BY equipment_id ORDER BY equipment_id"
)

_LAST = Among(
    "SELECT equipment_id, code, MAX(at_us), COUNT(*) FROM kpi_flags WHERE equipment_id {among}"
    " AND code <> :code AND from_us >= :from_us AND from_us < :to_us GROUP BY equipment_id, code"
    " ORDER BY 3 DESC, equipment_id, code"
)
_SAID = Among(  # of what is alike the first record comes last
    "SELECT equipment_id, code, at_us, record, words FROM kpi_flags WHERE equipment_id {among}"
    " AND at_us {among:moments} AND from_us >= :from_us AND from_us < :to_us ORDER BY record DESC"
)


def newest(
    tx: Connection, units: Sequence[str], ask: Ask, names: dict[str, str]
) -> tuple[tuple[FlagRow, ...], int]:
    """The newest oddity of each kind in the shifts that began in the last FLAGS_BACK_US of the stretch, with
    the number of machines that it was found on, and how many oddities there are in all."""
    stretch = {"from_us": max(ask.from_us, ask.to_us - FLAGS_BACK_US), "to_us": ask.to_us}
    kinds: dict[str, list[Row]] = {}
    for kind in _KINDS.rows(tx, units, stretch):
        kinds.setdefault(kind[1], []).append(kind)
    first = {code: (of[0][0], of[0][2]) for code, of in kinds.items()}
    units_of, cells_of = (sorted({pair[k] for pair in first.values()}) for k in (0, 1))
    rows = {row[:3]: row for row in _WORDS.rows(tx, units_of, {"cells": cells_of})}
    found = tuple(
        FlagRow(
            unit, names.get(unit) or unit, code, row[3], row[4], row[5],
            sum(int(kind[3]) for kind in kinds[code]), len(kinds[code]),
        )
        for code, (unit, cell) in first.items()
        for row in (rows[unit, cell, code],)
    )  # fmt: skip
    if alone := unplanned(tx, units, ask, names):
        found = (*found, replace(alone[0], times=len(alone), machines=len(alone)))
    return tuple(sorted(found, key=lambda row: -row.at_us)), sum(row.times for row in found)


def every(tx: Connection, units: dict[str, str], ask: Ask) -> list[FlagRow]:
    """Each remark of machines (name by id) in the shifts that began in the stretch, newest first; at most
    MOST."""
    f = t.kpi_flags.c
    query = select(t.kpi_flags).where(
        f.equipment_id.in_(list(units)), f.from_us >= ask.from_us, f.from_us < ask.to_us
    )
    rows = tx.execute(query.order_by(f.at_us.desc(), f.equipment_id, f.code, f.record).limit(MOST))
    kept = [
        FlagRow(r.equipment_id, units[r.equipment_id], r.code, r.record, r.at_us, r.words, 1) for r in rows
    ]
    return [*unplanned(tx, list(units), ask, units), *kept][:MOST]


def unplanned(tx: Connection, units: Sequence[str], ask: Ask, names: Mapping[str, str]) -> list[FlagRow]:
    """A remark for each of these machines whose line has no shift in the stretch, and which worked or stood
    with an order: without a shift no standstill counts, so that availability is not known."""
    values = {"from_us": ask.from_us, "to_us": ask.to_us, "old_us": ask.from_us - OVER_US}
    lines = {row[0] for row in _UNPLANNED.rows(tx, sorted({line_of(unit) for unit in units}), values)}
    alone = [unit for unit in units if line_of(unit) in lines]
    return [
        FlagRow(
            unit, names.get(unit) or unit, NO_SHIFTS, f"shifts of {line_of(unit)}", max(at, ask.from_us),
            "The line has no shift plan in this stretch, so there is no availability and no OEE: the machine"
            f" worked for {worked / MINUTE:,.0f} min and stood for {stood / MINUTE:,.0f} min with an order.",
            1,
        )
        for unit, at, stood, worked in (_OUTSIDE.rows(tx, alone, values) if alone else ())
    ]  # fmt: skip


def said(tx: Connection, units: Mapping[str, str], span: tuple[int, int]) -> tuple[str, ...]:
    """The remarks of machines (name by id) in the shifts that began in a stretch, a sentence a kind: its
    newest with the record, and how many more there are. What `unsure` says is left out."""
    stretch = {"from_us": span[0], "to_us": span[1]}
    kinds: dict[str, list[Row]] = {}
    for row in _LAST.rows(tx, list(units), {**stretch, "code": OVER_A_CHANGE}):
        kinds.setdefault(row[1], []).append(row)
    first = {rows[0][:3] for rows in kinds.values()}
    whose, moments = (sorted({key[k] for key in first}) for k in (0, 2))
    rows = _SAID.rows(tx, whose, {**stretch, "moments": moments})
    newest = {row[:3]: (row[3], row[4]) for row in rows}
    found = []
    for its in kinds.values():
        record, words = newest[its[0][:3]]
        more = sum(row[3] for row in its) - 1
        tail = f" ({more:,} more like this, on {len(its)} machines)" if more else ""
        found.append(f"{units[its[0][0]]}: {words}{f' Record: {record}.' if record else ''}{tail}")
    return tuple(found)


def unsure(
    tx: Connection, asked: Sequence[tuple[Mapping[str, str], Sequence[tuple[int, int]]]]
) -> list[list[list[str]]]:
    """For some machines (name by id) and each [from, to) of them what came at once after a gap over its
    beginning or its end, a sentence a machine: counted in it, or in what follows, and nobody knows where it
    belongs. All that is asked is read at once."""
    names = {unit: name for units, _ in asked for unit, name in units.items()}
    edges = {edge for _, spans in asked for span in spans for edge in span}
    values = {"code": OVER_A_CHANGE, "edges": sorted(edges)}
    found: dict[int, list[tuple[str, str]]] = {}
    for at, unit, words in _OVER.rows(tx, list(names), values):
        found.setdefault(at, []).append((unit, f"{names[unit]}: {words}"))
    return [[_over(units, found, *span) for span in spans] for units, spans in asked]


def _over(
    units: Collection[str], found: Mapping[int, Sequence[tuple[str, str]]], begin: int, end: int
) -> list[str]:
    at_begin = [words for unit, words in found.get(begin, ()) if unit in units]
    at_end = [words for unit, words in found.get(end, ()) if unit in units]
    return [*at_begin, *("Counted in what follows. " + words for words in at_end)]
