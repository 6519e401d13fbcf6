"""From windows of machines to what is unusual about them. One transaction per batch: all of it, or nothing.

Guarantees. A machine has one score per model version and half hour, however often and by however many workers
it is scored. What was said up to a half hour is carried on from where the machine stands in the store, so a
process that is killed goes on as if it had not been. A half hour without a score says why; it neither begins
nor ends an odd stretch. A stopped model stores nothing.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, field
from math import sqrt
from typing import Any

import numpy as np
from sqlalchemy import Connection

from data.store import oddities, predictions, stops
from data.store.database import Database
from domain.clock import DAY, wall_us
from domain.oddity import Oddity
from domain.sending import version_of
from models.anomaly.machines.watcher import Watcher
from services.score.fitting import known_only
from services.score.inputs import Input, Inputs, Unit
from services.score.judge import ODD_OUTPUT, window_hash
from services.score.origin import barred, silenced, speaks_since
from services.score.run import Progress

CATCH_UP_US = DAY


@dataclass(frozen=True, slots=True)
class Judged:
    """How many half hours were stored, how many of them without a score, and how many of an odd machine."""

    scored: int = 0
    not_known: int = 0
    odd: int = 0

    def __add__(self, other: "Judged") -> "Judged":
        return Judged(self.scored + other.scored, self.not_known + other.not_known, self.odd + other.odd)


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a machine stands: the newest half hour (None: none yet), itself and each of its signals."""

    at_us: int | None = None
    machine: Oddity = field(default_factory=Oddity)
    signals: dict[str, Oddity] = field(default_factory=dict)

    @classmethod
    def of(cls, row: dict[str, Any] | None) -> "Stand":
        """From a row of `oddity_states`."""
        if row is None:
            return cls()
        course = json.loads(row["course"])
        signals = {name: Oddity(*one) for name, one in course["signals"].items()}
        return cls(row["at_us"], Oddity(*course["machine"]), signals)

    def stored(self) -> str:
        """The column `course`."""
        signals = {name: astuple(one) for name, one in self.signals.items()}
        return json.dumps({"machine": astuple(self.machine), "signals": signals})


def watch_due(database: Database, watcher: Watcher, inputs: Inputs, now_us: int, *, site_id: str) -> Judged:
    """Score every machine of a site at the half hours that came since it was last.

    After a pause at most a day is made up for; a machine never scored gets its newest half hour. What the
    model would have said while it was stopped, or before it took the champion's place, is never made up for.
    """
    key = watcher.card.name, watcher.card.version
    with database.read() as tx:
        if stops.stopped(tx, site_id, key[0]):
            return Judged()
        begun = speaks_since(tx, key, site_id, shadow=False)
        units = [Unit(*row) for row in predictions.units(tx, watcher.card.thresholds, site_id, now=True)]
        stands = _stands(tx, key, units)
        found: list[Input] = []
        for unit in units:
            known = stands[unit.equipment_id].at_us
            after = max(now_us - CATCH_UP_US, -1 if known is None else known, begun)
            times = inputs.due(tx, unit, after, now_us)
            found += inputs.build(tx, unit, times if known is not None else times[-1:])
        if barred(tx, watcher.card, site_id):
            found = silenced(found)
    return _store(database, watcher, found, stands, site_id)


def watch_range(
    database: Database, watcher: Watcher, inputs: Inputs, span: tuple[int, int], *, site_id: str,
    progress: Progress | None = None,
) -> Judged:  # fmt: skip
    """Score history: every machine of a site at each half hour of (from, to], a machine at a time."""
    key = watcher.card.name, watcher.card.version
    total = Judged()
    with database.read() as tx:
        units = [Unit(*row) for row in predictions.units(tx, watcher.card.thresholds, site_id)]
    for place, unit in enumerate(units):
        with database.read() as tx:
            stands = _stands(tx, key, [unit])
            found = inputs.build(tx, unit, inputs.due(tx, unit, *span))
            if barred(tx, watcher.card, site_id):
                found = silenced(found)
        total += _store(database, watcher, found, stands, site_id)
        if progress is not None:
            progress((place + 1) / len(units))
    return total


def _stands(tx: Connection, key: tuple[str, str], units: Iterable[Unit]) -> dict[str, Stand]:
    ids = [unit.equipment_id for unit in units]
    stored = oddities.states(tx, key, ids)
    return {one: Stand.of(stored.get(one)) for one in ids}


