"""The ingest process: the parts of the plant that it holds, and the MES databases, into the store.

With `TAKTWISE_INGEST_WORKERS` above 1 several processes divide the plant among them; each is there for one
part, and takes over another one whose process is gone (services/ingest/parts.py).
"""

import gc
import logging
import select
import threading
from collections.abc import Callable

from data.sources.mes import ForeignDatabase
from data.store.database import Database
from domain.clock import SECOND, steady_us, wall_us
from domain.errors import Retryable
from runtime.settings import Settings
from runtime.workers.ingest_part import BATCH, Part
from runtime.workers.mapping_file import MappingFile
from runtime.workers.mes_polls import open_all
from runtime.workers.mes_polls import run as run_polls
from runtime.workers.retention import Keeper
from services.ingest.parts import PartLost, Parts

__all__ = ["BATCH", "QUIET", "main"]
TURN_S = 0.05
LEASE_TURN_US = SECOND
QUIET = 200_000  # a batch holds as many small objects as starts the collector a hundred times, and no cycles
log = logging.getLogger("taktwise.ingest")


def main(settings: Settings, stop: threading.Event) -> None:
    """Run until `stop` is set. Brokers and databases may come and go."""
    before = gc.get_threshold()
    gc.set_threshold(QUIET)
    foreign = open_all(settings)
    database = Database(settings.store_url)
    try:
        Process(settings, database, foreign).run(stop)
    finally:
        database.close()
        gc.set_threshold(*before)


class Process:
    """The loop: hold parts, wait, let each read and store."""

    def __init__(self, settings: Settings, database: Database, foreign: dict[str, ForeignDatabase]) -> None:
        self._settings, self._database, self._foreign = settings, database, foreign
        self._leases = Parts(database, settings.ingest_workers, settings.ingest_number - 1)
        self._keeper = Keeper(settings)
        self._mapping = MappingFile(settings.topics)
        self._parts: dict[int, Part] = {}
        self._aside: _Aside | None = None
        self._turned_us = 0
        self._trouble = ""

    def run(self, stop: threading.Event) -> None:
        """Take messages until `stop`; then store what was read, say goodbye and leave."""
        try:
            while not stop.is_set():
                if steady_us() - self._turned_us >= LEASE_TURN_US:
                    self._turned_us = steady_us()
                    self._hold(stop)
                    self._remap()
                self._wait(stop)
                for part in list(self._parts.values()):
                    self._or_lost(part, part.turn, stop)
        finally:
            for part in list(self._parts.values()):
                self._leave(part, stop)

    def _hold(self, stop: threading.Event) -> None:
        """Take, give back and drop parts, as the leases say."""
        try:
            found = self._leases.turn()
            for number in found.lost:
                self._lost(self._parts.get(number), number)
            for number in found.wanted:
                if part := self._parts.get(number):
                    self._leave(part, stop)
            for number in [n for n in self._leases.held if n not in self._parts]:
                log.info("takes in part %d of %d", number + 1, self._leases.parts)
                self._parts[number] = Part(
                    self._settings, self._database, self._keeper, self._mapping, self._leases, number
                )
                if number == 0:
                    self._aside = _Aside(self._settings, self._foreign, self._keeper)
        except Retryable as error:
            log.warning("waiting for the database: %s", error)
        if self._leases.trouble != self._trouble:
            self._trouble = self._leases.trouble
            log.warning("%s", self._trouble or "the plant is divided as said")

    def _remap(self) -> None:
        """Read topics by the mapping as its file is now."""
        if self._mapping.changed():
            for part in self._parts.values():
                part.remap()

    def _wait(self, stop: threading.Event) -> None:
        now, sockets = wall_us(), []
        for part in self._parts.values():
            for link in part.links:
                link.keep_open(now)
                if (found := link.socket()) is not None:
                    sockets.append(found)
        if any(link.more for part in self._parts.values() for link in part.links):
            return
        if sockets:
            select.select(sockets, [], [], TURN_S)
        else:
            stop.wait(TURN_S)

    def _or_lost(self, part: Part, act: Callable[[threading.Event], None], stop: threading.Event) -> None:
        try:
            act(stop)
        except PartLost as error:
            log.warning("%s", error)
            self._lost(part, part.number)

    def _lost(self, part: Part | None, number: int) -> None:
        self._leases.forget(number)
        self._parts.pop(number, None)
        if part is not None:
            part.drop()
        self._end_aside(number)

    def _leave(self, part: Part, stop: threading.Event) -> None:
        self._or_lost(part, part.leave, stop)
        self._parts.pop(part.number, None)
        self._end_aside(part.number)
        try:
            self._leases.give_back(part.number)
        except Retryable as error:
            log.warning("the lease of part %d runs out by itself: %s", part.number + 1, error)

    def _end_aside(self, number: int) -> None:
        if number == 0 and self._aside is not None:
            self._aside.end()
            self._aside = None


class _Aside:
    """What runs once in the plant, beside the first part: MES polls, and the end of old readings."""

    def __init__(self, settings: Settings, foreign: dict[str, ForeignDatabase], keeper: Keeper) -> None:
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=run_polls, args=(settings, foreign, self._stop), name="mes", daemon=True),
            threading.Thread(target=keeper.run, args=(self._stop,), name="retention", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Wait until both are over, ten seconds at most."""
        self._stop.set()
        for thread in self._threads:
            thread.join(10)
