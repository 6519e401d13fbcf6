"""Stops of one line's machines, from the machines' own states and the jobs under way."""

from typing import Any

from simulator.calendar import Calendar
from simulator.contract import Failure, JobEvent, JobStatus, StateChange, StopReason
from simulator.mes import schema
from simulator.mes.book import Book
from simulator.mes.plan import FREEZE
from simulator.mes.stops import SHORTEST_BOOKED, Stop, booked


class Downtime:
    """Books stops; `position` is the unit's place in its line."""

    def __init__(self, book: Book, calendar: Calendar) -> None:
        self._book, self._calendar = book, calendar
        self._memory = book.memory

    def failure(self, position: int, failure: Failure) -> None:
        """Keep the cause for the reason of the stop."""
        self._memory.causes[position] = failure.cause

    def job(self, position: int, event: JobEvent) -> None:
        """Keep what is being done at the machine, and when that was fixed."""
        memory = self._memory
        if event.status is JobStatus.PLANNED:
            memory.fixed.setdefault(event.job_id, event.at_us)
        elif event.status is JobStatus.UNDER_WAY:
            fixed = memory.fixed.get(event.job_id, event.at_us)
            memory.jobs[position] = {"kind": event.kind.value, "fixed_us": fixed}
        else:
            memory.fixed.pop(event.job_id, None)

    def change(self, position: int, change: StateChange) -> None:
        """A machine changed its state."""
        stop = self._memory.stops[position]
        if stop is not None:
            if stop["reason"] == change.reason:
                return
            self._end(position, Stop(**stop), change.at_us)
        if booked(change.reason):
            self._begin(position, change)

    def produced(self, position: int, from_us: int) -> None:
        """The machine made parts in the tick from `from_us`: an older stop is over.

        After a crash the plant may go on from before the stop, which then never came.
        """
        stop = self._memory.stops[position]
        if stop is not None and stop["start_us"] < from_us:
            self._end(position, Stop(**stop), from_us)

    def _begin(self, position: int, change: StateChange) -> None:
        stop = Stop(change.reason.value, change.at_us)
        if change.reason is StopReason.FAILURE:
            stop.cause = self._memory.causes[position]
        job = self._memory.jobs[position]
        if change.reason is StopReason.MAINTENANCE and job is not None:
            stop.job, stop.fixed_us = job["kind"], job["fixed_us"]
            stop.planned = stop.job != "corrective" and self._before_freeze(stop)
        self._memory.stops[position] = stop.as_json()
        if stop.booked_at_once:
            self._put(stop.row(self._book.machines[position], None, "", ""))

    def _before_freeze(self, stop: Stop) -> bool:
        shift = self._calendar.at(stop.start_us)
        return shift is None or stop.fixed_us <= shift.start_us - FREEZE

    def _end(self, position: int, stop: Stop, at_us: int) -> None:
        self._memory.stops[position] = None
        if not stop.booked_at_once and at_us - stop.start_us < SHORTEST_BOOKED:
            return
        machine = self._book.machines[position]
        due, reason, remark = stop.booking(machine, at_us)
        if due is not None and due <= at_us:
            self._put(stop.row(machine, at_us, reason, remark))
            return
        self._put(stop.row(machine, at_us, "", ""))
        if due is not None:
            self._memory.late_stops.append((due, stop.row(machine, at_us, reason, remark)))

    def book_late(self, now_us: int) -> None:
        """Write the reasons that fall due."""
        late = self._memory.late_stops
        if not late or min(due for due, _ in late) > now_us:
            return
        for due, row in late:
            if due <= now_us:
                self._put(row)
        self._memory.late_stops = [(due, row) for due, row in late if due > now_us]

    def _put(self, row: dict[str, Any]) -> None:
        self._book.put(schema.downtime, row)
