"""Keeps the roll-ups equal to a recomputation from the readings: what ingest marked is folded anew.

One turn reads and folds outside the writer's lock and then writes minutes, hours, shifts and the marks that
they answer in one transaction. A mark that changed meanwhile stays and is folded again; a process that is
killed leaves its marks. What a turn reads is bounded by `ROWS` readings, however much waits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from data.store import roll_marks, rolled
from data.store import tables as t
from data.store.database import Database
from data.store.roll_marks import Mark
from data.store.rolled import Stretch
from data.store.statements import Row
from domain.clock import DAY, HOUR
from domain.equipment import site_of
from services import clocks
from services.history import coarse, folding, metrics, shift_grid
from services.history.gathering import Batch, gather
from services.history.metrics import Held
from services.history.shift_grid import Turn

MARKS = 150
ROWS = 60_000
SHIFTS = 10
BACK_US = 100 * DAY  # how far back a changed shift calendar is followed, each time
ONCE_US = 3_660 * DAY  # and the first time of a process
_NOWHERE = (-1, -1)


@dataclass(frozen=True, slots=True)
class Done:
    """One turn: marks answered, marks that wait, readings looked at, rows of minutes written."""

    marks: int
    waiting: int
    readings: int
    minutes: int


class HistoryKeeper:
    """Folds what is marked. One at a time per database; a second one does the same work twice, no harm."""

    def __init__(self, database: Database, marks: int = MARKS, rows: int = ROWS) -> None:
        self._database, self._marks, self._rows = database, marks, rows
        self._after = _NOWHERE
        self._metrics: dict[int, Held] = {}
        self._upto: dict[int, int] = {}
        self._back_us = ONCE_US

    def turn(self, now_wall_us: int | None = None) -> Done:
        """Answer some marks, in turn over all metrics. Raises Unavailable."""
        with self._database.read() as tx:
            marks = rolled.marks_after(tx, *self._after, self._marks)
            if not marks and self._after != _NOWHERE:
                marks = rolled.marks_after(tx, *_NOWHERE, self._marks)
            if any(one.metric_id not in self._metrics for one in marks):
                self._metrics = metrics.load(tx)
            nows = clocks.plant_times(tx, now_wall_us)
            batch = gather(tx, marks, self._metrics, nows, self._rows)
        minutes = folding.minutes(batch.windows)
        answered = self._write(batch, minutes)
        self._after = batch.after or _NOWHERE
        with self._database.read() as tx:
            waiting = tx.execute(select(func.count()).select_from(t.rolled_dirty)).scalar_one()
        return Done(answered, waiting, batch.readings, len(minutes))

    def catch_up(self) -> int:
        """Follow the calendars and fold until nothing is left; returns the rows of minutes written."""
        total = 0
        while self.shifts():
            pass
        while True:
            done = self.turn()
            total += done.minutes
            if not done.waiting:
                return total

    def standing(self, now_wall_us: int | None = None) -> int:
        """Mark the hours that ended since the last call for metrics that are silent while nothing changes."""
        with self._database.read() as tx:
            self._metrics = metrics.load(tx)
            nows = clocks.plant_times(tx, now_wall_us)
            found = [one for one in self._metrics.values() if one.by_exception]
            marks = [mark for one in found if (mark := self._stood(tx, one, nows)) is not None]
        if marks:
            with self._database.write() as tx:
                roll_marks.mark(tx, marks)
        return len(marks)

    def _stood(self, tx: Connection, one: Held, nows: Mapping[str, int]) -> Mark | None:
        now = nows.get(site_of(one.equipment_id))
        if now is None:
            return None
        hour = now - now % HOUR
        upto = self._upto.get(one.metric_id)
        if upto is None:
            h = t.rolled_hours.c
            newest = tx.execute(select(func.max(h.at_us)).where(h.metric_id == one.metric_id)).scalar()
            upto = hour if newest is None else newest
        self._upto[one.metric_id] = hour
        return Mark(one.metric_id, upto, hour - 1) if upto < hour else None

    def shifts(self, now_wall_us: int | None = None) -> int:
        """Follow the shift calendars: some shifts that were added or moved are rolled up, others taken out.

        Returns how many of either; ask again until none is left.
        """
        with self._database.read() as tx:
            self._metrics = metrics.load(tx)
            nows = clocks.plant_times(tx, now_wall_us)
            lines = {one.line_id for one in self._metrics.values() if site_of(one.equipment_id) in nows}
            found = {line: _moved(tx, line, nows[site_of(line)], self._back_us) for line in sorted(lines)}
        todo = [(line, *one) for line, moved in found.items() for one in moved][:SHIFTS]
        for line, turn, there in todo:
            mine = [one.metric_id for one in self._metrics.values() if one.line_id == line]
            with self._database.write() as tx:
                shift_grid.drop(tx, line, turn, mine)
                if there:
                    shift_grid.keep(tx, line, [turn])
                    rows = [row for metric_id in mine for row in coarse.shift_row(tx, metric_id, turn)]
                    rolled.insert(tx, "shift", rows)
        if not todo:
            self._back_us = BACK_US
        return len(todo)

    def _write(self, batch: Batch, minutes: Sequence[Row]) -> int:
        if not batch.windows and not batch.without:
            return 0
        every = [*batch.without, *(mark for answers in batch.answers for mark in answers)]
        with self._database.write() as tx:
            stand = rolled.unchanged(tx, every)
            sure = [k for k, answers in enumerate(batch.answers) if stand.issuperset(answers)]
            stretches = [batch.windows[k].stretch for k in sure]
            ours = minutes if len(sure) == len(batch.windows) else _rows_of(stretches, minutes)
            rolled.replace(tx, "minute", stretches, ours)
            hours = coarse.roll_hours(tx, stretches)
            coarse.roll_shifts(tx, hours, self._metrics)
            done = [mark for k in sure for mark in batch.answers[k]]
            done += [mark for mark in batch.without if mark in stand]
            rolled.unmark(tx, done)
            roll_marks.mark(tx, [rest for k in sure if (rest := batch.rest[k]) is not None])
        return len(done)


def _moved(tx: Connection, line_id: str, now_us: int, back_us: int) -> list[tuple[Turn, bool]]:
    """Shifts that are not rolled up as the calendar has them (True), and those that it no longer has."""
    since = now_us - back_us
    begun = [turn for turn in shift_grid.planned(tx, line_id, since, now_us) if turn.at_us >= since]
    known = set(shift_grid.known(tx, line_id, since, now_us + DAY))
    starts = {turn.at_us for turn in begun}
    gone = sorted(turn for turn in known if turn.at_us not in starts)
    return [*((turn, False) for turn in gone), *((turn, True) for turn in begun if turn not in known)]


def _rows_of(stretches: Sequence[Stretch], rows: Sequence[Row]) -> list[Row]:
    """The rows that lie in these stretches."""
    kept: dict[int, list[Stretch]] = {}
    for one in stretches:
        kept.setdefault(one.metric_id, []).append(one)
    return [r for r in rows if any(s.from_us <= r[1] < s.to_us for s in kept.get(r[0], ()))]
