"""Asking about a prediction: for an explanation, or to compute it again. The scoring worker answers."""

from sqlalchemy import Connection, select, update

from auth.permissions import Actor, Permission
from data.store import recomputations
from data.store import tables as t
from data.store.database import Database
from data.store.upsert import insert_ignore
from domain.clock import wall_us
from domain.errors import NotFound, NotNow
from domain.prediction import PredictionStatus
from services.actors import fresh


class ExplanationCommands:
    """Acts on predictions. Checks the actor's permission and scope as the database knows them now."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, actor: Actor, prediction_id: str) -> None:
        """Request an explanation once; asking again after a failure tries anew.

        NotFound outside the actor's scopes, NotNow for a prediction without a chance to explain.
        """
        r = t.explain_requests
        with self._database.write() as tx:
            person, status = _seen(tx, actor, prediction_id)
            if status != PredictionStatus.SCORED:
                raise NotNow("the risk is not known yet, there is nothing to explain")
            wanted = {
                "requested_by": person.account_id,
                "requested_wall_us": wall_us(),
                "state": "waiting",
                "detail": "",
            }
            insert_ignore(tx, r, [{"prediction_id": prediction_id, **wanted}])
            tx.execute(
                update(r).where(r.c.prediction_id == prediction_id, r.c.state == "failed").values(**wanted)
            )

    def recompute(self, actor: Actor, prediction_id: str) -> None:
        """Request that a prediction is computed again from its window and model version.

        NotFound outside the actor's scopes, NotNow for a prediction that gave no figure.
        """
        with self._database.write() as tx:
            person, status = _seen(tx, actor, prediction_id)
            if status != PredictionStatus.SCORED:
                raise NotNow("it gave no figure, there is nothing to compute again")
            recomputations.ask(tx, prediction_id, person.account_id, wall_us())


def _seen(tx: Connection, actor: Actor, prediction_id: str) -> tuple[Actor, str]:
    """The actor as of now, and the status of a prediction that they may see."""
    p = t.predictions.c
    person = fresh(tx, actor)
    person.require(Permission.SEE_PREDICTIONS)
    row = tx.execute(select(p.equipment_id, p.status).where(p.prediction_id == prediction_id)).one_or_none()
    if row is None or not person.may(Permission.SEE_PREDICTIONS, row.equipment_id):
        raise NotFound("no such prediction")
    return person, row.status
