"""From the store to what is known of a stop at a moment (models.classification.stops.features.Moment).

Only what was so by then counts: facts after the moment are cut off, bookings and logged work are not read.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, select

from data.store import tables as t
from data.store.statements import Among
from domain.clock import DAY, HOUR, MINUTE
from domain.stop_causes import TOGETHER_US
from domain.telemetry import MachineMode, MachineState
from domain.time_model import Span
from models.classification.stops.features import LONGEST_H, Moment
from services.kpi.engine import Bools, Ints
from services.kpi.planned import Line
from services.stops.standing import Stops

STATES_US = 20 * DAY  # how far back the hours of a tool are counted
COUNTS_US, BUCKET_US = 5 * HOUR, 5 * MINUTE
ALARMS_US = 15 * MINUTE
LATELY_US = 8 * HOUR
ORDERS_US = round(LONGEST_H * HOUR)
HANDLED_US = 3 * MINUTE  # so long stands a machine whose tool is handled
DUE_US = 2 * HOUR
_HANDLED = (int(MachineState.HELD), int(MachineState.STOPPED))
_STATES = Among(
    "SELECT equipment_id, source_us, state, mode FROM states WHERE equipment_id {among}"
    " AND source_us >= :from_us AND source_us < :to_us ORDER BY source_us"
)
_COUNTS = Among(
    "SELECT equipment_id, bucket_us, good, scrap FROM counts WHERE equipment_id {among}"
    " AND bucket_us >= :from_us AND bucket_us < :to_us ORDER BY bucket_us"
)
_ALARMS = Among(
    "SELECT equipment_id, at_us FROM alarm_events WHERE equipment_id {among} AND event = 'activated'"
    " AND at_us >= :from_us AND at_us < :to_us ORDER BY at_us"
)
_ORDERS = Among(
    "SELECT equipment_id, start_us FROM operations WHERE equipment_id {among}"
    " AND start_us >= :from_us AND start_us < :to_us ORDER BY start_us"
)
_WORK = Among(
    "SELECT equipment_id, planned_us FROM maintenance WHERE equipment_id {among} AND kind = 'preventive'"
    " AND planned_us >= :from_us AND planned_us < :to_us ORDER BY planned_us"
)


@dataclass(frozen=True, slots=True)
class Track:
    """The states of a machine in order: since when, which, in which mode, and how long it had run by then."""

    at_us: Ints
    state: Ints
    mode: Ints
    run_us: Ints
    handled_us: Ints  # when handlings of its tool ended, in order

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, int]]) -> "Track":
        """From (since, state, mode)."""
        at, state, mode = np.array(rows, np.int64).reshape(-1, 3).T
        lasted = np.diff(at, append=at[-1:])
        ran = np.where(state == int(MachineState.EXECUTE), lasted, 0)
        run_us = np.concatenate([[0], np.cumsum(ran)[:-1]]) if len(at) else np.zeros(0, np.int64)
        manual = (mode == int(MachineMode.MANUAL)) & np.isin(state, _HANDLED) & (lasted >= HANDLED_US)
        return cls(at, state, mode, run_us.astype(np.int64), (at + lasted)[manual])

    def shares(self, from_us: int, to_us: int) -> tuple[dict[int, float], dict[int, float]]:
        """The shares of a stretch in each state, and in each mode."""
        first = max(0, int(np.searchsorted(self.at_us, from_us, side="right")) - 1)
        last = int(np.searchsorted(self.at_us, to_us))
        begins = np.maximum(self.at_us[first:last], from_us)
        lasted = np.diff(begins, append=to_us) / max(1, to_us - from_us)
        return _summed(self.state[first:last], lasted), _summed(self.mode[first:last], lasted)

    def at(self, at_us: int) -> tuple[int | None, int | None]:
        """State and mode at a moment."""
        place = int(np.searchsorted(self.at_us, at_us, side="right")) - 1
        return (int(self.state[place]), int(self.mode[place])) if place >= 0 else (None, None)

    def tool_h(self, at_us: int) -> float | None:
        """Hours run since its tool was last handled, up to a moment; None where that is not known."""
        place = int(np.searchsorted(self.handled_us, at_us, side="right")) - 1
        if place < 0:
            return None
        return (self._run(at_us) - self._run(int(self.handled_us[place]))) / HOUR

    def _run(self, at_us: int) -> int:
        place = int(np.searchsorted(self.at_us, at_us, side="right")) - 1
        if place < 0:
            return 0
        runs = self.state[place] == int(MachineState.EXECUTE)
        return int(self.run_us[place]) + (at_us - int(self.at_us[place]) if runs else 0)


def _summed(codes: Ints, shares: np.ndarray) -> dict[int, float]:
    found: dict[int, float] = {}
    for code, share in zip(codes.tolist(), shares.tolist(), strict=True):
        found[code] = found.get(code, 0.0) + share
    return found


@dataclass(frozen=True, slots=True)
class Facts:
    """What stands around the stops of a line that begin within a span; each list in order of time."""

    line: Line
    types: Mapping[str, str]
    tracks: Mapping[str, Track]
    counts: Mapping[str, list[tuple[int, float, float]]]
    alarms: Mapping[str, list[int]]
    orders: Mapping[str, list[int]]
    work: Mapping[str, list[int]]

    @classmethod
    def read(cls, tx: Connection, line: Line, span: Span) -> "Facts":
        """For stops that begin in the span, and moments up to its end."""
        units = list(line.units)

        def rows(statement: Among, back_us: int, ahead_us: int = 0) -> dict[str, list[tuple[int, ...]]]:
            values = {"from_us": span.from_us - back_us, "to_us": span.to_us + ahead_us}
            found: dict[str, list[tuple[int, ...]]] = {unit: [] for unit in units}
            for unit, *rest in statement.rows(tx, units, values):
                found[unit].append(tuple(rest))
            return found

        e = t.equipment.c
        types = tx.execute(select(e.equipment_id, e.machine_type).where(e.equipment_id.in_(units)))
        states = rows(_STATES, STATES_US)
        return cls(
            line,
            {row[0]: row[1] for row in types},
            {unit: Track.of([(r[0], r[1], r[2]) for r in mine]) for unit, mine in states.items()},
            {unit: [(r[0], r[1], r[2]) for r in mine] for unit, mine in rows(_COUNTS, COUNTS_US).items()},
            {unit: [r[0] for r in mine] for unit, mine in rows(_ALARMS, ALARMS_US).items()},
            {unit: [r[0] for r in mine] for unit, mine in rows(_ORDERS, ORDERS_US).items()},
            {unit: [r[0] for r in mine] for unit, mine in rows(_WORK, DUE_US, DUE_US).items()},
        )

    def moment(self, stops: Stops, place: int, from_us: int, at_us: int) -> Moment:
        """What is known at `at_us` of the stop of the machine at `place` that began at `from_us`."""
        unit = self.line.units[place]
        track, so_far = self.tracks[unit], (from_us, max(at_us, from_us + 1))
        state, mode = track.at(at_us - 1)
        states, modes = track.shares(*so_far)
        scrap, pace = self._made(unit, from_us)
        mine = stops.take(stops.place == place)
        ends = mine.to_us[(mine.from_us < from_us) & (mine.to_us > from_us - LATELY_US)]
        return Moment(
            machine_type=self.types.get(unit, ""),
            state=state,
            mode=mode,
            states=states,
            modes=modes,
            lasted_min=(at_us - from_us) / MINUTE,
            together=_together(stops, len(self.line.units), from_us, at_us),
            before=_beside(stops, [place - 1], so_far),
            behind=_beside(stops, [place + 1], so_far),
            above=_beside(stops, range(place), so_far)[0],
            below=_beside(stops, range(place + 1, len(self.line.units)), so_far)[0],
            alarms=_between(self.alarms[unit], from_us - ALARMS_US, at_us),
            scrap=scrap,
            pace=pace,
            order_h=_since(self.orders[unit], from_us),
            shift_h=self._shift_h(from_us),
            last_stop_h=(from_us - int(ends.max())) / HOUR if len(ends) else LATELY_US / HOUR,
            stops=len(ends),
            tool_h=track.tool_h(from_us),
            planned_work=_between(self.work[unit], from_us - DUE_US, at_us + DUE_US) > 0,
            first=place == 0,
            last=place == len(self.line.units) - 1,
        )

    def _shift_h(self, at_us: int) -> float | None:
        cells = (c for c in self.line.cells if c.shift and c.from_us <= at_us < c.to_us)
        return next(((at_us - cell.from_us) / HOUR for cell in cells), None)

    def _made(self, unit: str, at_us: int) -> tuple[float, float]:
        """The share of scrap in the hour before, and the pace of the last half hour by that of four hours."""
        rows = self.counts[unit]
        ends = bisect_right(rows, at_us - BUCKET_US, key=lambda row: row[0])

        def since(back_us: int) -> tuple[float, float]:
            mine = rows[bisect_left(rows, at_us - back_us, key=lambda row: row[0]) : ends]
            return sum(row[1] or 0.0 for row in mine), sum(row[2] or 0.0 for row in mine)

        good, bad = since(HOUR)
        short, long = sum(since(HOUR // 2)), sum(since(4 * HOUR))
        return bad / (good + bad) if good + bad else 0.0, min(3.0, 8 * short / long) if long else 0.0


def _beside(stops: Stops, places: Sequence[int], span: tuple[int, int]) -> tuple[float, float]:
    """The shares of a span in which one of the machines at `places` stood itself, and waited."""
    here = np.isin(stops.place, list(places)) & (stops.to_us > span[0]) & (stops.from_us < span[1])
    mine = stops.take(here)
    return _covered(mine, ~mine.external, span), _covered(mine, mine.external, span)


def _covered(stops: Stops, which: Bools, span: tuple[int, int]) -> float:
    begins = np.maximum(stops.from_us[which], span[0])
    ends, total, reached = np.minimum(stops.to_us[which], span[1]), 0, span[0]
    for begin, end in sorted(zip(begins.tolist(), ends.tolist(), strict=True)):
        total += max(0, end - max(begin, reached))
        reached = max(reached, end)
    return total / (span[1] - span[0])


def _together(stops: Stops, units: int, from_us: int, at_us: int) -> float:
    near = (np.abs(stops.from_us - from_us) <= TOGETHER_US) & (stops.from_us <= at_us) & ~stops.external
    return len(np.unique(stops.place[near])) / max(1, units)


def _between(times: Sequence[int], from_us: int, to_us: int) -> int:
    return bisect_left(times, to_us) - bisect_left(times, from_us)


def _since(times: Sequence[int], at_us: int) -> float | None:
    place = bisect_right(times, at_us) - 1
    return (at_us - times[place]) / HOUR if place >= 0 else None
