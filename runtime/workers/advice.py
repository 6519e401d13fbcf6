"""Advice on settings of processes, in the scoring process: a part of its turns, never a thread of its own."""

import time
from typing import Any

from data.store.database import Database
from models import opening
from models.quality.adviser import Adviser
from runtime.settings import Settings
from services.process.advising import advise_due
from services.process.judging import judge_due
from services.registry.folders import at_work
from services.situation import every_site

LOOK_S = 300.0


class Advice:
    """The model of scrap that the registry has at work, a site a turn. Without one nothing is advised."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._database, self._lineup, self.trouble = database, None, ""
        if settings.process_model is not None:
            self._lineup, self.trouble = at_work(database, settings.process_model, Adviser, opening.load)
        self._waiting: list[tuple[str, int]] = []
        self._advised, self._round_at = dict[str, int](), 0.0
        self._judged, self._judged_at = 0, 0.0

    def turn(self) -> bool:
        """Look at the next site; True when there are more in this round. What came of moved set points is
        judged with or without a model."""
        if time.monotonic() >= self._judged_at:
            self._judged_at = time.monotonic() + LOOK_S
            self._judged += judge_due(self._database)
        if self._lineup is None:
            return False
        work = self._lineup.at_work()
        self.trouble = work.trouble
        if work.champion is None:
            return False
        if not self._waiting and time.monotonic() >= self._round_at:
            self._round_at = time.monotonic() + LOOK_S
            with self._database.read() as tx:
                self._waiting = [(site.site_id, site.now_us) for site in every_site(tx)]
        if self._waiting:
            site_id, now_us = self._waiting.pop(0)
            self._advised[site_id] = advise_due(self._database, work.champion, site_id, now_us)
        return bool(self._waiting)

    def detail(self) -> dict[str, Any]:
        """For the heartbeat."""
        said: dict[str, Any] = {"settings advised": sum(self._advised.values())} if self._lineup else {}
        said |= {"set points judged": self._judged} if self._judged else {}
        return said | ({"advice on settings": self.trouble} if self.trouble else {})