def _store(
    database: Database, watcher: Watcher, inputs: Sequence[Input], stands: dict[str, Stand], site_id: str
) -> Judged:
    if not inputs:
        return Judged()
    rows, newest = _judged(watcher, inputs, stands)
    with database.write() as tx:
        if stops.stopped(tx, site_id, watcher.card.name, hold=True):
            return Judged()
        new = oddities.add(tx, rows, newest)
    unknown = sum(row["score"] is None for row in rows)
    return Judged(new, min(new, unknown), sum(row["since_us"] is not None for row in rows))


def _judged(
    watcher: Watcher, inputs: Sequence[Input], stands: dict[str, Stand]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A row for every half hour, and where each machine stands after its last."""
    known = known_only(watcher.familiar, inputs)
    windows = [one.window for one in known if one.window is not None]
    marks = watcher.marks(np.stack(windows) if windows else np.zeros((0, *_shape(watcher)), np.float32))
    rows, newest, place, at = [], dict[str, dict[str, Any]](), -1, dict(stands)
    for one, given in zip(known, inputs, strict=True):
        unit = one.unit.equipment_id
        stand, row, parts = at[unit], _row(watcher, one, given), None
        if one.window is not None:
            place += 1
            score, parts = float(marks.score[place]), marks.parts[place]
            if not (np.isfinite(score) and np.isfinite(parts).all()):
                row["reason"], parts = ODD_OUTPUT, None
            else:
                top = watcher.card.thresholds[one.unit.machine_type]
                stand = _stepped(watcher, stand, one, score, parts.tolist())
                row |= {"score": score, "threshold": top, "since_us": stand.machine.since_us,
                        "parts": parts.astype("<f4").tobytes()}  # fmt: skip
        at[unit] = Stand(one.at_us, stand.machine, stand.signals)
        rows.append(row)
        newest[unit] = _state(watcher, one, row, at[unit], None if parts is None else parts.tolist())
    return rows, list(newest.values())


def _shape(watcher: Watcher) -> tuple[int, ...]:
    return next(iter(watcher.backgrounds.values())).shape[1:]


def _stepped(watcher: Watcher, stand: Stand, one: Input, score: float, parts: list[float]) -> Stand:
    top = watcher.card.thresholds[one.unit.machine_type]
    machine = stand.machine.step(one.at_us, above=score > top)
    signals = {
        name: stand.signals.get(name, Oddity()).step(one.at_us, above=sqrt(part) > top)
        for name, part in zip(watcher.card.signals, parts, strict=True)
    }
    return Stand(one.at_us, machine, signals)


def _row(watcher: Watcher, one: Input, given: Input) -> dict[str, Any]:
    card = watcher.card
    return {
        "equipment_id": one.unit.equipment_id, "model_name": card.name, "model_version": card.version,
        "at_us": one.at_us, "made_wall_us": wall_us(),
        "feature_version": version_of(card.feature_version, one.sent),
        "window_hash": "" if given.window is None else window_hash(given.window),
        "score": None, "threshold": None, "reason": one.reason, "since_us": None, "parts": None,
    }  # fmt: skip


def _state(
    watcher: Watcher, one: Input, row: dict[str, Any], stand: Stand, parts: list[float] | None
) -> dict[str, Any]:
    """Where the machine stands; signals are named while it is odd."""
    odd = stand.machine.since_us is not None and parts is not None
    return {
        "equipment_id": one.unit.equipment_id, "model_name": row["model_name"],
        "model_version": row["model_version"], "at_us": one.at_us, "score": row["score"],
        "threshold": row["threshold"], "reason": row["reason"], "since_us": row["since_us"],
        "signals": json.dumps(_named(watcher, one, stand, parts or []) if odd else []),
        "course": stand.stored(),
    }  # fmt: skip


def _named(watcher: Watcher, one: Input, stand: Stand, parts: list[float]) -> list[tuple[str, int, float]]:
    """(signal, odd since, how far by the threshold), the oddest first; at least the one furthest out."""
    top = watcher.card.thresholds[one.unit.machine_type]
    times = {name: sqrt(part) / top for name, part in zip(watcher.card.signals, parts, strict=True)}
    found = [
        (name, at, far) for name, far in times.items() if (at := stand.signals[name].since_us) is not None
    ]
    if not found and stand.machine.since_us is not None:
        most = max(times, key=lambda name: times[name])
        found = [(most, stand.machine.since_us, times[most])]
    return sorted(found, key=lambda one: -one[2])
