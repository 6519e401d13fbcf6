"""One alarm, judged over what is known of its value: new values, and time that passes over the last one."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection

from data.store import window_data
from domain.alarms.limit import Watch, pause, stay, step
from domain.clock import MINUTE, wall_us
from domain.telemetry import MachineState
from services.alarms.definition import NOT_RUNNING, Definition
from services.alarms.standing import Heard

SETTLE_US = 2 * MINUTE  # after a start, values are still on their way


@dataclass(slots=True)
class Memory:
    """How far an alarm was judged (by values, and by time alone), and when that was last stored (wall)."""

    watch: Watch
    upto_us: int
    judged_us: int
    suppressed: bool
    value: float | None = None
    stale: bool = False
    marked_wall_us: int = 0
    changed_us: int = 0

    def columns(self) -> dict[str, Any]:
        """What is kept of it through a restart."""
        return {
            "upto_us": self.upto_us,
            "judged_us": self.judged_us,
            "pending_us": self.watch.since_us,
            "value": self.value,
            "stale": self.stale,
        }


def memory_of(row: dict[str, Any]) -> Memory:
    """The inverse, from a row of `alarm_states`."""
    watch, upto = Watch(bool(row["condition"]), row["pending_us"]), row["upto_us"]
    judged = max(upto, row["judged_us"] or upto)
    suppressed, stale = bool(row["suppressed"]), bool(row["stale"])
    return Memory(watch, upto, judged, suppressed, row["value"], stale, wall_us())


@dataclass(frozen=True, slots=True)
class Change:
    """The condition (True: came), or the plant's state (`suppress` is not None), changed at a moment."""

    at_us: int
    value: float | None
    active: bool | None = None
    suppress: bool | None = None


def judge(tx: Connection, one: Definition, memory: Memory, heard: Heard) -> list[Change]:
    """Judge what is new, and remember how far that was. Changes are told in order of time: a value that
    comes after time alone had raised the alarm ends it then, not before."""
    said = _said(tx, one, memory, heard)
    times = sorted({*said, *_turns(tx, one, memory, heard)})
    changes: list[Change] = []
    for at, stands in zip(times, _standing(tx, one, times), strict=True):
        changes += _moment(one, memory, heard, (at, said.get(at), stands))
    if heard.sure_us > memory.judged_us:
        changes += _passed(one, memory, heard, heard.sure_us)
        memory.judged_us = heard.sure_us
    memory.upto_us = max(memory.upto_us, heard.newest_us)
    return [_in_order(memory, change) for change in changes]


def _said(tx: Connection, one: Definition, memory: Memory, heard: Heard) -> dict[int, float]:
    if heard.newest_us <= memory.upto_us:
        return {}
    found = window_data.readings(tx, one.equipment_id, [one.metric], memory.upto_us + 1, heard.newest_us)
    times, values = found.get(one.metric, (np.zeros(0, np.int64), np.zeros(0)))
    return dict(zip(times.tolist(), values.tolist(), strict=True))


def _moment(
    one: Definition, memory: Memory, heard: Heard, here: tuple[int, float | None, bool]
) -> list[Change]:
    at, said, stands = here
    changes = _passed(one, memory, heard, at if said is None else at - 1)  # its own moment is the new value's
    value = memory.value if said is None else said
    if value is not None and stands != memory.suppressed:
        if not stands and memory.watch.active and not one.limit.beyond(value):
            # It went while nobody was asked: that it was there is no reason to ask now.
            memory.watch = Watch()
            changes.append(Change(at, value, active=False))
        memory.suppressed = stands
        changes.append(Change(at, value, suppress=stands))
    if said is not None:
        if memory.watch.since_us is not None:
            memory.watch = pause(memory.watch, heard.lost(memory.upto_us, at))
        memory.watch, moment = step(one.limit, memory.watch, at, said)
        memory.value, memory.upto_us = said, at
        if moment is not None:
            changes.append(Change(moment, said, active=memory.watch.active))
    return changes


def _passed(one: Definition, memory: Memory, heard: Heard, until_us: int) -> list[Change]:
    """The last value stood, up to a moment or as long as it is known: a delay may have run out."""
    if memory.watch.since_us is None:
        return []
    known = heard.stands(memory.upto_us, until_us)
    memory.watch, moment = stay(one.limit, memory.watch, known)
    return [] if moment is None else [Change(moment, memory.value, active=memory.watch.active)]


def _turns(tx: Connection, one: Definition, memory: Memory, heard: Heard) -> list[int]:
    """Moments at which the machine's state may hide the alarm, or show it again."""
    if one.suppress_when != NOT_RUNNING or heard.sure_us <= memory.judged_us:
        return []
    since, _, _ = window_data.states(tx, one.equipment_id, memory.judged_us - SETTLE_US, heard.sure_us)
    found = {at for change in since.tolist() for at in (change, change + SETTLE_US)}
    return [at for at in found if memory.judged_us < at <= heard.sure_us]


def _standing(tx: Connection, one: Definition, times: list[int]) -> list[bool]:
    """True for each time at which the machine's state makes the alarm meaningless."""
    if one.suppress_when != NOT_RUNNING or not times:
        return [False] * len(times)
    since, states, _ = window_data.states(tx, one.equipment_id, times[0], times[-1])
    if not len(since):
        return [False] * len(times)
    at = np.array(times, dtype=np.int64)
    place = np.maximum(np.searchsorted(since, at, "right") - 1, 0)
    runs = (states[place] == int(MachineState.EXECUTE)) & (at - since[place] >= SETTLE_US)
    return [not run for run in runs.tolist()]


def _in_order(memory: Memory, change: Change) -> Change:
    memory.changed_us = max(memory.changed_us, change.at_us)
    return Change(memory.changed_us, change.value, change.active, change.suppress)
