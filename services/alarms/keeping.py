"""One step of an alarm, written down: the state, the journal, and whether it asks for an operator."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from data.store import alarms as store
from domain.alarms.life import Alarm, Event, State, Step
from domain.clock import wall_us
from services.alarms.definition import Definition

ASKING = frozenset({State.UNACKNOWLEDGED})


@dataclass(frozen=True, slots=True)
class Told:
    """Who did it and what they said; the system says nothing."""

    actor: str = "system"
    note: str = ""
    name: str = ""
    until_us: int | None = None


def keep(
    tx: Connection,
    definition: Definition,
    before: Alarm,
    done: Step,
    at_us: int,
    value: float | None,
    told: Told,
) -> Alarm:
    """Write a step in the caller's transaction; the row is held. Returns the alarm as it is now."""
    after, event = done
    if event is None:
        return after
    values: dict[str, Any] = {**store.columns(after), "since_us": at_us}
    if told.name:
        values |= {"note": told.note, "note_by": told.name}
    elif event is Event.ACTIVATED:
        values |= {"note": "", "note_by": ""}
    store.change(tx, definition.alarm_id, values)
    row = {
        "alarm_id": definition.alarm_id,
        "equipment_id": definition.equipment_id,
        "position_id": definition.position_id,
        "priority": definition.priority.value,
        "event": event.value,
        "asks": after.state in ASKING and before.state not in ASKING,
        "at_us": at_us,
        "wall_us": wall_us(),
        "value": value,
        "actor": told.actor,
        "note": told.note,
        "until_us": told.until_us,
    }
    store.add_events(tx, [row])
    return after
