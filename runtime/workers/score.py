"""The scoring process: predictions as data arrive, explanations when asked, and the recommender's turn.

One thread, in short turns: what somebody asked for comes first and waits less than a second; then
the machines that have a new half hour; then predictions that the recommender has not seen. Every
batch is one transaction: a process that is killed leaves nothing half, and repeats nothing.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any

from data.store.database import Database
from domain.clock import SECOND, wall_us
from domain.errors import Retryable, SettingsError
from models import registry
from runtime.settings import Settings
from runtime.workers.heartbeat import Heartbeat
from services.recommend import Recommender
from services.score import Served, recomputing, score_due, serve
from services.score.considering import consider_due
from services.score.due import Due
from services.score.requests import answer_requests, backlog

NAME = "score"
TURN_S = 0.2
RETRY_S = 1.0
BEAT_US = 2 * SECOND
CONSIDERED_A_TURN = 10
log = logging.getLogger("taktwise.score")


def main(settings: Settings, stop: threading.Event) -> None:
    """Run until `stop` is set. SettingsError when the plant's model is missing or wrong."""
    plant = registry.load(settings.failure_model)
    engines = _optional(settings)
    database = Database(settings.store_url)
    try:
        while not stop.is_set():
            try:
                served = [serve(database, model) for model in (plant, *engines)]
                worker = Worker(database, served, Recommender(database).consider)
            except Retryable as error:
                log.warning("waiting for the database: %s", error)
                stop.wait(RETRY_S)
                continue
            worker.run(stop)
    finally:
        database.close()


def _optional(settings: Settings) -> list[registry.LoadedModel]:
    """The engines' model, for explanations on demand; a plant does without."""
    try:
        return [registry.load(settings.cmapss_model)]
    except SettingsError as error:
        log.info("no model of engines: %s", error)
        return []


class Worker:
    """The loop. The first of `served` scores as data arrive; all of them answer requests."""

    def __init__(self, database: Database, served: list[Served], consider: Callable[[str], Any]) -> None:
        self._database, self._consider = database, consider
        self._live = served[0]
        self._served = {one.judge.key: one for one in served}
        self._models = recomputing.Models(served, registry.load)
        self._due = Due(database)
        self._heartbeat = Heartbeat(database, NAME, BEAT_US)
        self._counted = {"predictions": 0, "above": 0, "explained": 0, "considered": 0}
        self._batch_ms = 0
        self._trouble = ""

    def run(self, stop: threading.Event) -> None:
        """Take turns until `stop`. While the database is away, wait and try again."""
        while not stop.is_set():
            try:
                busy = self.turn()
                self._trouble = ""
            except Retryable as error:
                log.warning("waiting: %s", error)
                self._trouble, busy = str(error), False
                stop.wait(RETRY_S)
            if not busy:
                stop.wait(TURN_S)

    def turn(self) -> bool:
        """Do what there is to do, a little of each; True when there is more."""
        asked = answer_requests(self._database, self._served)
        again = recomputing.answer(self._database, self._models)
        self._counted["explained"] += asked
        scored = self._score()
        seen = consider_due(self._database, self._consider, limit=CONSIDERED_A_TURN)
        self._counted["considered"] += seen
        self._heartbeat.beat(self._detail)
        return bool(asked or again or scored or seen == CONSIDERED_A_TURN)

    def _score(self) -> bool:
        """Score the first site that is due."""
        for site_id, until_us in self._due.sites():
            began = wall_us()
            found = score_due(self._database, self._live, until_us, site_id=site_id)
            self._due.done(site_id, until_us)
            self._batch_ms = (wall_us() - began) // 1_000
            self._counted["predictions"] += found.predictions
            self._counted["above"] += found.above
            if found.predictions:
                log.info("%s: %d scored, %d at risk", site_id, found.predictions, found.above)
            return True
        return False

    def _detail(self) -> dict[str, Any]:
        return {
            **self._counted,
            **backlog(self._database),
            "batch_ms": self._batch_ms,
            "model": " ".join(self._live.judge.key),
            "trouble": self._trouble,
        }
