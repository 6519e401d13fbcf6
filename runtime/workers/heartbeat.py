"""A process says every few seconds that it lives, and what it has done."""

import logging
import os
from collections.abc import Callable, Mapping
from typing import Any

from data.store.database import Database
from domain.clock import SECOND, steady_us
from domain.errors import Retryable
from services import workers

BEAT_US = 5 * SECOND


class Heartbeat:
    """The beat of the process `name`. A database that is away is told in the log, and not waited for."""

    def __init__(self, database: Database, name: str, every_us: int = BEAT_US) -> None:
        self._database, self._name, self._every_us = database, name, every_us
        self._beat_us = 0
        self._log = logging.getLogger(f"taktwise.{name}")

    def beat(self, detail: Callable[[], Mapping[str, Any]]) -> None:
        """Write `detail()` when it is time; call it as often as you like."""
        if steady_us() - self._beat_us < self._every_us:
            return
        self._beat_us = steady_us()
        try:
            workers.beat(self._database, self._name, os.getpid(), detail())
        except Retryable as error:
            self._log.warning("no heartbeat: %s", error)
