"""Hands predictions to the recommender, in order of plant time, until each was looked at once.

Of one moment those come first that open no case of their own, then the others, the dearest first: a shift
takes only so many new cases (services.crowding), and none is to be opened only to make room again.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from data.store import predictions as store
from data.store.database import Database
from domain.clock import SECOND, wall_us
from domain.errors import Retryable, TaktwiseError

LIMIT = 50
log = logging.getLogger("taktwise.score")


Worth = Callable[[str], int | None]


def consider_due(
    database: Database, consider: Callable[[str], Any], worth: Worth | None = None, *, limit: int = LIMIT
) -> int:
    """Pass what waits to `consider(prediction_id)`; returns how many it took.

    `worth(prediction_id)`: cents that the case which it would open saves; None where it opens none. Whole
    moments are taken, until they are `limit` predictions or more. Without `worth` in order of their ids.

    `consider` commits by itself and must bear the same prediction twice: a process killed after it,
    and before the row here is deleted, repeats it. What fails is tried again, later each time.
    """
    with database.read() as tx:
        due = store.due_to_consider(tx, wall_us(), limit)
    taken = 0
    for prediction_id, _, attempts in _in_turn(due, worth):
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


def _in_turn(due: Sequence[store.DueToConsider], worth: Worth | None) -> Iterator[store.DueToConsider]:
    for _, moment in groupby(due, key=lambda one: one.at_us):
        some = list(moment)
        if worth is not None and len(some) > 1:
            some.sort(key=lambda one: _rank(worth, one.prediction_id))
        yield from some


def _rank(worth: Worth, prediction_id: str) -> float:
    try:
        cents = worth(prediction_id)
    except Exception:  # `consider` meets it again, and writes it down
        log.debug("worth of prediction %s", prediction_id, exc_info=True)
        return 0
    return float("-inf") if cents is None else -cents


def _later(database: Database, prediction_id: str, attempts: int, error: Exception) -> None:
    wait_s = min(store.LONGEST_WAIT_US // SECOND, 2 ** min(attempts, 10))
    with database.write() as tx:
        store.try_later(
            tx, prediction_id, attempts, wall_us() + wait_s * SECOND, str(error) or type(error).__name__
        )
