"""The figures process: classified time and KPI roll-ups follow the facts within seconds, and the shifts of
calendars stand written some weeks ahead."""

import logging
import threading
import time

from data.store.database import Database
from domain.errors import Retryable
from runtime.settings import Settings
from runtime.workers.heartbeat import Heartbeat
from services import calendars
from services.kpi.keeping import Keeper

NAME = "figures"
TURN_S = 2.0
ROLL_S = 600.0
log = logging.getLogger("taktwise.figures")


def main(settings: Settings, stop: threading.Event) -> None:
    """Run until `stop` is set. While the database is away, wait and try again."""
    database = Database(settings.store_url, pool_size=2)
    keeper, heartbeat = Keeper(database), Heartbeat(database, NAME)
    rolled = float("-inf")
    try:
        while not stop.is_set():
            began, busy = time.monotonic(), False
            try:
                if began - rolled >= ROLL_S:
                    calendars.roll_sites(database)
                    rolled = began
                done = keeper.turn()
                busy = done.waiting > 0
                took = round(1000 * (time.monotonic() - began))
                detail = {"marks": done.marks, "waiting": done.waiting, "turn_ms": took}
                heartbeat.beat(detail.copy)
            except Retryable as error:
                log.warning("waiting: %s", error)
            stop.wait(0 if busy else TURN_S)
    finally:
        database.close()
