"""Explanations that somebody asked for. The scoring worker answers within a second."""

from typing import Any

from sqlalchemy import Connection

from data.store import predictions as store
from data.store.database import Database
from domain.errors import NotNow, TaktwiseError
from domain.prediction import Explanation
from services.score.judge import explanation_rows
from services.score.recomputing import window_of
from services.score.run import Served

LIMIT = 16


def answer_requests(database: Database, served: dict[tuple[str, str], Served]) -> int:
    """Explain up to LIMIT predictions that were asked for, oldest request first; returns how many.

    No claim is taken: two workers may compute the same explanation, and only one stores it. What
    cannot be explained is closed as failed with one sentence.
    """
    with database.read() as tx:
        waiting = store.waiting_requests(tx, LIMIT)
    for row in waiting:
        try:
            with database.read() as tx:
                found = explain_stored(tx, served, row)
        except TaktwiseError as error:
            _close(database, row["prediction_id"], str(error))
            continue
        _close(database, row["prediction_id"], "", found)
    return len(waiting)


def explain_stored(
    tx: Connection, served: dict[tuple[str, str], Served], prediction: dict[str, Any]
) -> Explanation:
    """The explanation of a stored prediction, from its stored window or from the readings.

    NotNow when its model is not in use here, or when the readings no longer give the same window.
    """
    name, version = prediction["model_name"], prediction["model_version"]
    worker = served.get((name, version))
    if worker is None:
        raise NotNow(f"the model {name} {version} that made this prediction is not in use")
    unit = store.unit(tx, prediction["equipment_id"])
    if unit is None:
        raise NotNow("the machine is not known any more")
    window, _ = window_of(tx, worker, prediction)
    return worker.judge.explaining.explain(
        prediction["prediction_id"], unit[1], window, prediction["window_from_us"], prediction["at_us"]
    )


def _close(database: Database, prediction_id: str, trouble: str, found: Explanation | None = None) -> None:
    with database.write() as tx:
        state = "failed" if found is None else "done"
        if store.finish_request(tx, prediction_id, state, trouble) and found is not None:
            store.explain(tx, *explanation_rows(found))


def backlog(database: Database) -> dict[str, int]:
    """How many explanations are asked for, and how many predictions wait for the recommender."""
    with database.read() as tx:
        return store.backlog(tx)
