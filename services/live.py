"""Live push: notice a commit, build one snapshot per scope and version, tell what changed.

A topic is what one kind of screen shows of one scope. Its snapshot is a set of named sections, each
encoded to JSON once; an increment holds the sections that changed. `fast` sections (newest values and
states) follow every commit, `slow` ones (OEE, stops, orders, cases) follow within a few seconds.
No thread, no socket and no clock of its own lives here: runtime.web_live drives it.
"""

import json
import math
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select

from auth.permissions import Actor, Permission
from data.store import tables as t
from data.store.database import Database
from domain.equipment import line_of, site_of, within
from domain.errors import Forbidden, NotFound, TaktwiseError, UserFixable
from services import clocks
from services.floor import line, machine, plant
from services.queries import oversight
from services.rows.floor import LineView, MachineView, PlantFigures, Window
from services.rows.oversight import AiStatus

Sections = dict[str, Any]
Shown = PlantFigures | LineView | MachineView | AiStatus
Value = tuple[float, int, int]  # value, source time, quality
Values = dict[str, dict[str, Value]]  # equipment id -> metric -> value
SLOW_EVERY_S = {Window.SHIFT: 2.0, Window.YESTERDAY: 60.0, Window.WEEK: 120.0}
UNREADABLE = "The figures cannot be read at the moment; what you see may be old."
COST_SHARE = 15  # a slow build may take at most one part in this many of the time


class View(StrEnum):
    """The kinds of screen that are pushed to."""

    OVERVIEW = "overview"
    LINE = "line"
    MACHINE = "machine"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Key:
    """What is shown. `advice` is False for people who may not see predictions and cases."""

    view: View
    scope: str
    window: Window
    advice: bool


def key_for(actor: Actor, view: str, scope: str, window: str) -> Key:
    """The topic that an actor asked for. Raises Forbidden outside the scopes, NotFound for nonsense."""
    try:
        wanted = Key(View(view), scope, Window(window), actor.may(Permission.SEE_PREDICTIONS, scope))
    except ValueError as error:
        raise NotFound("there is no such view") from error
    if not scope or not may_watch(actor, wanted):
        raise Forbidden("this lies outside your area")
    return wanted


def may_watch(actor: Actor, key: Key) -> bool:
    """What concerns the whole site (STATUS) is seen by everybody who sees a part of it."""
    if key.view is View.STATUS:
        return actor.may(Permission.SEE_FLOOR) and any(within(s, key.scope) for s in actor.scopes)
    if not actor.may(Permission.SEE_FLOOR, key.scope):
        return False
    return not key.advice or actor.may(Permission.SEE_PREDICTIONS, key.scope)


@dataclass(slots=True)
class Topic:
    """A snapshot and its version. `due_s` is the moment (monotonic) of the next slow build."""

    key: Key
    watchers: int = 0
    version: int = 0
    due_s: float = 0.0
    stale: bool = True
    built: bool = False
    parts: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def merge(self, sections: Mapping[str, Any], seen_wall_us: int) -> bytes | None:
        """Take new sections; the encoded increment, or None when nothing changed."""
        encoded = {name: _json(section) for name, section in sections.items()}
        with self.lock:
            changed = {name: text for name, text in encoded.items() if self.parts.get(name) != text}
            if not changed:
                return None
            self.parts.update(changed)
            self.version += 1
            return _event("", self.version, seen_wall_us, changed)

    def full(self, now_wall_us: int) -> bytes:
        """The whole snapshot, for a client that comes or comes back."""
        with self.lock:
            return _event("full", self.version, now_wall_us, self.parts)


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _event(name: str, version: int, wall_us: int, parts: Mapping[str, str]) -> bytes:
    head = f"event: {name}\n" if name else ""
    body = ",".join(f"{_json(k)}:{v}" for k, v in parts.items())
    return f'{head}id: {version}\ndata: {{"v":{version},"t":{wall_us},"s":{{{body}}}}}\n\n'.encode()


