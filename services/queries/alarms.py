"""Reads for alarms: the list per operator position, the figures, the journal."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, or_, select

from auth.permissions import Permission
from data.store import alarms as store
from data.store import tables as t
from domain.alarms.kpis import LEAD_US, STALE_US, TEN_US, stale_a_day
from domain.alarms.life import Priority, State
from domain.clock import DAY
from domain.equipment import within
from domain.telemetry import METRICS
from services.alarms import rollup
from services.alarms.definition import watched
from services.alarms.figures import flood_now, kpis
from services.context import Context
from services.queries.common import in_scope, names_of, people, portions, under
from services.rows.alarms import AlarmBoard, AlarmFigures, AlarmRow, JournalRow

_D, _E, _S = t.alarm_definitions.c, t.alarm_events.c, t.alarm_states.c
_RANK = {Priority.HIGH: 0, Priority.MEDIUM: 1, Priority.LOW: 2}
_URGENT = (State.UNACKNOWLEDGED, State.ACKNOWLEDGED, State.RETURNED, State.SHELVED, State.SUPPRESSED)
_PLANT = ("suppressed", "unsuppressed")  # each stop of a machine: kept, but not shown


class AlarmQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def board(self, position_id: str = "") -> AlarmBoard:
        """Alarms that are not normal, of one position or of all that the actor may see."""
        c = self._context
        c.actor.require(Permission.SEE_FLOOR)
        with c.database.read() as tx:
            rows, defined = self._rows(tx, position_id)
            seen = _positions(tx, c)
            asked = self._asked(tx, position_id, c.now_us - LEAD_US)
        recent = max((int((one.at > c.now_us - TEN_US).sum()) for one in asked.values()), default=0)
        flooded = any(flood_now(one.at, c.now_us) for one in asked.values())
        blind = tuple(r for r in rows if r.stale and r.state is not State.OUT_OF_SERVICE)
        shown = sorted((r for r in rows if r.state is not State.NORMAL), key=_urgent)
        return AlarmBoard(tuple(shown), seen, defined, flooded, recent, blind)

    def figures(self, position_id: str, from_us: int, to_us: int) -> AlarmFigures:
        """How well the alarms of a position (or of all) worked in [from, to)."""
        c = self._context
        c.actor.require(Permission.SEE_FLOOR)
        with c.database.read() as tx:
            long = _S.condition.is_(True) & (_S.since_us < c.now_us - STALE_US)
            rows, _ = self._rows(tx, position_id, long)
            asked = self._asked(tx, position_id, from_us - LEAD_US)
            named = dict(_positions(tx, c))
            there = rollup.stays(tx, position_id, self._sees, from_us, to_us)
            lines = store.event_count(tx, self._told(position_id, from_us, to_us))
            whole = kpis(rollup.together(asked.values()), from_us, to_us)
            called = _called(tx, {key for key, _ in (*whole.frequent, *whole.chattering)})
        each = ((named.get(p, p), kpis(one, from_us, to_us)) for p, one in asked.items())
        stale = [r for r in rows if r.state in _URGENT[:2]]
        return AlarmFigures(
            whole,
            tuple(sorted(each, key=lambda one: (-one[1].rate, one[0]))),
            tuple(stale),
            {key: (name, machine) for key, (name, machine, _) in called.items()},
            lines,
            (to_us - from_us) / DAY,
            stale_a_day(there, from_us, to_us),
        )

    def journal(
        self, position_id: str, from_us: int, to_us: int, limit: int | None = None, first: int = 0
    ) -> tuple[JournalRow, ...]:
        """The journal of a position (or of all) in [from, to), newest first: `limit` lines behind the first
        ones, or all; also of alarms that are no longer defined and of machines that are out of the plant."""
        self._context.actor.require(Permission.SEE_FLOOR)
        with self._context.database.read() as tx:
            rows = store.events(tx, self._told(position_id, from_us, to_us), limit, first)
            return _journal(tx, rows, _called(tx, {row["alarm_id"] for row in rows}))

    def _told(self, position_id: str, from_us: int, to_us: int) -> ColumnElement[bool]:
        """Lines of the journal that are shown: all but each stop of a machine."""
        inside = (_E.at_us >= from_us) & (_E.at_us < to_us)
        return self._where(position_id) & inside & or_(_E.asks, _E.event.not_in(_PLANT))

    def _where(self, position_id: str) -> ColumnElement[bool]:
        c = self._context
        where = under(_E.equipment_id, c.site.site_id)
        if c.site.site_id not in c.actor.scopes:  # a scope that is the site says the same once more
            where &= in_scope(_E.equipment_id, c.actor)
        return where & (_E.position_id == position_id) if position_id else where

    def _rows(
        self, tx: Connection, position_id: str, *state: ColumnElement[bool]
    ) -> tuple[list[AlarmRow], int]:
        """Alarms, those whose state is asked for, and how many they are."""
        c = self._context
        where = [
            _D.active.is_(True),
            store.in_plant(),
            in_scope(_D.equipment_id, c.actor),
            under(_D.equipment_id, c.site.site_id),
        ]
        if position_id:
            where.append(_D.position_id == position_id)
        if state:
            where.append(_D.alarm_id.in_(select(_S.alarm_id).where(*state)))
        definitions = [dict(row) for row in tx.execute(store.newest(*where)).mappings()]
        states = store.states(tx, *state)
        names = names_of(tx, (d["equipment_id"] for d in definitions))
        known = [d for d in definitions if d["alarm_id"] in states]
        return [_row(d, states[d["alarm_id"]], names) for d in known], len(known)

    def _sees(self, equipment_id: str) -> bool:
        """Whether it belongs to the site, and to what the actor may see."""
        c = self._context
        return within(equipment_id, c.site.site_id) and any(
            within(equipment_id, scope) for scope in c.actor.scopes
        )

    def _asked(self, tx: Connection, position_id: str, from_us: int) -> dict[str, rollup.Annunciations]:
        """Annunciations by operator position, each in order of time."""
        found = rollup.asked(tx, position_id, self._sees, from_us)
        return {position: one for position, one in found.items() if len(one.at)}


def _positions(tx: Connection, c: Context) -> tuple[tuple[str, str], ...]:
    p = t.operator_positions.c
    query = select(p.position_id, p.name).where(
        in_scope(p.equipment_id, c.actor), under(p.equipment_id, c.site.site_id)
    )
    return tuple((row[0], row[1]) for row in tx.execute(query.order_by(p.position_id)))


def _urgent(row: AlarmRow) -> tuple[int, int, int]:
    place = _URGENT.index(row.state) if row.state in _URGENT else len(_URGENT)
    return place, _RANK[row.priority], -row.since_us


def _row(d: Mapping[str, Any], state: Mapping[str, Any], names: Mapping[str, str]) -> AlarmRow:
    alarm = store.alarm_of(state)
    spec = METRICS.get(watched(d["metric"]))
    return AlarmRow(
        alarm_id=d["alarm_id"],
        name=d["name"],
        equipment_id=d["equipment_id"],
        equipment_name=names.get(d["equipment_id"], d["equipment_id"]),
        position_id=d["position_id"],
        state=alarm.state,
        priority=Priority(d["priority"]),
        active=alarm.active,
        since_us=state["since_us"],
        value=state["value"],
        metric=d["metric"],
        high=bool(d["high"]),
        limit=d["limit_value"],
        unit=spec.unit if spec else "",
        consequence=d["consequence"],
        response=d["response"],
        note=state["note"],
        note_by=state["note_by"],
        shelved_until_us=state["shelved_until_us"],
        stale=bool(state["stale"]),
        from_gateway=watched(d["metric"]) != d["metric"],
    )


def _called(tx: Connection, alarm_ids: set[str]) -> dict[str, tuple[str, str, str]]:
    """(name, machine, unit) of alarms by their newest definition, whether it holds still or not."""
    every: list[dict[str, Any]] = []
    for some in portions(alarm_ids):
        every += [dict(row) for row in tx.execute(store.newest(_D.alarm_id.in_(some))).mappings()]
    names = names_of(tx, {d["equipment_id"] for d in every})
    return {
        d["alarm_id"]: (
            d["name"],
            names.get(d["equipment_id"], d["equipment_id"]),
            spec.unit if (spec := METRICS.get(watched(d["metric"]))) else "",
        )
        for d in every
    }


def _journal(
    tx: Connection, rows: list[dict[str, Any]], called: Mapping[str, tuple[str, str, str]]
) -> tuple[JournalRow, ...]:
    who = people(tx, {row["actor"] for row in rows})
    found = []
    for row in rows:
        name, machine, unit = called.get(row["alarm_id"], (row["alarm_id"], row["equipment_id"], ""))
        priority, by = Priority(row["priority"]), who.get(row["actor"], "")
        found.append(
            JournalRow(
                row["at_us"],
                name,
                machine,
                priority,
                row["event"],
                row["value"],
                by,
                row["note"],
                unit,
                bool(row["historical"]),
            )
        )
    return tuple(found)
