"""The report process: makes what schedules ask for, and brings it to folders and mail boxes.

It looks every few seconds for periods that fell due. A report that cannot be brought away waits and is
tried again, at longer and longer intervals; the health screen says so meanwhile.
"""

import logging
import threading
from typing import Any

from data.store.database import Database
from domain.clock import NEVER, SECOND, steady_us
from domain.errors import Retryable
from runtime import wiring
from runtime.settings import Settings
from runtime.workers.heartbeat import Heartbeat
from services.reports.scheduled import Scheduled

NAME = "report"
PLAN_US = 10 * SECOND
WAIT_S = 1.0
RETRY_S = 2.0
log = logging.getLogger("taktwise.report")


def main(settings: Settings, stop: threading.Event) -> None:
    """Run until `stop` is set. Database and mail server may come and go."""
    database = wiring.database(settings)
    try:
        Worker(database, Scheduled(database, wiring.outlets(settings))).run(stop)
    finally:
        database.close()


class Worker:
    """The loop: see what is due, make one report, beat."""

    def __init__(self, database: Database, scheduled: Scheduled) -> None:
        self._database, self._scheduled = database, scheduled
        self._planned_us, self._heartbeat = NEVER, Heartbeat(database, NAME)
        self._counted = {"due": 0, "done": 0, "waiting": 0, "failed": 0}
        self._trouble = ""

    def run(self, stop: threading.Event) -> None:
        """Turn until `stop`."""
        while not stop.is_set():
            try:
                busy = self.turn()
                self._trouble = ""
            except Retryable as error:
                log.warning("waiting: %s", error)
                self._trouble, busy = str(error), False
                stop.wait(RETRY_S)
            except Exception as error:  # one report that cannot be drawn must not stop the others
                log.exception("a report could not be drawn")
                self._trouble, busy = type(error).__name__, False
            if not busy:
                stop.wait(WAIT_S)

    def turn(self) -> bool:
        """Plan when it is time, and make at most one report; True when there may be more."""
        now = steady_us()
        self._heartbeat.beat(self._detail)
        if now - self._planned_us >= PLAN_US:
            self._planned_us = now
            self._counted["due"] += self._scheduled.plan()
        state = self._scheduled.deliver_next()
        if state is not None:
            self._counted[state] += 1
        return state is not None

    def _detail(self) -> dict[str, Any]:
        return {**self._counted, "trouble": self._trouble}
