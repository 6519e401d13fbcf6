"""The watching process: alarms as values arrive, control charts as their samples end.

What was found is in the database, and a turn that finds nothing new writes nothing: a process that is
killed goes on where it stopped.
"""

import logging
import threading
from typing import Any

from sqlalchemy import select

from data.store import tables as t
from data.store.database import Database
from domain.clock import MINUTE, NEVER, SECOND, steady_us
from domain.errors import Retryable
from runtime.settings import Settings
from runtime.workers.heartbeat import Heartbeat
from services.alarms.edge_watch import EdgeAlarmWatch
from services.alarms.watch import AlarmWatch
from services.joining import Effect
from services.signal_watch import SignalWatch
from services.situation import site_at
from services.sources.watch import SourceWatch
from services.spc.patterns import PatternWatch
from services.spc.watch import ChartWatch

NAME = "watch"
TURN_S = 1.0
CHARTS_US = 5 * SECOND
ARRIVAL_WALL_US = 2 * SECOND  # from a value's own time to the moment at which it is stored, as a rule
GRACE_WALL_US = 30 * SECOND  # what is on its way at the end of an hour still arrives
log = logging.getLogger("taktwise.watch")


def main(settings: Settings, stop: threading.Event) -> None:
    """Run until `stop` is set. The database may come and go."""
    database = Database(settings.store_url, pool_size=2)
    try:
        Worker(database).run(stop)
    finally:
        database.close()


class Worker:
    """The loop: alarms, charts, beat."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._alarms, self._edge_alarms = AlarmWatch(database), EdgeAlarmWatch(database)
        self._sources = SourceWatch(database)
        self._charts, self._patterns = ChartWatch(database), PatternWatch(database)
        self._signals = SignalWatch(database)
        self._charts_us = NEVER
        self._heartbeat = Heartbeat(database, NAME)
        self._totals = {
            "alarm events": 0,
            "samples": 0,
            "broken rules": 0,
            "cases": 0,
            "hours": 0,
            "joined": 0,
            "signals": 0,
        }
        self._trouble = ""

    def run(self, stop: threading.Event) -> None:
        """Turn until `stop`."""
        while not stop.is_set():
            try:
                self.turn()
                self._trouble = ""
            except Retryable as error:
                if str(error) != self._trouble:
                    log.warning("%s", error)
                self._trouble = str(error)
            self._heartbeat.beat(self._detail)
            stop.wait(TURN_S)

    def turn(self) -> None:
        """Do what is due, site by site."""
        arrived = dict(self._sites(ARRIVAL_WALL_US))
        for site_id, plant_us in self._sites(0):
            for watch in (self._alarms, self._edge_alarms):
                self._totals["alarm events"] += watch.turn(site_id, plant_us, arrived.get(site_id))
            taken = self._sources.turn(site_id, plant_us, steady_us())
            self._totals["cases"] += taken[Effect.OPENED]
            self._totals["joined"] += taken[Effect.JOINED]
            self._totals["signals"] += self._signals.turn(site_id, plant_us)
        if steady_us() - self._charts_us >= CHARTS_US:
            self._charts_us = steady_us()
            for site_id, plant_us in self._sites(GRACE_WALL_US):
                self._draw(site_id, plant_us)

    def _draw(self, site_id: str, now_us: int) -> None:
        seen = self._charts.turn(site_id, now_us)
        self._totals["samples"] += seen.samples
        self._totals["broken rules"] += seen.breaks
        self._totals["cases"] += seen.cases
        judged = self._patterns.turn(site_id, now_us)
        self._totals["hours"] += judged.hours
        self._totals["broken rules"] += judged.breaks
        self._totals["cases"] += judged.cases

    def _sites(self, grace_us: int) -> list[tuple[str, int]]:
        """Each site with a clock, and the plant time up to which its data have had time to arrive."""
        with self._database.read() as tx:
            ids = tx.execute(select(t.clocks.c.site_id).order_by(t.clocks.c.site_id)).scalars().all()
            found = [site_at(tx, site_id) for site_id in ids]
        return [
            (site.site_id, site.now_us - min(round(grace_us * site.clock.speed), 5 * MINUTE))
            for site in found
        ]

    def _detail(self) -> dict[str, Any]:
        return {**self._totals, "trouble": self._trouble}
