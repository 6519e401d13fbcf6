"""What a line's calendar and policies say for a stretch, ready for the engine."""

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, select

from data.store import plan_facts
from data.store import tables as t
from data.store.kpi_facts import PLANS_BACK_US, Recorded
from domain.equipment import site_of
from domain.shift_calendar import Overlap
from domain.telemetry import MachineMode
from domain.time_model import MINOR_US, Cause, PlannedSpan, Span, apart_planned, merged
from services.kpi import grid
from services.kpi.engine import Ints, Spans, Unit, cause_code
from services.kpi.grid import Cell
from services.kpi.measuring import operations_of

_NO_END = 2**62


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its units in order, and its calendar around [from_us, to_us). `closed` are cells whose
    shift a supervisor has closed."""

    line_id: str
    units: tuple[str, ...]
    from_us: int
    to_us: int
    cells: list[Cell]
    shifts: Spans
    breaks: list[Span]
    minor: list[tuple[int, int]]
    removed: dict[str, Span]
    closed: frozenset[int]
    overlaps: list[Overlap]

    @property
    def longest_minor_us(self) -> int:
        """The longest threshold of a minor stop that ever held."""
        return max((us for _, us in self.minor), default=MINOR_US)

    def minor_at(self, at_us: int) -> int:
        """The threshold of a minor stop that holds at a moment."""
        return next((us for since, us in reversed(self.minor) if since <= at_us), MINOR_US)

    def cells_in(self, from_us: int, to_us: int) -> list[Cell]:
        """The cells that touch a stretch."""
        return [c for c in self.cells if c.to_us > from_us and c.from_us < to_us]


def zone_of(tx: Connection, equipment_id: str) -> str:
    """The time zone of a site; UTC for one that is not known."""
    s = t.sites.c
    found = tx.execute(select(s.time_zone).where(s.site_id == site_of(equipment_id))).scalar()
    return found or "UTC"


def units_of(tx: Connection, line_id: str) -> tuple[str, ...]:
    """The assigned units of a line, in its order, removed ones too."""
    e = t.equipment.c
    query = select(e.equipment_id).where(e.parent_id == line_id, e.level == "unit", e.assigned.is_(True))
    return tuple(tx.execute(query.order_by(e.position, e.equipment_id)).scalars())


def read_line(tx: Connection, line_id: str, from_us: int, to_us: int) -> Line:
    """Everything planned for a line around a stretch."""
    near = from_us - PLANS_BACK_US
    units = units_of(tx, line_id)
    shifts, breaks = plan_facts.shifts(tx, [line_id], near, to_us)
    zone = zone_of(tx, line_id)
    c = t.shift_closings.c
    closed = select(c.from_us).where(
        c.line_id == line_id, c.reopened_us.is_(None), c.to_us > from_us, c.from_us < to_us
    )
    return Line(
        line_id,
        units,
        from_us,
        to_us,
        grid.read(tx, line_id, zone, from_us, to_us),
        _spans([(s.from_us, s.to_us, 0) for s in merged(shifts[line_id])]),
        breaks[line_id],
        plan_facts.minor_versions(tx, line_id),
        plan_facts.placed(tx, units),
        frozenset(tx.execute(closed).scalars()),
        grid.overlaps_of(tx, line_id, zone, from_us, to_us),
    )


def unit_of(tx: Connection, line: Line, unit: str, recorded: Recorded, minor_us: int) -> Unit:
    """A machine of the line with what was recorded of it."""
    stops = plan_facts.planned_stops(tx, [unit], line.from_us - PLANS_BACK_US, line.to_us)[unit]
    planned = apart_planned([*line.breaks, *stops])
    gone = line.removed.get(unit)
    return Unit(
        recorded.state_at,
        recorded.state,
        recorded.mode == int(MachineMode.SETUP),
        _spans([(h.from_us, h.to_us, 0) for h in recorded.heard]),
        line.shifts,
        _spans([(p.from_us, p.to_us, _cause(p)) for p in planned]),
        operations_of(recorded),
        minor_us,
        gone.to_us if gone else _NO_END,
    )


def _cause(stop: PlannedSpan) -> int:
    return cause_code(Cause(stop.cause))


def _spans(rows: list[tuple[int, int, int]]) -> Spans:
    found: Ints = np.array(rows, np.int64).reshape(-1, 3)
    return Spans(found[:, 0], found[:, 1], found[:, 2])
