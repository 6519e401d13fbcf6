"""The model of reasons at work: what it says of stops that begin, go on and end. In the scoring process.

A stop is looked at when it has stood for a minute, again whenever it has lasted twice as long, and when it
is over; one that was short needs no reason. What was said is stored with the model's version, that of the
features and a hash of the inputs. A stopped model stores nothing, and one that learned from simulated
machines says nothing of real ones.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from data.store import guesses as store
from data.store import stops as ai_stops
from data.store.database import Database
from domain.clock import MINUTE, wall_us
from domain.equipment import site_of
from domain.time_model import Span
from models.classification.stops.features import FEATURE_VERSION, Moment, Row
from models.classification.stops.reasoner import Reasoner
from services.score.judge import window_hash
from services.score.origin import barred
from services.stops.finding import Finding, Found, find
from services.stops.moments import Facts

FIRST_US = MINUTE


@dataclass(frozen=True, slots=True)
class Guessed:
    """How many stops were looked at, and of how many the model was sure."""

    looked: int = 0
    sure: int = 0

    def __add__(self, other: "Guessed") -> "Guessed":
        return Guessed(self.looked + other.looked, self.sure + other.sure)


def guess_due(
    database: Database, reasoners: Sequence[Reasoner], line_id: str, span: Span, now_us: int
) -> Guessed:
    """Look at the stops of a line that touch a span and are due, with each version; the first one counts."""
    total = Guessed()
    with database.read() as tx:
        mine = [one for one in reasoners if _may(tx, one, line_id)]
        if not mine:
            return total
        finding = find(tx, line_id, span, now_us)
        due = {one.card.version: _due(tx, one, finding, now_us) for one in mine}
        wanted = {found.stop.key: found for rows in due.values() for found in rows}
        rows = _inputs(tx, finding, list(wanted.values()), now_us)
    for one in mine:
        said = [_said(one, found, *rows[found.stop.key]) for found in due[one.card.version]]
        if said and _stored(database, one, line_id, said) and one is reasoners[0]:
            total += Guessed(len(said), sum(row["sure"] for row in said))
    return total


def _may(tx: Connection, one: Reasoner, line_id: str) -> bool:
    site_id = site_of(line_id)
    return not ai_stops.stopped(tx, site_id, one.card.name) and not barred(tx, one.card, site_id)


def _due(tx: Connection, one: Reasoner, finding: Finding, now_us: int) -> list[Found]:
    stops = [found.stop for found in finding.found]
    if not stops:
        return []
    begins = [stop.from_us for stop in stops]
    key = one.card.name, one.card.version
    known = store.of(tx, key, finding.line.units, min(begins), max(begins))
    return [
        found
        for found in finding.found
        if not found.short
        and _is_due(found, known.get((found.stop.equipment_id, found.stop.from_us)), now_us)
    ]


def _is_due(found: Found, row: Any, now_us: int) -> bool:
    stop = found.stop
    if not stop.open:
        return row is None or row.at_us != stop.to_us
    lasted = now_us - stop.from_us
    return lasted >= (FIRST_US if row is None else 2 * (row.at_us - stop.from_us))


def _inputs(
    tx: Connection, finding: Finding, wanted: Sequence[Found], now_us: int
) -> dict[str, tuple[int, Row]]:
    """The moment and the inputs of each stop, by key."""
    if not wanted:
        return {}
    begins = [found.stop.from_us for found in wanted]
    facts = Facts.read(tx, finding.line, Span(min(begins), now_us))
    found: dict[str, tuple[int, Row]] = {}
    for one in wanted:
        at_us = now_us if one.stop.open else one.stop.to_us
        place = finding.line.units.index(one.stop.equipment_id)
        moment: Moment = facts.moment(finding.stops, place, one.stop.from_us, at_us)
        found[one.stop.key] = at_us, moment.row()
    return found


def _said(one: Reasoner, found: Found, at_us: int, row: Row) -> dict[str, Any]:
    """The row of `stop_guesses`; what contributed is worked out where it will be shown."""
    chances = one.chances(row[None])
    sure = bool(one.sure(chances)[0])
    parts = [(name, round(value, 4)) for name, value in one.say(row).parts] if sure else []
    return {
        "equipment_id": found.stop.equipment_id, "from_us": found.stop.from_us,
        "model_name": one.card.name, "model_version": one.card.version, "at_us": at_us,
        "made_wall_us": wall_us(), "feature_version": FEATURE_VERSION, "window_hash": window_hash(row),
        "reason": one.card.labels[int(chances[0].argmax())], "chance": float(chances[0].max()), "sure": sure,
        "parts": json.dumps(parts),
    }  # fmt: skip


def _stored(database: Database, one: Reasoner, line_id: str, said: Sequence[dict[str, Any]]) -> bool:
    with database.write() as tx:
        if ai_stops.stopped(tx, site_of(line_id), one.card.name, hold=True):
            return False
        store.put(tx, said)
    return True
