"""OEE per machine, line and plant, for any window, and the shift that a moment falls in."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from data.store import oee_facts
from data.store import tables as t
from domain import oee
from domain.clock import HOUR
from domain.oee import Oee
from domain.time_model import Segment, segments


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of a line, in line order."""

    equipment_id: str
    line_id: str
    constraint: bool
    position: int


@dataclass(frozen=True, slots=True)
class UnitFigures:
    """OEE of a unit and the strip behind it."""

    oee: Oee
    segments: tuple[Segment, ...]


def shift_window(tx: Connection, line_id: str, at_us: int) -> tuple[int, int, str]:
    """(start, end, name) of the shift at a moment, else of the 8 hours before it."""
    s = t.shifts.c
    row = tx.execute(
        select(s.start_us, s.end_us, s.name).where(
            s.line_id == line_id, s.start_us <= at_us, s.end_us > at_us
        )
    ).first()
    return (row[0], row[1], row[2]) if row else (at_us - 8 * HOUR, at_us, "last 8 hours")


def units(tx: Connection, site_id: str) -> list[Unit]:
    """The assigned units of a site, in line order."""
    e = t.equipment.c
    inside = e.equipment_id.startswith(site_id + "/", autoescape=True)
    rows = tx.execute(
        select(e.equipment_id, e.parent_id, e.constraint_unit, e.position)
        .where(e.level == "unit", e.assigned.is_(True), inside)
        .order_by(e.parent_id, e.position)
    )
    return [Unit(*row) for row in rows]


def figures(tx: Connection, unit_ids: Sequence[str], from_us: int, to_us: int) -> dict[str, UnitFigures]:
    """OEE and strip of several units in one go."""
    facts = oee_facts.load(tx, unit_ids, from_us, to_us)
    return {
        unit: UnitFigures(oee.measure(fact, from_us, to_us), tuple(segments(fact, from_us, to_us)))
        for unit, fact in facts.items()
    }


def unit_oee(tx: Connection, equipment_id: str, from_us: int, to_us: int) -> Oee:
    """OEE of one unit."""
    return figures(tx, [equipment_id], from_us, to_us)[equipment_id].oee


def line_oee(tx: Connection, line_units: Sequence[Unit], from_us: int, to_us: int) -> Oee:
    """OEE of a line at its constraint. A line without a marked constraint takes its last unit."""
    measured = figures(tx, [unit.equipment_id for unit in line_units], from_us, to_us)
    return line_from(line_units, {unit: row.oee for unit, row in measured.items()})


def line_from(line_units: Sequence[Unit], measured: dict[str, Oee]) -> Oee:
    """The same, from figures that are there already."""
    constraint = next((unit for unit in line_units if unit.constraint), line_units[-1])
    after = (unit for unit in line_units if unit.position > constraint.position)
    scrap = sum(measured[unit.equipment_id].scrap for unit in after)
    return oee.at_constraint(measured[constraint.equipment_id], scrap)


def plant_oee(lines: Sequence[Oee]) -> Oee:
    """OEE of a plant: the sum over its lines' constraints."""
    return oee.combine(lines)
