"""Takes in what the sources say, each at its own pace. What was said already costs one query."""

import logging
from collections.abc import Callable

from sqlalchemy import Connection

from data.store import signals, stops
from data.store.database import Database
from domain.cases import CaseKind
from domain.clock import SECOND
from domain.errors import Retryable, TaktwiseError
from services.joining import KINDS, Effect, Signal, Source, take_in
from services.sources import alarms, anomalies, oddities, outlooks, pictures, shortages, still
from services.spc.pattern_cases import MODEL

log = logging.getLogger("taktwise.watch")
Finds = Callable[[Connection, str, int], list[Signal]]


def _unusual(tx: Connection, site_id: str, now_us: int) -> list[Signal]:
    """Patterns that a person froze, and what the model of the unusual says."""
    return [*anomalies.found(tx, site_id, now_us), *oddities.found(tx, site_id, now_us)]


# source, how it is found, how often (wall time)
SOURCES: tuple[tuple[Source, Finds, int], ...] = (
    (Source.ALARM, alarms.found, 5 * SECOND),
    (Source.ANOMALY, _unusual, 60 * SECOND),
    (Source.SHORTAGE, shortages.found, 60 * SECOND),
    (Source.OUTLOOK, outlooks.found, 300 * SECOND),
    (Source.PICTURES, pictures.found, 60 * SECOND),
)


class SourceWatch:
    """One a process. Not thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._done: dict[tuple[str, Source], int] = {}

    def turn(self, site_id: str, plant_us: int, steady_us: int) -> dict[Effect, int]:
        """Take in what is due at a site; how many signals had which effect."""
        counted = dict.fromkeys(Effect, 0)
        for source, finds, every_us in SOURCES:
            key = (site_id, source)
            if key in self._done and steady_us - self._done[key] < every_us:
                continue
            self._done[key] = steady_us
            every, new = self._found(finds, site_id, plant_us)
            for signal in new:
                counted[self._take(site_id, signal)] += 1
            self._refresh(source, site_id, [one.equipment_id for one in every], plant_us)
        return counted

    def _found(self, finds: Finds, site_id: str, plant_us: int) -> tuple[list[Signal], list[Signal]]:
        """All that is said now, and what of it was not said before."""
        with self._database.read() as tx:
            every = finds(tx, site_id, plant_us)
            return every, [
                one
                for one in every
                if not signals.said(tx, one.equipment_id, one.source.value, one.source_id, one.words)
            ]

    def _refresh(self, source: Source, site_id: str, units: list[str], plant_us: int) -> None:
        kind = KINDS.get(source)
        if kind is None:
            return
        with self._database.read() as tx:
            if not still.any_old(tx, kind, site_id, units, plant_us):
                return
        with self._database.write() as tx:
            if kind is CaseKind.ALARM:
                still.standing_alarms(tx, site_id, plant_us)
            else:
                still.refresh(tx, kind, units, plant_us)

    def _take(self, site_id: str, signal: Signal) -> Effect:
        try:
            with self._database.write() as tx:
                if signal.source is Source.ANOMALY and stops.stopped(tx, site_id, MODEL, hold=True):
                    return Effect.NOTHING
                return take_in(tx, signal).effect
        except Retryable:
            raise
        except TaktwiseError as error:
            log.warning("%s of %s: %s", signal.source, signal.equipment_id, error)
            return Effect.NOTHING
