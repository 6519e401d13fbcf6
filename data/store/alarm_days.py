"""Rows of the alarms' roll-up, and the events of the journal that are not in it yet. Nothing here commits."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from data.store import tables as t
from data.store.statements import Row, Statement
from data.store.upsert import insert_ignore, upsert
from domain.clock import FOR_EVER_US

# One annunciation: the event of the journal, its time, and what asked (`key_id` of alarm_keys).
ASKED = np.dtype([("event", "<i8"), ("at", "<i8"), ("key", "<i4")])
Asked = NDArray[np.void]
GONE = ("cleared", "shelved", "suppressed", "removed")  # after these an alarm is no longer there
_ENDS = "asks = {true} OR event IN ('" + "', '".join(GONE) + "')"
_EVENTS = (
    "SELECT event_id, at_us, alarm_id, equipment_id, position_id, priority, asks FROM alarm_events"
    " WHERE {where} AND ({ends}) ORDER BY {order}"
)


def _events(where: str, order: str) -> dict[str, Statement]:
    return {
        dialect: Statement(_EVENTS.format(where=where, order=order, ends=_ENDS.format(true=true)))
        for dialect, true in (("sqlite", "1"), ("postgresql", "true"))
    }


_AFTER = _events("event_id > :after AND event_id <= :upto", "event_id")
_OF_ALARM = _events("alarm_id = :alarm AND at_us >= :since AND event_id <= :upto", "at_us, event_id")
_UPTO = Statement("SELECT event_id FROM alarm_rolled WHERE one = 1")
_NEWEST = Statement("SELECT COALESCE(MAX(event_id), 0) FROM alarm_events")
_NTH = Statement(
    "SELECT MAX(event_id), COUNT(*) FROM (SELECT event_id FROM alarm_events WHERE event_id > :after"
    " ORDER BY event_id LIMIT :most) AS fresh"
)
_DAYS = Statement(
    "SELECT position_id, packed FROM alarm_days WHERE day_us >= :from_us"
    " AND (position_id = :position OR :position = '')"
)
_DAY = Statement("SELECT packed FROM alarm_days WHERE position_id = :position AND day_us = :day")
_KEYS = Statement("SELECT alarm_id, equipment_id, priority, key_id FROM alarm_keys ORDER BY key_id")
_STAYS = Statement(
    "SELECT alarm_id, came_us, gone_us, position_id, equipment_id FROM alarm_stays"
    " WHERE gone_us > :since OR gone_us IS NULL"
)
_TOUCHED = Statement(
    "SELECT came_us FROM alarm_stays WHERE alarm_id = :alarm AND (gone_us IS NULL OR gone_us >= :since)"
)
_FORGET = Statement("DELETE FROM alarm_stays WHERE alarm_id = :alarm AND came_us >= :since")


def rolled_upto(tx: Connection) -> int:
    """The newest event of the journal that is rolled up; 0 before the first."""
    rows = _UPTO.rows(tx, {})
    return int(rows[0][0]) if rows else 0


def hold_journal(tx: Connection) -> None:
    """Wait until everybody who writes into the journal has ended, and keep others waiting: what has a
    smaller number than an event that is seen is seen, too. SQLite has one writer at a time anyway."""
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql("LOCK TABLE alarm_events IN SHARE MODE")


def waiting(tx: Connection, most: int) -> tuple[int, int]:
    """(the last of the next `most` events that are not rolled up, how many they are)."""
    upto, count = _NTH.rows(tx, {"after": rolled_upto(tx), "most": most})[0]
    return int(upto or 0), int(count)


def newest(tx: Connection) -> int:
    """The newest event of the journal; 0 without one."""
    return int(_NEWEST.rows(tx, {})[0][0])


def events(tx: Connection, after: int, upto: int = FOR_EVER_US) -> list[Row]:
    """(event, time, alarm, equipment, position, priority, whether it asks) of those that ask, or after which
    an alarm is gone, in the order in which they were written."""
    return _AFTER[tx.dialect.name].rows(tx, {"after": after, "upto": upto})


def events_of(tx: Connection, alarm_id: str, since_us: int, upto: int) -> list[Row]:
    """The same of one alarm from a time on, in order of time."""
    return _OF_ALARM[tx.dialect.name].rows(tx, {"alarm": alarm_id, "since": since_us, "upto": upto})


def keys(tx: Connection) -> dict[tuple[str, str, str], int]:
    """The number of each (alarm, equipment, priority)."""
    return {(row[0], row[1], row[2]): row[3] for row in _KEYS.rows(tx, {})}


def add_keys(tx: Connection, wanted: Sequence[tuple[str, str, str]]) -> None:
    """Number those that have none yet."""
    names = ("alarm_id", "equipment_id", "priority")
    insert_ignore(tx, t.alarm_keys, [dict(zip(names, one, strict=True)) for one in wanted])


def days(tx: Connection, position_id: str, from_us: int) -> list[tuple[str, bytes]]:
    """(position, packed) of the days of a position, or of all with "", that begin at a time or later."""
    values = {"from_us": from_us, "position": position_id}
    return [(row[0], row[1]) for row in _DAYS.rows(tx, values)]


def day(tx: Connection, position_id: str, day_us: int) -> Asked:
    """The annunciations of one day."""
    rows = _DAY.rows(tx, {"position": position_id, "day": day_us})
    return np.frombuffer(rows[0][0] if rows else b"", ASKED)


def store_days(tx: Connection, found: Mapping[tuple[str, int], Asked]) -> None:
    """Overwrite days, by (position, day)."""
    rows = [
        {"position_id": position, "day_us": at, "packed": asked.tobytes()}
        for (position, at), asked in found.items()
    ]
    upsert(tx, t.alarm_days, rows, ["position_id", "day_us"])


def forget_stays(tx: Connection, alarm_id: str, since_us: int) -> int:
    """Forget when an alarm was there from a time on; returns the time from which that is to be found anew."""
    values: dict[str, Any] = {"alarm": alarm_id, "since": since_us}
    begin: int = min([since_us, *(row[0] for row in _TOUCHED.rows(tx, values))])
    _FORGET.run(tx, {"alarm": alarm_id, "since": begin})
    return begin


def store_stays(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add stays."""
    upsert(tx, t.alarm_stays, rows, ["alarm_id", "came_us"])


def stays(tx: Connection, since_us: int) -> list[tuple[str, int, int | None, str, str]]:
    """(alarm, came, gone, position, equipment) of what was there at a time or later."""
    return [(row[0], row[1], row[2], row[3], row[4]) for row in _STAYS.rows(tx, {"since": since_us})]


def remember(tx: Connection, event_id: int) -> None:
    """The journal is rolled up as far as this event."""
    upsert(tx, t.alarm_rolled, [{"one": 1, "event_id": event_id}], ["one"])
