"""Takes over the alerts that gateways judged beside the machines: they are alarms here, with their own time.

A gateway keeps its alerts while the link is cut and tells them afterwards, behind the births that tell what
stands now. So they may come in any order, and long after. Guarantee: the journal holds each coming and going
once, at its own time, whatever the order of arrival and however often it is told. What came and went before
anybody here could hear of it is marked historical and asks nobody; what still stands asks, since its time.
While a machine is out of the plant the journal says so beside each line, nothing asks and nothing stands;
what stands when it is put back comes then.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, select

from data.store import alarms as store
from data.store import tables as t
from data.store.database import Database
from domain.alarms import life
from domain.alarms.life import Alarm, Event
from domain.clock import DAY, MINUTE, NEVER, SECOND, steady_us
from domain.telemetry import Quality
from services.alarms import edge_absence, edge_metrics
from services.alarms.definition import Definition
from services.alarms.edge_absence import Turned
from services.alarms.edge_metrics import AlertMetric
from services.alarms.keeping import Told, journal_row, state_columns
from services.alarms.standing import heard
from services.situation import site_at

LATE_US = 30 * SECOND
OVERLAP_US = 2 * MINUTE  # wall time: what was received earlier may be committed later
LOOK_US = 15 * SECOND
BACK_US = 30 * DAY
_R, _E = t.readings.c, t.alarm_events.c


@dataclass(slots=True)
class _Look:
    """What was looked at: the newest source time, up to which receipt, and when (steady clock)."""

    newest_us: int = -1
    receive_us: int = 0
    looked_us: int = NEVER  # by the steady clock


class EdgeAlarmWatch:
    """Takes over the alerts of a site's gateways. Not thread-safe. `look_us`: how often, by wall time, to
    look for what came behind the newest value; `late_us`: the wall time from an alert to the desk, beyond
    which it is history."""

    def __init__(self, database: Database, look_us: int = LOOK_US, late_us: int = LATE_US) -> None:
        self._database, self._look_us, self._late_us = database, look_us, late_us
        self._looks: dict[int, _Look] = {}

    def turn(self, site_id: str, now_us: int, arrived_us: int | None = None) -> int:
        """Define alarms for new alerts, and take over what was told; returns how many events were written."""
        with self._database.read() as tx:
            metrics = edge_metrics.alert_metrics(tx, site_id)
            if not metrics:
                return 0
            known = edge_metrics.definitions(tx, site_id)
            speed = max(1.0, site_at(tx, site_id).clock.speed)
            new = edge_metrics.undefined(metrics, known)
            due = [one for one in metrics if self._due(one)]
            out = edge_absence.absences(tx, {one.equipment_id for one in due})
            told = {one.metric_id: self._told(tx, one, now_us, speed) for one in due}
            for one in due:
                told[one.metric_id] += edge_absence.put_back(tx, one, out.get(one.equipment_id, ()), now_us)
                told[one.metric_id].sort()
            stale = _stale(tx, list(known.values()), now_us, now_us if arrived_us is None else arrived_us)
        if new:
            self._define(site_id, new, now_us)
            return 0
        return self._write(due, known, told, stale, round(self._late_us * speed), out)

    def _due(self, one: AlertMetric) -> bool:
        look = self._looks.setdefault(one.metric_id, _Look())
        return look.newest_us != one.newest_us or steady_us() - look.looked_us > self._look_us

    def _define(self, site_id: str, new: Sequence[AlertMetric], now_us: int) -> None:
        with self._database.write() as tx:
            known = edge_metrics.definitions(tx, site_id)
            for one in edge_metrics.undefined(new, known):
                edge_metrics.define(tx, one, known.get((one.equipment_id, one.name)), now_us)

    def _told(self, tx: Connection, one: AlertMetric, now_us: int, speed: float) -> list[Turned]:
        """Comings and goings since the earliest value that was received since the last look."""
        here = (_R.metric_id == one.metric_id) & (_R.source_us > now_us - BACK_US)
        good = here & (_R.quality == int(Quality.GOOD))
        since = self._looks[one.metric_id].receive_us - round(OVERLAP_US * speed)
        first = tx.execute(
            select(_R.source_us).where(good, _R.receive_us > since).order_by(_R.source_us).limit(1)
        ).scalar()
        if first is None:
            return []
        before = select(_R.value).where(good, _R.source_us < first).order_by(_R.source_us.desc()).limit(1)
        rows = select(_R.source_us, _R.value, _R.receive_us).where(good, _R.source_us >= first)
        found = [tuple(row) for row in tx.execute(rows.order_by(_R.source_us))]
        return turned(found, active=bool(tx.execute(before).scalar()))

    def _write(
        self,
        due: Sequence[AlertMetric],
        known: dict[tuple[str, str], Definition],
        told: dict[int, list[Turned]],
        stale: dict[str, bool],
        late_us: int,
        out: edge_absence.Absences,
    ) -> int:
        written = 0
        with self._database.read() as tx:
            rows = store.states(tx)
            asked = [
                (one, definition)
                for one in due
                if (definition := known[one.equipment_id, one.name]).active and told[one.metric_id]
                if _missing(tx, definition.alarm_id, told[one.metric_id])
            ]
        changed = {key: now for key, now in stale.items() if key in rows and bool(rows[key]["stale"]) != now}
        if asked or changed:
            with self._database.write() as tx:
                for one, definition in asked:
                    away = out.get(one.equipment_id, ())
                    written += _take_over(tx, definition, told[one.metric_id], late_us, away)
                for alarm_id, now in changed.items():
                    store.mark(tx, alarm_id, {"stale": now})
        for one in due:  # stored: the next look begins here
            newest = max((turn.receive_us for turn in told[one.metric_id]), default=0)
            look = self._looks[one.metric_id]
            self._looks[one.metric_id] = _Look(one.newest_us, max(look.receive_us, newest), steady_us())
        return written


def turned(rows: Sequence[tuple[Any, ...]], *, active: bool) -> list[Turned]:
    """Values (source time, value, receipt), in order of source time, as comings and goings."""
    found: list[Turned] = []
    for at_us, value, receive_us in rows:
        if (value > 0) != active:
            active = value > 0
            found.append(Turned(at_us, active, receive_us))
    return found


def _missing(tx: Connection, alarm_id: str, told: Sequence[Turned]) -> list[Turned]:
    """What the journal does not hold."""
    events = {Event.ACTIVATED.value: True, Event.CLEARED.value: False}
    query = select(_E.at_us, _E.event).where(
        _E.alarm_id == alarm_id, _E.at_us >= told[0].at_us, _E.event.in_(list(events))
    )
    written = {(at_us, events[event]) for at_us, event in tx.execute(query)}
    return [one for one in told if (one.at_us, one.active) not in written]


def _take_over(
    tx: Connection, one: Definition, told: Sequence[Turned], late_us: int, out: Sequence[edge_absence.Span]
) -> int:
    """Write what is missing: behind what is known as a line of the journal only, else as the alarm's life."""
    row, missing = store.hold(tx, one.alarm_id), _missing(tx, one.alarm_id, told)
    if row is None or not missing:
        return 0
    alarm, values = store.alarm_of(row), dict[str, Any]()
    written = {turn.at_us for turn in told} - {turn.at_us for turn in missing}
    known_us = max(written, default=0)
    journal: list[dict[str, Any]] = []
    for turn in missing:
        late = turn.receive_us - turn.at_us > late_us
        passed = late and turn is not told[-1]
        away = edge_absence.within(out, turn.at_us)
        done = _step(alarm, turn, behind=away or turn.at_us < known_us, passed=passed)
        value, said = _value(tx, one, turn.at_us), Told(note=edge_absence.NOTE if away else "")
        line = journal_row(one, alarm, done, turn.at_us, value, said, historical=late)
        journal.append(line | {"asks": line["asks"] and not passed})
        if done[0] != alarm:
            values |= state_columns(done, turn.at_us, Told()) | {"value": value, "upto_us": turn.at_us}
        alarm = done[0]
    if values:
        store.change(tx, one.alarm_id, values)
    store.add_events(tx, journal)
    return len(journal)


def _step(alarm: Alarm, turn: Turned, *, behind: bool, passed: bool) -> life.Step:
    event = Event.ACTIVATED if turn.active else Event.CLEARED
    if behind:
        return alarm, event
    after, _ = life.condition(alarm, turn.active)
    return (replace(after, acked=alarm.acked) if turn.active and passed else after), event


def _value(tx: Connection, one: Definition, at_us: int) -> float | None:
    """What raised or cleared it: a gateway sends that value too, with the same time."""
    m = t.metrics.c
    query = (
        select(_R.value)
        .join_from(t.readings, t.metrics, m.metric_id == _R.metric_id)
        .where(m.equipment_id == one.equipment_id, m.name == one.watched, _R.source_us == at_us)
    )
    found: float | None = tx.execute(query).scalar()
    return found


def _stale(tx: Connection, known: Sequence[Definition], since_us: int, until_us: int) -> dict[str, bool]:
    """By alarm: is nothing known of it now, because its gateway or its machine is silent?"""
    said = heard(tx, known, since_us, until_us)
    return {
        one.alarm_id: (found := said.get(one.alarm_id)) is None or found.sure_us < until_us for one in known
    }
