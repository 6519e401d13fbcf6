"""The figures process: classified time and KPI roll-ups follow the facts within seconds, the shifts of
calendars stand written some weeks ahead, and readings and the journal of alarms are rolled up."""

import logging
import threading
import time

from data.store.database import Database
from domain.errors import Retryable
from runtime.collector import quiet
from runtime.settings import Settings
from runtime.workers.heartbeat import Heartbeat
from runtime.workers.history import Roller
from services import calendars
from services.alarms import rollup
from services.kpi.keeping import Keeper

NAME = "figures"
TURN_S = 2.0
ROLL_S = 600.0
log = logging.getLogger("taktwise.figures")


def main(settings: Settings, stop: threading.Event) -> None:
    """Run until `stop` is set. While the database is away, wait and try again."""
    database = Database(settings.store_url, pool_size=2)
    keeper, heartbeat = Keeper(database), Heartbeat(database, NAME)
    roller = Roller(settings)
    history = threading.Thread(target=roller.run, args=(stop,), name="history", daemon=True)
    history.start()
    rolled = float("-inf")
    try:
        with quiet():
            while not stop.is_set():
                began, busy = time.monotonic(), False
                try:
                    if began - rolled >= ROLL_S:
                        calendars.roll_sites(database)
                        rolled = began
                    done = keeper.turn()
                    busy = done.waiting > 0 or rollup.pack(database) >= rollup.MOST
                    took = round(1000 * (time.monotonic() - began))
                    detail = {"marks": done.marks, "waiting": done.waiting, "turn_ms": took, **roller.detail}
                    heartbeat.beat(detail.copy)
                except Retryable as error:
                    log.warning("waiting: %s", error)
                stop.wait(0 if busy else TURN_S)
    finally:
        stop.set()
        history.join(10)
        database.close()
