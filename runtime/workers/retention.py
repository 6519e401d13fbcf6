"""Deletes readings and roll-ups that are older than the plant keeps them, and texts that nobody came back
for; on PostgreSQL makes the tables of the days to come.

In a thread of the ingest process.
"""

import logging
import threading

from data.store.database import Database
from domain.clock import DAY, SECOND, wall_us
from domain.errors import Retryable
from runtime.settings import Settings
from services.commands.drafts import DraftCommands
from services.partitions import Partitions, Tables
from services.queries.health import STRAYS
from services.retention import MARGIN_US, Retention

EVERY_S = 600.0
PAUSE_S = 0.1  # between two batches, so that ingest gets its turn: 20,000 readings a second at most
RETRY_S = 5.0
log = logging.getLogger("taktwise.retention")


class Keeper:
    """What was deleted so far, for the heartbeat; `run` in a thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.detail: dict[str, object] = {
            "raw_readings_kept": f"{settings.raw_days:g} days",
            **{f"{name}s_kept": f"{days:g} days" for name, days in settings.rolled_days.items()},
        }

    def run(self, stop: threading.Event) -> None:
        """Pass after pass until `stop` is set. A database that is away is tried again."""
        database = Database(self._settings.store_url, pool_size=1)
        days, levels = self._settings.raw_days, self._settings.rolled_days
        retention, drafts = Retention(database, days, levels=levels), DraftCommands(database)
        tables = Partitions(database, round(days * DAY) + MARGIN_US, round(EVERY_S * SECOND))
        while not stop.is_set():
            try:
                self._tables(tables.work(wall_us()))
                retention.begin(wall_us())
                while retention.step() and not stop.wait(PAUSE_S):
                    self._tell(retention)
                drafts.forget_old()
                self._tell(retention)
                stop.wait(EVERY_S)
            except Retryable as error:
                log.warning("nothing is deleted: %s", error)
                stop.wait(RETRY_S)
        database.close()

    def _tables(self, found: Tables) -> None:
        if found.days:
            told = {"tables_of_days": found.days, STRAYS: found.strays}
            self.detail = {**self.detail, **told}

    def _tell(self, retention: Retention) -> None:
        self.detail = {**self.detail, "deleted_since_start": retention.deleted}
