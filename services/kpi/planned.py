"""What a line's calendar and policies say for a stretch, ready for the engine."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from sqlalchemy import Connection

from data.store import plan_facts
from data.store.kpi_facts import Recorded
from data.store.statements import Among, Row
from domain.clock import FOR_EVER_US
from domain.equipment import site_of
from domain.shift_calendar import Overlap
from domain.telemetry import NOT_PRODUCING, MachineMode
from domain.time_model import MINOR_US, REMEMBER_US, Cause, PlannedSpan, Span, apart_planned, merged
from services.kpi import grid
from services.kpi.engine import Ints, Spans, Unit, cause_code
from services.kpi.grid import Cell
from services.kpi.measuring import spans_of

STOPS_REACH_US = REMEMBER_US + grid.NEAR_US  # a stop at the edge of a cell may go on as far as this
_IDLE = [int(mode) for mode in NOT_PRODUCING]
_ZONES = Among("SELECT site_id, time_zone FROM sites WHERE site_id {among}")
_UNITS = Among(
    "SELECT parent_id, equipment_id FROM equipment WHERE parent_id {among} AND level = 'unit'"
    " AND assigned IS TRUE ORDER BY position, equipment_id"
)
_AWAY = Among(
    "SELECT e.parent_id, a.equipment_id, a.from_us, a.to_us FROM absences a"
    " JOIN equipment e ON e.equipment_id = a.equipment_id WHERE e.parent_id {among} ORDER BY a.from_us"
)
_CLOSED = Among(
    "SELECT line_id, from_us, to_us FROM shift_closings WHERE line_id {among} AND reopened_us IS NULL"
    " AND to_us > :from_us AND from_us < :to_us AND from_us > :old_us"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its units in order, and its calendar around [from_us, to_us). `closed` are cells whose
    shift a supervisor has closed; `away` is when machines were out of the plant."""

    line_id: str
    units: tuple[str, ...]
    from_us: int
    to_us: int
    cells: list[Cell]
    shifts: Spans
    breaks: list[Span]
    minor: list[tuple[int, int]]
    away: dict[str, list[Span]]
    closed: frozenset[int]
    overlaps: list[Overlap]

    def minor_steps(self) -> tuple[Ints, Ints]:
        """The thresholds of minor stops: from when each holds, and how long it is."""
        steps = [(-FOR_EVER_US, MINOR_US), *self.minor]
        return np.array([at for at, _ in steps], np.int64), np.array([us for _, us in steps], np.int64)

    def cells_in(self, from_us: int, to_us: int) -> list[Cell]:
        """The cells that touch a stretch."""
        return [c for c in self.cells if c.to_us > from_us and c.from_us < to_us]


def zone_of(tx: Connection, equipment_id: str) -> str:
    """The time zone of a site; UTC for one that is not known."""
    site = site_of(equipment_id)
    return _zones(tx, [site]).get(site, "UTC")


def _zones(tx: Connection, sites: Sequence[str]) -> dict[str, str]:
    return dict(_ZONES.rows(tx, sites, {}))


def units_of(tx: Connection, line_id: str) -> tuple[str, ...]:
    """The assigned units of a line, in its order, removed ones too."""
    return tuple(unit for _, unit in _UNITS.rows(tx, [line_id], {}))


def read_line(tx: Connection, line_id: str, from_us: int, to_us: int) -> Line:
    """Everything planned for a line around a stretch."""
    return read_lines(tx, {line_id: Span(from_us, to_us)})[line_id]


def read_lines(tx: Connection, spans: Mapping[str, Span]) -> dict[str, Line]:
    """Everything planned for lines, of each around its stretch; asked for at once."""
    if not spans:
        return {}
    lines = list(spans)
    far = {line: Span(s.from_us - STOPS_REACH_US, s.to_us + STOPS_REACH_US) for line, s in spans.items()}
    planned = plan_facts.shift_rows(tx, far)
    breaks, minor = plan_facts.breaks_in(tx, planned, far), plan_facts.minor_versions(tx, lines)
    zones = _zones(tx, sorted({site_of(line) for line in lines}))
    units: dict[str, list[str]] = defaultdict(list)
    for line, unit in _UNITS.rows(tx, lines, {}):
        units[line].append(unit)
    away, closed = _away(tx, lines), _closed(tx, spans)
    found = {}
    for line, span in spans.items():
        zone, low, high = zones.get(site_of(line), "UTC"), span.from_us, span.to_us
        near = (r for r in planned[line] if r[1] > low - grid.NEAR_US and r[0] < high + grid.NEAR_US)
        cells, overlaps = grid.planned(tuple(near), zone, low, high)
        found[line] = Line(
            line,
            tuple(units[line]),
            low,
            high,
            list(cells),
            _at_work(tuple(planned[line])),
            breaks[line],
            minor[line],
            away[line],
            closed[line],
            list(overlaps),
        )
    return found


@lru_cache(maxsize=64)
def _at_work(rows: tuple[Row, ...]) -> Spans:
    """The time of shifts, from rows (start, end, ...); lines with one calendar share it."""
    return _spans([(s.from_us, s.to_us, 0) for s in merged(Span(row[0], row[1]) for row in rows)])


def unit_of(tx: Connection, line: Line, unit: str, recorded: Recorded) -> Unit:
    """A machine of the line with what was recorded of it."""
    stops = plan_facts.planned_stops(tx, unit, line.from_us - STOPS_REACH_US, line.to_us + STOPS_REACH_US)
    planned = apart_planned([*line.breaks, *stops])
    return Unit(
        recorded.state_at,
        recorded.state,
        recorded.mode == int(MachineMode.SETUP),
        np.logical_or.reduce([recorded.mode == mode for mode in _IDLE]),
        _spans([(h.from_us, h.to_us, 0) for h in recorded.heard]),
        line.shifts,
        _spans([(p.from_us, p.to_us, _cause(p)) for p in planned]),
        spans_of(recorded.operations),
        line.minor_steps(),
        _spans([(a.from_us, a.to_us, 0) for a in line.away.get(unit, ())]),
    )


def _away(tx: Connection, lines: Sequence[str]) -> dict[str, dict[str, list[Span]]]:
    found: dict[str, dict[str, list[Span]]] = {line: defaultdict(list) for line in lines}
    for line, unit, from_us, to_us in _AWAY.rows(tx, lines, {}):
        found[line][unit].append(Span(from_us, FOR_EVER_US if to_us is None else to_us))
    return found


def _closed(tx: Connection, spans: Mapping[str, Span]) -> dict[str, frozenset[int]]:
    """By line the beginnings of the closed shifts that touch its stretch."""
    low, high = min(s.from_us for s in spans.values()), max(s.to_us for s in spans.values())
    values = {"from_us": low, "to_us": high, "old_us": low - plan_facts.OVER_US}
    rows = _CLOSED.rows(tx, list(spans), values)
    return {
        line: frozenset(
            begin
            for whose, begin, end in rows
            if whose == line and span.from_us - plan_facts.OVER_US < begin < span.to_us and end > span.from_us
        )
        for line, span in spans.items()
    }


def _cause(stop: PlannedSpan) -> int:
    return cause_code(Cause(stop.cause))


def _spans(rows: list[tuple[int, int, int]]) -> Spans:
    found: Ints = np.array(rows, np.int64).reshape(-1, 3)
    return Spans(found[:, 0], found[:, 1], found[:, 2])
