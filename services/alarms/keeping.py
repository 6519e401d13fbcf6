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
    store.change(tx, definition.alarm_id, state_columns(done, at_us, told))
    store.add_events(tx, [journal_row(definition, before, done, at_us, value, told)])
    return after


def state_columns(done: Step, at_us: int, told: Told) -> dict[str, Any]:
    """The columns of `alarm_states` after a step. A person's name and words stay until it comes anew; an
    alarm that was acknowledged is there since it came."""
    after, event = done
    values: dict[str, Any] = dict(store.columns(after))
    if event is not Event.ACKNOWLEDGED:
        values["since_us"] = at_us
    if told.name:
        values |= {"note": told.note, "note_by": told.name}
    elif event is Event.ACTIVATED:
        values |= {"note": "", "note_by": ""}
    return values


def journal_row(
    definition: Definition,
    before: Alarm,
    done: Step,
    at_us: int,
    value: float | None,
    told: Told,
    *,
    historical: bool = False,
) -> dict[str, Any]:
    """A step as a line of the journal; `historical`: it was kept at a gateway and came long after."""
    after, event = done
    return {
        "alarm_id": definition.alarm_id,
        "equipment_id": definition.equipment_id,
        "position_id": definition.position_id,
        "priority": definition.priority.value,
        "event": event.value if event else "",
        "asks": after.state in ASKING and before.state not in ASKING,
        "at_us": at_us,
        "wall_us": wall_us(),
        "value": value,
        "actor": told.actor,
        "note": told.note,
        "until_us": told.until_us,
        "historical": historical,
    }
