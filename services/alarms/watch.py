"""Judges limits as values arrive, in order of source time, off the path of ingest.

A turn that finds no new value costs three queries; values are read once. The journal is a function of
the stored values: what was judged is remembered with every change, so that a process that is killed
judges again only values that changed nothing. A value that comes later than a newer one of its metric
is not judged: an alarm is about now.
"""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from data.store import alarms as store
from data.store import tables as t
from data.store import window_data
from data.store.database import Database
from domain.alarms import life
from domain.alarms.limit import Watch, step
from domain.clock import MINUTE, SECOND, wall_us
from domain.telemetry import MachineState
from services.alarms.definition import NOT_RUNNING, Definition, definition_of
from services.alarms.keeping import Told, journal_row, keep, state_columns
from services.queries.common import under

SETTLE_US = 2 * MINUTE  # after a start, values are still on their way
MARK_EVERY_US = 60 * SECOND
log = logging.getLogger("taktwise.watch")


@dataclass(slots=True)
class Memory:
    """How far an alarm was judged, and when that was last stored (wall)."""

    watch: Watch
    upto_us: int
    suppressed: bool
    value: float | None = None
    marked_wall_us: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """The condition (True: came), or the plant's state (`suppress` is not None), changed at a moment."""

    at_us: int
    value: float | None
    active: bool | None = None
    suppress: bool | None = None


class AlarmWatch:
    """Judges the alarms of a site. Not thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._memory: dict[str, Memory] = {}

    def turn(self, site_id: str, now_us: int) -> int:
        """Judge what is new up to now (plant time); returns how many events were written."""
        d = t.alarm_definitions.c
        with self._database.read() as tx:
            query = store.newest(d.active.is_(True), under(d.equipment_id, site_id))
            definitions = [definition_of(dict(row)) for row in tx.execute(query).mappings()]
            rows = store.states(tx)
            newest = _newest(tx, definitions)
            changes = {
                one.alarm_id: found
                for one in definitions
                if one.alarm_id in rows
                and (found := self._judge(tx, one, rows[one.alarm_id], newest.get(one.alarm_id)))
            }
        ended = [one for one in definitions if _shelf_over(rows.get(one.alarm_id), now_us)]
        due = [one for one in definitions if self._to_mark(one.alarm_id)]
        if not (changes or ended or due):
            return 0
        return self._write(changes, {one.alarm_id: one for one in definitions}, ended, due)

    def _judge(
        self, tx: Connection, one: Definition, row: dict[str, Any], newest: tuple[str, int] | None
    ) -> list[Change]:
        memory = self._memory.get(one.alarm_id)
        if memory is None:
            watch = Watch(bool(row["condition"]), row["pending_us"])
            memory = Memory(watch, row["upto_us"], bool(row["suppressed"]), row["value"], wall_us())
            self._memory[one.alarm_id] = memory
        if newest is None or newest[1] <= memory.upto_us:
            return []
        found = window_data.readings(tx, one.equipment_id, [one.metric], memory.upto_us + 1, newest[1])
        times, values = found.get(one.metric, (np.zeros(0, np.int64), np.zeros(0)))
        quiet = _standing(tx, one, times)
        changes: list[Change] = []
        for at, value, stands in zip(times.tolist(), values.tolist(), quiet, strict=True):
            if stands != memory.suppressed:
                if not stands and memory.watch.active and not one.limit.beyond(value):
                    # It went while nobody was asked: that it was there is no reason to ask now.
                    memory.watch = Watch()
                    changes.append(Change(at, value, active=False))
                memory.suppressed = stands
                changes.append(Change(at, value, suppress=stands))
            memory.watch, moment = step(one.limit, memory.watch, at, value)
            memory.value = value
            if moment is not None:
                changes.append(Change(moment, value, active=memory.watch.active))
        memory.upto_us = newest[1]
        return changes

    def _to_mark(self, alarm_id: str) -> bool:
        memory = self._memory.get(alarm_id)
        return memory is not None and wall_us() - memory.marked_wall_us >= MARK_EVERY_US

    def _write(
        self,
        changes: dict[str, list[Change]],
        definitions: dict[str, Definition],
        ended: list[Definition],
        due: list[Definition],
    ) -> int:
        written = 0
        try:
            with self._database.write() as tx:
                for alarm_id, found in changes.items():
                    written += _apply(tx, definitions[alarm_id], found)
                for one in ended:
                    written += _unshelve(tx, one)
                for alarm_id in {*changes, *(one.alarm_id for one in due)}:
                    memory = self._memory[alarm_id]
                    store.mark(tx, alarm_id, memory.upto_us, memory.watch.since_us, memory.value)
                    memory.marked_wall_us = wall_us()
        except BaseException:
            self._memory.clear()  # nothing was stored: judge it again
            raise
        return written


def _newest(tx: Connection, definitions: list[Definition]) -> dict[str, tuple[str, int]]:
    """By alarm: its metric and the source time of its newest value."""
    m, latest = t.metrics.c, t.latest.c
    rows = tx.execute(
        select(m.equipment_id, m.name, latest.source_us).join_from(
            t.metrics, t.latest, m.metric_id == latest.metric_id
        )
    )
    at = {(row[0], row[1]): row[2] for row in rows}
    found = {}
    for one in definitions:
        newest = at.get((one.equipment_id, one.metric))
        if newest is not None:
            found[one.alarm_id] = (one.metric, newest)
    return found


def _standing(tx: Connection, one: Definition, times: Any) -> list[bool]:
    """True for each time at which the machine's state makes the alarm meaningless."""
    if one.suppress_when != NOT_RUNNING or not len(times):
        return [False] * len(times)
    since, states, _ = window_data.states(tx, one.equipment_id, int(times[0]), int(times[-1]))
    if not len(since):
        return [False] * len(times)
    place = np.maximum(np.searchsorted(since, times, "right") - 1, 0)
    runs = (states[place] == int(MachineState.EXECUTE)) & (times - since[place] >= SETTLE_US)
    return [not run for run in runs.tolist()]


def _shelf_over(row: dict[str, Any] | None, now_us: int) -> bool:
    return row is not None and row["shelved_until_us"] is not None and row["shelved_until_us"] <= now_us


def _apply(tx: Connection, one: Definition, changes: list[Change]) -> int:
    row = store.hold(tx, one.alarm_id)
    if row is None:
        return 0
    alarm, told = store.alarm_of(row), Told()
    journal: list[dict[str, Any]] = []
    values: dict[str, Any] = {}
    for change in changes:
        begun = alarm.shelved_until_us or change.at_us
        steps: list[tuple[life.Step, int, float | None]] = [(life.on_time(alarm, change.at_us), begun, None)]
        shown = steps[0][0][0]  # a shelf that ended before this value
        wanted = bool(change.active if change.suppress is None else change.suppress)
        does = life.condition if change.suppress is None else life.suppress
        steps.append((does(shown, wanted), change.at_us, change.value))
        for done, at, value in steps:
            if done[1] is not None:
                values |= state_columns(done, at, told)
                if not (alarm.suppressed and done[0].suppressed):  # what design hides fills no journal
                    journal.append(journal_row(one, alarm, done, at, value, told))
            alarm = done[0]
    if values:
        store.change(tx, one.alarm_id, values)
        store.add_events(tx, journal)
    return len(journal)


def _unshelve(tx: Connection, one: Definition) -> int:
    row = store.hold(tx, one.alarm_id)
    if row is None or row["shelved_until_us"] is None:
        return 0
    alarm = store.alarm_of(row)
    keep(tx, one, alarm, life.unshelve(alarm), row["shelved_until_us"], None, Told())
    return 1
