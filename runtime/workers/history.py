"""Rolls readings up by minute, hour and shift. In a thread of the figures process."""

import logging
import threading
import time

from data.store.database import Database
from domain.errors import Retryable
from runtime.settings import Settings
from services.history.keeper import HistoryKeeper

EVERY_S = 15.0
PAUSE_S = 0.05  # between two turns while much waits, so that ingest gets the writer
CALENDARS_S = 60.0
RETRY_S = 5.0
log = logging.getLogger("taktwise.history")


class Roller:
    """What was rolled up so far, for the heartbeat; `run` in a thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.detail: dict[str, object] = {}
        self._minutes = 0

    def run(self, stop: threading.Event) -> None:
        """Turn after turn until `stop` is set. A database that is away is tried again."""
        database = Database(self._settings.store_url, pool_size=1)
        keeper, looked = HistoryKeeper(database), float("-inf")
        while not stop.is_set():
            try:
                if time.monotonic() - looked >= CALENDARS_S:
                    keeper.standing()
                    while keeper.shifts() and not stop.wait(PAUSE_S):
                        pass
                    looked = time.monotonic()
                self._round(keeper, stop)
                stop.wait(EVERY_S)
            except Retryable as error:
                log.warning("nothing is rolled up: %s", error)
                stop.wait(RETRY_S)
        database.close()

    def _round(self, keeper: HistoryKeeper, stop: threading.Event) -> None:
        """Answer what is marked; what comes meanwhile is for the next round."""
        left: int | None = None
        while not stop.is_set():
            done = keeper.turn()
            self._minutes += done.minutes
            left = done.waiting + done.marks if left is None else left
            left -= max(done.marks, 1)
            self.detail = {"minutes_rolled_up": self._minutes, "roll_ups_waiting": done.waiting}
            if left <= 0 or not done.waiting or stop.wait(PAUSE_S):
                return
