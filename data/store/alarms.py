"""Rows of alarms: definitions, states, journal. Nothing here commits."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, insert, select, update

from data.store import tables as t
from data.store.upsert import upsert
from domain.alarms.life import Alarm

_D, _S, _E = t.alarm_definitions.c, t.alarm_states.c, t.alarm_events.c


def newest(*where: ColumnElement[bool]) -> Select[Any]:
    """SELECT of every alarm's newest definition that fits."""
    last = select(_D.alarm_id, func.max(_D.version).label("version")).group_by(_D.alarm_id).subquery()
    same = and_(last.c.alarm_id == _D.alarm_id, last.c.version == _D.version)
    return select(t.alarm_definitions).join(last, same).where(*where)


def in_plant() -> ColumnElement[bool]:
    """Alarms of machines that are not out of the plant."""
    e = t.equipment.c
    return _D.equipment_id.not_in(select(e.equipment_id).where(e.removed_us.is_not(None)))


def definition(tx: Connection, alarm_id: str) -> dict[str, Any] | None:
    """An alarm's newest definition, or None."""
    row = tx.execute(newest(_D.alarm_id == alarm_id)).mappings().one_or_none()
    return dict(row) if row else None


def add_definition(tx: Connection, row: Mapping[str, Any]) -> None:
    """Store a version."""
    tx.execute(insert(t.alarm_definitions).values(dict(row)))


def states(tx: Connection, *where: ColumnElement[bool]) -> dict[str, dict[str, Any]]:
    """The states of alarms that fit, or of all."""
    query = select(t.alarm_states).where(*where)
    return {row["alarm_id"]: dict(row) for row in tx.execute(query).mappings()}


def hold(tx: Connection, alarm_id: str) -> dict[str, Any] | None:
    """An alarm's state, locked until this transaction ends."""
    query = select(t.alarm_states).where(_S.alarm_id == alarm_id).with_for_update()
    row = tx.execute(query).mappings().one_or_none()
    return dict(row) if row else None


def begin(tx: Connection, alarm_id: str, from_us: int) -> None:
    """A new alarm: normal, judged from a time on."""
    row = {
        "alarm_id": alarm_id,
        "version": 1,
        "condition": False,
        "acked": True,
        "shelved_until_us": None,
        "suppressed": False,
        "out_of_service": False,
        "since_us": from_us,
        "pending_us": None,
        "upto_us": from_us,
        "judged_us": from_us,
        "stale": False,
        "value": None,
        "note": "",
        "note_by": "",
    }
    tx.execute(insert(t.alarm_states).values(**row))


def alarm_of(row: Mapping[str, Any]) -> Alarm:
    """The row as the rules see it."""
    return Alarm(
        bool(row["condition"]),
        bool(row["acked"]),
        row["shelved_until_us"],
        bool(row["suppressed"]),
        bool(row["out_of_service"]),
    )


def columns(alarm: Alarm) -> dict[str, Any]:
    """The inverse of `alarm_of`."""
    return {
        "condition": alarm.active,
        "acked": alarm.acked,
        "shelved_until_us": alarm.shelved_until_us,
        "suppressed": alarm.suppressed,
        "out_of_service": alarm.out_of_service,
    }


def change(tx: Connection, alarm_id: str, values: Mapping[str, Any]) -> None:
    """Change a state that `hold` has locked; its version grows."""
    tx.execute(update(t.alarm_states).where(_S.alarm_id == alarm_id).values(version=_S.version + 1, **values))


def mark(tx: Connection, alarm_id: str, judged: Mapping[str, Any]) -> None:
    """Remember how far an alarm was judged: upto_us, judged_us, pending_us, value, stale."""
    tx.execute(update(t.alarm_states).where(_S.alarm_id == alarm_id).values(**judged))


def add_events(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write into the journal."""
    if rows:
        tx.execute(insert(t.alarm_events), [dict(row) for row in rows])


def events(
    tx: Connection, where: ColumnElement[bool], limit: int | None = None, first: int = 0
) -> list[dict[str, Any]]:
    """The journal, newest first: `limit` lines behind the first ones, or all."""
    query = select(t.alarm_events).where(where).order_by(_E.at_us.desc(), _E.event_id.desc())
    return [dict(row) for row in tx.execute(query.limit(limit).offset(first)).mappings()]


def event_count(tx: Connection, where: ColumnElement[bool]) -> int:
    """How many lines of the journal fit."""
    return int(tx.execute(select(func.count()).select_from(t.alarm_events).where(where)).scalar_one())


def versions(tx: Connection, alarm_id: str) -> list[dict[str, Any]]:
    """Every version of an alarm, newest first."""
    query = select(t.alarm_definitions).where(_D.alarm_id == alarm_id).order_by(_D.version.desc())
    return [dict(row) for row in tx.execute(query).mappings()]


def positions(tx: Connection) -> list[tuple[str, str]]:
    """(the part of the plant, name) of every operator position."""
    p = t.operator_positions.c
    rows = tx.execute(select(p.equipment_id, p.name).order_by(p.position_id))
    return [(row[0], row[1]) for row in rows]


def set_position(tx: Connection, equipment_id: str, name: str) -> None:
    """Name the position of a part of the plant; its id is that part's."""
    row = {"position_id": equipment_id, "name": name, "equipment_id": equipment_id}
    upsert(tx, t.operator_positions, [row], ["position_id"])
