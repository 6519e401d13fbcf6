"""What is unusual about machines, in the scoring process: a part of its turns, never a thread of its own."""

import time
from typing import Any

from data.store import oddities
from data.store.database import Database
from domain.clock import DAY
from models import opening
from models.anomaly.machines.watcher import Watcher
from runtime.settings import Settings
from services.registry.folders import at_work
from services.score.due import Due
from services.score.plant import PlantInputs
from services.situation import every_site
from services.unusual.judging import Judged, watch_due

TIDY_S, TIDY_ROWS = 60.0, 5_000


class Watching:
    """The models that the registry has at work. Without one, nobody says what is unusual."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._database = database
        self._lineup, self.trouble = at_work(database, settings.anomaly_model, Watcher, opening.load)
        self._inputs: dict[frozenset[str], PlantInputs] = {}
        self._due, self._judged = Due(database), Judged()
        self._keep_us, self._tidy_at = round(settings.oddity_days * DAY), 0.0

    def turn(self) -> bool:
        """Score the first site that is due, the champion first; True when there may be more."""
        self._tidy()
        if self._lineup is None:
            return False
        work = self._lineup.at_work()
        self.trouble = work.trouble
        every = work.every
        for site_id, until_us in self._due.sites() if every else ():
            for one in every:
                inputs = self._of(one)
                self._judged += watch_due(self._database, one, inputs, until_us, site_id=site_id)
            self._due.done(site_id, until_us)
            return True
        return False

    def _of(self, watcher: Watcher) -> PlantInputs:
        """Versions that know the same types of machine share their windows."""
        kinds = frozenset(watcher.card.thresholds)
        return self._inputs.setdefault(kinds, PlantInputs(kinds))

    def _tidy(self) -> None:
        """Every minute: old half hours go, some at a time."""
        if time.monotonic() < self._tidy_at:
            return
        self._tidy_at = time.monotonic() + TIDY_S
        with self._database.write() as tx:
            for site in every_site(tx):
                oddities.forget(tx, site.site_id, site.now_us - self._keep_us, TIDY_ROWS)

    def detail(self) -> dict[str, Any]:
        """For the heartbeat."""
        return {
            "half hours watched": self._judged.scored,
            "of odd machines": self._judged.odd,
            **({"what is unusual": self.trouble} if self.trouble else {}),
        }
