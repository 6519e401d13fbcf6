"""The figures process: classified time and KPI roll-ups follow the facts within seconds."""

import logging
import os
import threading
import time

from data.store.database import Database
from domain.clock import SECOND, wall_us
from domain.errors import Retryable
from runtime.settings import Settings
from services import workers
from services.kpi.keeping import Keeper

NAME = "figures"
TURN_S = 2.0
BEAT_US = 5 * SECOND
log = logging.getLogger("taktwise.figures")


def main(settings: Settings, stop: threading.Event) -> None:
    """Run until `stop` is set. While the database is away, wait and try again."""
    database = Database(settings.store_url, pool_size=2)
    keeper, beat_us, detail = Keeper(database), 0, {"marks": 0, "waiting": 0, "turn_ms": 0}
    try:
        while not stop.is_set():
            began, busy = time.monotonic(), False
            try:
                done = keeper.turn()
                busy = done.waiting > 0
                took = round(1000 * (time.monotonic() - began))
                detail = {"marks": done.marks, "waiting": done.waiting, "turn_ms": took}
                if wall_us() - beat_us >= BEAT_US:
                    beat_us = wall_us()
                    workers.beat(database, NAME, os.getpid(), detail)
            except Retryable as error:
                log.warning("waiting: %s", error)
            stop.wait(0 if busy else TURN_S)
    finally:
        database.close()
