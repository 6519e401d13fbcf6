"""Hands predictions to the recommender, in order of plant time, until each was looked at once."""

import logging
from collections.abc import Callable
from typing import Any

from data.store import predictions as store
from data.store.database import Database
from domain.clock import SECOND, wall_us
from domain.errors import Retryable, TaktwiseError

LIMIT = 50
log = logging.getLogger("taktwise.score")


def consider_due(database: Database, consider: Callable[[str], Any], *, limit: int = LIMIT) -> int:
    """Pass what waits to `consider(prediction_id)`; returns how many it took.

    `consider` commits by itself and must bear the same prediction twice: a process killed after it,
    and before the row here is deleted, repeats it. What fails is tried again, later each time.
    """
    with database.read() as tx:
        due = store.due_to_consider(tx, wall_us(), limit)
    taken = 0
    for prediction_id, attempts in due:
        try:
            consider(prediction_id)
        except Retryable as error:
            _later(database, prediction_id, attempts + 1, error)
            break
        except Exception as error:  # one odd prediction must not stop the scoring of all machines
            if not isinstance(error, TaktwiseError):
                log.exception("prediction %s", prediction_id)
            _later(database, prediction_id, attempts + 1, error)
            continue
        with database.write() as tx:
            store.considered(tx, prediction_id)
        taken += 1
    return taken


def _later(database: Database, prediction_id: str, attempts: int, error: Exception) -> None:
    wait_s = min(store.LONGEST_WAIT_US // SECOND, 2 ** min(attempts, 10))
    with database.write() as tx:
        store.try_later(
            tx, prediction_id, attempts, wall_us() + wait_s * SECOND, str(error) or type(error).__name__
        )
