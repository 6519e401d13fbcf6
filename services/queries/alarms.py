"""Reads for alarms: the list per operator position, the figures, the journal."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, or_, select

from auth.permissions import Permission
from data.store import alarms as store
from data.store import tables as t
from domain.alarms.kpis import FLOOD_BEGINS, STALE_US, TEN_US, Asked, kpis
from domain.alarms.life import Priority, State
from domain.clock import DAY
from domain.telemetry import METRICS
from services.context import Context
from services.queries.common import in_scope, names_of, people, under
from services.rows.alarms import AlarmBoard, AlarmFigures, AlarmRow, JournalRow

_D, _E = t.alarm_definitions.c, t.alarm_events.c
_RANK = {Priority.HIGH: 0, Priority.MEDIUM: 1, Priority.LOW: 2}
_URGENT = (State.UNACKNOWLEDGED, State.ACKNOWLEDGED, State.RETURNED, State.SHELVED, State.SUPPRESSED)
SHOWN_JOURNAL = 60
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
            times = self._asked(tx, position_id, c.now_us - TEN_US)
        recent = sum(a.at_us > c.now_us - TEN_US for a in times)
        shown = sorted((r for r in rows if r.state is not State.NORMAL), key=_urgent)
        return AlarmBoard(tuple(shown), seen, defined, recent > FLOOD_BEGINS, recent)

    def figures(self, position_id: str, from_us: int, to_us: int) -> AlarmFigures:
        """How well the alarms of a position (or of all) worked in [from, to)."""
        c = self._context
        c.actor.require(Permission.SEE_FLOOR)
        with c.database.read() as tx:
            rows, _ = self._rows(tx, position_id)
            asked = self._asked(tx, position_id, from_us)
            told = self._where(position_id) & (_E.at_us >= from_us) & or_(_E.asks, _E.event.not_in(_PLANT))
            found = store.events(tx, told, SHOWN_JOURNAL)
            journal = _journal(tx, found, {r.alarm_id: r for r in rows})
        stale = [r for r in rows if r.active and r.since_us < c.now_us - STALE_US and r.state in _URGENT[:2]]
        return AlarmFigures(
            kpis(asked, from_us, to_us),
            tuple(stale),
            {r.alarm_id: (r.name, r.equipment_name) for r in rows},
            journal,
            (to_us - from_us) / DAY,
        )

    def _where(self, position_id: str) -> ColumnElement[bool]:
        c = self._context
        where = in_scope(_E.equipment_id, c.actor) & under(_E.equipment_id, c.site.site_id)
        return where & (_E.position_id == position_id) if position_id else where

    def _rows(self, tx: Connection, position_id: str) -> tuple[list[AlarmRow], int]:
        c = self._context
        where = [
            _D.active.is_(True),
            in_scope(_D.equipment_id, c.actor),
            under(_D.equipment_id, c.site.site_id),
        ]
        if position_id:
            where.append(_D.position_id == position_id)
        definitions = [dict(row) for row in tx.execute(store.newest(*where)).mappings()]
        states = store.states(tx)
        names = names_of(tx, (d["equipment_id"] for d in definitions))
        known = [d for d in definitions if d["alarm_id"] in states]
        return [_row(d, states[d["alarm_id"]], names) for d in known], len(known)

    def _asked(self, tx: Connection, position_id: str, from_us: int) -> list[Asked]:
        query = select(_E.at_us, _E.alarm_id, _E.priority).where(
            self._where(position_id), _E.asks.is_(True), _E.at_us >= from_us
        )
        rows = tx.execute(query.order_by(_E.at_us, _E.event_id))
        return [Asked(row[0], row[1], Priority(row[2])) for row in rows]


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
    spec = METRICS.get(d["metric"])
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
    )


def _journal(
    tx: Connection, rows: list[dict[str, Any]], known: Mapping[str, AlarmRow]
) -> tuple[JournalRow, ...]:
    who = people(tx, (row["actor"] for row in rows))
    return tuple(
        JournalRow(
            row["at_us"],
            known[row["alarm_id"]].name,
            known[row["alarm_id"]].equipment_name,
            Priority(row["priority"]),
            row["event"],
            row["value"],
            who.get(row["actor"], ""),
            row["note"],
            known[row["alarm_id"]].unit,
        )
        for row in rows
        if row["alarm_id"] in known
    )
