"""The scoring process: predictions as data arrive, explanations when asked, and the recommender's turn.

One thread, in short turns: what somebody asked for comes first and waits less than a second; then
the machines that have a new half hour; then predictions that the recommender has not seen. Every
batch is one transaction: a process that is killed leaves nothing half, and repeats nothing.
"""

import logging
import threading
from collections.abc import Sequence
from typing import Any, Protocol

from data.store.database import Database
from domain.clock import SECOND, steady_us
from domain.errors import Retryable, SettingsError
from models import opening, registry
from runtime.settings import Settings
from runtime.workers.advice import Advice
from runtime.workers.heartbeat import Heartbeat
from runtime.workers.pictures import Pictures
from runtime.workers.reasons import Reasons
from runtime.workers.watching import Watching
from services.recommend import Recommender
from services.registry.checking import check_due
from services.registry.lineup import Lineup
from services.score import Scored, Served, recomputing, score_due, serve
from services.score.considering import consider_due
from services.score.due import Due
from services.score.requests import answer_requests, backlog
from services.watching.looking import look_due

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
    pictures, watching, reasons, advice = None, None, None, None
    try:
        while not stop.is_set():
            try:
                pictures = pictures or Pictures(settings, database)
                watching = watching or Watching(settings, database)
                reasons = reasons or Reasons(settings, database)
                advice = advice or Advice(settings, database)
                served = [serve(database, model) for model in (plant, *engines)]
                lineup = Lineup(database, plant, registry.load)
                others = pictures, watching, reasons, advice
                worker = Worker(database, served, lineup, Recommender(database), others)
            except Retryable as error:
                log.warning("waiting for the database: %s", error)
                stop.wait(RETRY_S)
                continue
            worker.run(stop)
    finally:
        if pictures is not None:
            pictures.close()
        database.close()


def _optional(settings: Settings) -> list[registry.LoadedModel]:
    """The engines' model, for explanations on demand; a plant does without."""
    try:
        return [registry.load(settings.cmapss_model)]
    except SettingsError as error:
        log.info("no model of engines: %s", error)
        return []


class Turns(Protocol):
    """Something else that the process does in its turns: pictures, what is unusual, reasons, settings."""

    def turn(self) -> bool:
        """Do a little; True when there is more."""
        ...

    def detail(self) -> dict[str, Any]:
        """For the heartbeat."""
        ...


class Worker:
    """The loop. What the line-up says scores as data arrive; all that were ever loaded answer requests."""

    def __init__(
        self,
        database: Database,
        served: list[Served],
        lineup: Lineup,
        recommender: Recommender,
        others: Sequence[Turns] = (),
    ) -> None:
        self._others = tuple(others)
        self._database, self._lineup, self._recommender = database, lineup, recommender
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
        more = [one.turn() for one in self._others]
        judged = 0 if scored else check_due(self._database, opening.load) + look_due(self._database)
        desk = self._recommender
        seen = consider_due(self._database, desk.consider, desk.worth, limit=CONSIDERED_A_TURN)
        self._counted["considered"] += seen
        self._heartbeat.beat(self._detail)
        return bool(asked or again or scored or judged or any(more) or seen >= CONSIDERED_A_TURN)

    def _score(self) -> bool:
        """Score the first site that is due: the champion, then the challengers in its shadow."""
        work = self._lineup.at_work()
        every = work.every
        self._served |= {one.judge.key: one for one in every}
        for site_id, until_us in self._due.sites() if every else ():
            began = steady_us()
            found = sum(
                (score_due(self._database, one, until_us, site_id=site_id) for one in every), Scored()
            )
            self._due.done(site_id, until_us)
            self._batch_ms = (steady_us() - began) // 1_000
            self._counted["predictions"] += found.predictions
            self._counted["above"] += found.above
            if found.predictions:
                log.info("%s: %d scored, %d at risk", site_id, found.predictions, found.above)
            return True
        return False

    def _detail(self) -> dict[str, Any]:
        work = self._lineup.at_work()
        return {
            **self._counted,
            **backlog(self._database),
            "batch_ms": self._batch_ms,
            "model": "none" if work.champion is None else " ".join(work.champion.judge.key),
            "in shadow": len(work.challengers),
            "trouble": self._trouble or work.trouble,
            **{name: said for one in self._others for name, said in one.detail().items()},
        }
