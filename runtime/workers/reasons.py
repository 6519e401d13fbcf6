"""Proposals of reasons for stops, in the scoring process: a part of its turns, never a thread of its own."""

import time
from collections.abc import Sequence
from typing import Any

from data.store import guesses
from data.store.database import Database
from domain.clock import DAY, HOUR
from domain.time_model import Span
from models import opening
from models.classification.stops.reasoner import Reasoner
from runtime.settings import Settings
from services.floor import facts
from services.registry.folders import at_work
from services.situation import every_site, site_at
from services.stops.guessing import Guessed, guess_due

LOOK_S, LINES_A_TURN = 30.0, 2
FIRST_US, BACK_US = 12 * HOUR, 2 * HOUR
TIDY_S = 3_600.0


class Reasons:
    """The models that the registry has at work, a few lines a turn. Without one the rules propose."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._database = database
        self._lineup, self.trouble = at_work(database, settings.reason_model, Reasoner, opening.load)
        self._looked: set[str] = set()
        self._waiting: list[tuple[str, str]] = []
        self._guessed = Guessed()
        self._keep_us, self._tidy_at, self._round_at = round(settings.reason_days * DAY), 0.0, 0.0

    def turn(self) -> bool:
        """Look at the next lines; True when there are more in this round."""
        self._tidy()
        if self._lineup is None:
            return False
        work = self._lineup.at_work()
        self.trouble = work.trouble
        every = work.every
        if not every:
            return False
        if not self._waiting and time.monotonic() >= self._round_at:
            self._waiting, self._round_at = self._lines(), time.monotonic() + LOOK_S
        mine, self._waiting = self._waiting[:LINES_A_TURN], self._waiting[LINES_A_TURN:]
        for line_id, site_id in mine:
            self._look(every, line_id, site_id)
        return bool(self._waiting)

    def _lines(self) -> list[tuple[str, str]]:
        with self._database.read() as tx:
            sites = [site.site_id for site in every_site(tx)]
            return [(row.equipment_id, site) for site in sites for row in facts.nodes(tx, site, "line")]

    def _look(self, every: Sequence[Reasoner], line_id: str, site_id: str) -> None:
        with self._database.read() as tx:
            now_us = site_at(tx, site_id).now_us
        back_us = BACK_US if line_id in self._looked else FIRST_US
        found = guess_due(self._database, every, line_id, Span(now_us - back_us, now_us), now_us)
        self._looked.add(line_id)
        self._guessed += found

    def _tidy(self) -> None:
        """Every hour: what was said of old stops goes."""
        if time.monotonic() < self._tidy_at:
            return
        self._tidy_at = time.monotonic() + TIDY_S
        with self._database.write() as tx:
            for site in every_site(tx):
                guesses.forget(tx, site.site_id, site.now_us - self._keep_us)

    def detail(self) -> dict[str, Any]:
        """For the heartbeat."""
        return {
            "stops looked at": self._guessed.looked,
            "reasons proposed": self._guessed.sure,
            **({"reasons of stops": self.trouble} if self.trouble else {}),
        }
