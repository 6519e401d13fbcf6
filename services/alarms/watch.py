"""Judges limits as values arrive and as time passes, in order of plant time, off the path of ingest.

A value stands until the next one, for as long as its source is known to live (services.alarms.standing): so
delays run out, and suppression by design begins and ends, without another value. The journal is a function
of the stored values: what was judged is remembered with every change, so that a process that is killed
judges again only what changed nothing. A value that comes later than a newer one of its metric is not
judged: an alarm is about now.
"""

import logging
from typing import Any

from sqlalchemy import Connection

from data.store import alarms as store
from data.store import tables as t
from data.store.database import Database
from domain.alarms import life
from domain.clock import SECOND, passed_us, wall_us
from services.alarms.definition import Definition, definition_of
from services.alarms.judging import SETTLE_US, Change, Memory, judge, memory_of
from services.alarms.keeping import Told, journal_row, keep, state_columns
from services.alarms.standing import Heard, heard
from services.queries.common import under

MARK_EVERY_US = 60 * SECOND
log = logging.getLogger("taktwise.watch")


class AlarmWatch:
    """Judges the alarms of a site. Not thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._memory: dict[str, Memory] = {}

    def turn(self, site_id: str, now_us: int, arrived_us: int | None = None) -> int:
        """Judge what is new up to now (plant time); returns how many events were written. Time alone is
        judged up to `arrived_us`: what was sent by then had time to arrive."""
        d, until_us = t.alarm_definitions.c, now_us if arrived_us is None else arrived_us
        with self._database.read() as tx:
            query = store.newest(d.active.is_(True), under(d.equipment_id, site_id), store.in_plant())
            definitions = [definition_of(dict(row)) for row in tx.execute(query).mappings()]
            rows = store.states(tx)
            known = {
                one.alarm_id: one for one in definitions if one.alarm_id in rows and not one.from_gateway
            }  # what a gateway judges is taken over by services.alarms.edge_watch
            for alarm_id in known:
                mine = self._memory.get(alarm_id)
                if mine is None or mine.upto_us < rows[alarm_id]["upto_us"]:  # its machine was put back
                    self._memory[alarm_id] = memory_of(rows[alarm_id])
            since = min((self._memory[key].upto_us for key in known), default=0) - SETTLE_US
            said = heard(tx, list(known.values()), since, until_us)
            fresh = {key for key, one in known.items() if self._grew_stale(one, said.get(key), until_us)}
            changes = {
                key: found for key, one in known.items() if (found := self._judge(tx, one, said.get(key)))
            }
        ended = [one for one in definitions if _shelf_over(rows.get(one.alarm_id), now_us)]
        due = fresh | {key for key in known if self._to_mark(key)}
        if not (changes or ended or due):
            return 0
        return self._write(changes, known, ended, due)

    def _judge(self, tx: Connection, one: Definition, said: Heard | None) -> list[Change]:
        memory = self._memory[one.alarm_id]
        if said is None or (said.newest_us <= memory.upto_us and said.sure_us <= memory.judged_us):
            return []
        return judge(tx, one, memory, said)

    def _grew_stale(self, one: Definition, said: Heard | None, until_us: int) -> bool:
        """Whether it changed that nothing is known of the value now."""
        memory = self._memory[one.alarm_id]
        before, memory.stale = memory.stale, said is None or said.sure_us < until_us
        return memory.stale != before

    def _to_mark(self, alarm_id: str) -> bool:
        return passed_us(self._memory[alarm_id].marked_wall_us, wall_us()) >= MARK_EVERY_US

    def _write(
        self,
        changes: dict[str, list[Change]],
        definitions: dict[str, Definition],
        ended: list[Definition],
        due: set[str],
    ) -> int:
        written = 0
        try:
            with self._database.write() as tx:
                for alarm_id, found in changes.items():
                    written += _apply(tx, definitions[alarm_id], found)
                for one in ended:
                    written += _unshelve(tx, one)
                for alarm_id in {*changes, *due}:
                    memory = self._memory[alarm_id]
                    store.mark(tx, alarm_id, memory.columns())
                    memory.marked_wall_us = wall_us()
        except BaseException:
            self._memory.clear()  # nothing was stored: judge it again
            raise
        return written


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