class LiveHub:
    """All topics of one process. `draw` turns what was read into sections (words, shapes)."""

    def __init__(self, database: Database, draw: Callable[[Shown, bool], Sections]) -> None:
        self._database = database
        self._draw = draw
        self._topics: dict[Key, Topic] = {}
        self._lock = threading.Lock()
        self._values_lock = threading.Lock()
        self._values: Values = {}
        self._since: dict[str, int] = {}
        self._metrics: dict[int, tuple[str, str]] = {}

    def watch(self, key: Key) -> Topic:
        """One more client for a topic."""
        with self._lock:
            topic = self._topics.setdefault(key, Topic(key))
            topic.watchers += 1
            return topic

    def unwatch(self, topic: Topic) -> None:
        """One client less; a topic without clients is forgotten by `tidy`."""
        with self._lock:
            topic.watchers -= 1

    def tidy(self) -> None:
        """Forget the topics that nobody watches."""
        with self._lock:
            for key in [k for k, topic in self._topics.items() if topic.watchers <= 0]:
                del self._topics[key]

    def watched(self) -> list[Topic]:
        """The topics with clients."""
        with self._lock:
            return [topic for topic in self._topics.values() if topic.watchers > 0]

    def committed(self, seen_wall_us: int) -> list[tuple[Topic, bytes]]:
        """Somebody committed: read the newest values, and return the increments they make."""
        topics = self.watched()
        if not topics:
            return []
        with self._database.read() as tx:
            values = self._read_values(tx)
            said = [(topic, self._status(tx, topic.key)) for topic in topics if topic.key.view is View.STATUS]
        changed = {unit for unit, metrics in values.items() if metrics != self._values.get(unit)}
        self._note_states(values, changed)
        self._values = values
        out = [
            (topic, increment)
            for topic, sections in said
            if topic.built and (increment := topic.merge(sections, seen_wall_us))
        ]
        for topic in topics:
            if topic.key.view is View.STATUS:
                continue
            topic.stale = True
            mine = [unit for unit in changed if within(unit, topic.key.scope)]
            increment = (
                topic.merge(self._fast(topic.key, mine), seen_wall_us) if topic.built and mine else None
            )
            if increment:
                out.append((topic, increment))
        return out

    def build(self, topic: Topic, plant_now_us: int, wall_us: int) -> bytes | None:
        """Build the slow sections of a topic. What cannot be read becomes a section `problem`."""
        topic.stale = False
        try:
            with self._database.read() as tx:
                sections = self._draw(self._read(tx, topic.key, plant_now_us), topic.key.advice)
                sections["clock"] = self._clock(tx, topic.key.scope)
                values = self._values or self._read_values(tx)
            sections["problem"] = ""
        except TaktwiseError as error:
            told = str(error) if isinstance(error, UserFixable) else UNREADABLE
            sections, values = {"problem": told}, {}
        with self._values_lock:
            if not topic.built:
                self._values = self._values or values
                units = [unit for unit in self._values if within(unit, topic.key.scope)]
                sections |= {} if topic.key.view is View.STATUS else self._fast(topic.key, units)
            topic.built = True
            return topic.merge(sections, wall_us)

    def plant_now(self, scope: str) -> int:
        """Plant time at the site of a scope."""
        with self._database.read() as tx:
            return clocks.read(tx, site_of(scope)).plant_us()

    def _status(self, tx: Connection, key: Key) -> Sections:
        return self._draw(oversight.status_of(tx, key.scope), key.advice)

    def _read(self, tx: Connection, key: Key, now_us: int) -> Shown:
        if key.view is View.STATUS:
            return oversight.status_of(tx, key.scope)
        ask = plant.Request(key.scope, key.window, now_us)
        if key.view is View.OVERVIEW:
            return plant.read(tx, ask)
        return line.read(tx, ask) if key.view is View.LINE else machine.read(tx, ask)

    def _clock(self, tx: Connection, scope: str) -> Sections:
        clock = clocks.read(tx, site_of(scope))
        return {"plant": clock.origin_plant_us, "wall": clock.origin_wall_us, "speed": clock.speed}

    def _read_values(self, tx: Connection) -> Values:
        columns = (t.latest.c.metric_id, t.latest.c.value, t.latest.c.source_us, t.latest.c.quality)
        rows = tx.execute(select(*columns)).all()
        if any(row[0] not in self._metrics for row in rows):
            m = t.metrics.c
            self._metrics = {
                r[0]: (r[1], r[2]) for r in tx.execute(select(m.metric_id, m.equipment_id, m.name))
            }
        values: Values = {}
        for metric_id, value, source_us, quality in rows:
            known = self._metrics.get(metric_id)
            if known:
                values.setdefault(known[0], {})[known[1]] = (value, source_us, quality)
        return values

    def _note_states(self, values: Values, changed: Iterable[str]) -> None:
        for unit in changed:
            before, after = self._values.get(unit, {}).get("state"), values[unit].get("state")
            if before and after and before[0] != after[0]:
                self._since[unit] = after[1]

    def _fast(self, key: Key, units: Iterable[str]) -> Sections:
        if key.view is View.OVERVIEW:
            lines = {line_of(unit) for unit in units}
            return {f"live:{line_id}": self._line_now(line_id) for line_id in lines}
        if key.view is View.LINE:
            return {f"live:{unit}": self._unit_now(unit) for unit in units}
        sections: Sections = {}
        for unit in units:
            sections["state"] = self._unit_now(unit)
            for name, (value, at, quality) in self._values.get(unit, {}).items():
                sections[f"live:{name}"] = [_finite(value), at, quality]
        return sections

    def _line_now(self, line_id: str) -> Sections:
        mine = {u: m for u, m in self._values.items() if line_of(u) == line_id}
        states = {u: int(m["state"][0]) for u, m in mine.items() if "state" in m}
        newest = max((v[1] for m in mine.values() for v in m.values()), default=None)
        since = {u: self._since[u] for u in mine if u in self._since}
        return {"at": newest, "states": states, "since": since}

    def _unit_now(self, unit: str) -> Sections:
        metrics = self._values.get(unit, {})
        state, mode = metrics.get("state"), metrics.get("mode")
        return {
            "at": max((v[1] for v in metrics.values()), default=None),
            "state": int(state[0]) if state else None,
            "mode": int(mode[0]) if mode else None,
            "since": self._since.get(unit),
            "good": metrics["good_count"][0] if "good_count" in metrics else None,
        }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
