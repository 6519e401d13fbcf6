"""Predictions as the screens read them. Every method checks the actor and the actor's scopes first."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, func, literal, select

from auth.permissions import Actor, Permission
from data.store import tables as t
from domain.cases import ABOUT_SETTINGS
from domain.clock import DAY
from domain.equipment import line_of
from domain.errors import NotFound
from domain.evidence import alternatives_from_json
from domain.prediction import Prediction, while_learning
from domain.recommendation import Choice
from services.context import Context
from services.maturity import failures_behind
from services.queries.common import in_scope, names_of, under
from services.queries.predictions import (
    as_prediction,
    newest_prediction,
    newest_reading,
    prediction_view,
)
from services.queries.trends import top_metrics
from services.rows.predict import Point, PredictionView, RiskBoard, RiskRow
from services.stakes import expected_cents
from services.watching.learning import learning

TREND_US = 2 * DAY
_P, _E = t.predictions.c, t.equipment.c


class _OpenCase(NamedTuple):
    number: int
    cause: str
    loss_cents: int | None


class PredictQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def risks(self, line_id: str | None = None) -> RiskBoard:
        """Machines of the site that the actor may see: above threshold first, then by expected cost."""
        c = self._context
        c.actor.require(Permission.SEE_PREDICTIONS)
        with c.database.read() as tx:
            units = _units(tx, c.actor, c.site.site_id)
            names = names_of(tx, (line_of(u["equipment_id"]) for u in units))
            wanted = [u for u in units if line_id in (None, line_of(u["equipment_id"]))]
            rows = _risk_rows(tx, wanted, names, c.now_us, learning(tx, c.site.site_id, c.now_us))
        return RiskBoard(rows=tuple(sorted(rows, key=_rank)), lines=tuple(sorted(names.items())))

    def prediction(self, prediction_id: str) -> PredictionView:
        """One prediction; NotFound when there is none that the actor may see."""
        actor = self._context.actor
        actor.require(Permission.SEE_PREDICTIONS)
        with self._context.database.read() as tx:
            return prediction_view(tx, actor, prediction_id, self._context.now_us)

    def newest(self, equipment_id: str) -> str:
        """The id of a machine's newest prediction; NotFound when it was never scored."""
        self._context.actor.require(Permission.SEE_PREDICTIONS, equipment_id)
        with self._context.database.read() as tx:
            found = tx.execute(select(newest_prediction(literal(equipment_id)))).scalar_one()
        if found is None:
            raise NotFound("this machine has no prediction yet")
        return str(found)


def _units(tx: Connection, actor: Actor, site_id: str) -> list[Mapping[str, Any]]:
    query = (
        select(t.equipment, newest_prediction(_E.equipment_id).label("newest_id"))
        .where(
            _E.level == "unit", _E.assigned, in_scope(_E.equipment_id, actor), under(_E.equipment_id, site_id)
        )
        .where(_E.removed_us.is_(None))
    )
    return [dict(row) for row in tx.execute(query.order_by(_E.position, _E.equipment_id)).mappings()]


def _risk_rows(
    tx: Connection, units: Sequence[Mapping[str, Any]], names: Mapping[str, str], now: int,
    learns: Mapping[str, tuple[int, str]],
) -> list[RiskRow]:  # fmt: skip
    ids = [u["equipment_id"] for u in units]
    found = _predictions(tx, [u["newest_id"] for u in units if u["newest_id"]])
    backed = failures_behind(tx)
    trends, data, cases = _risk_trends(tx, ids, now), newest_reading(tx, ids), _open_cases(tx, ids)
    types = {u["equipment_id"]: u["machine_type"] for u in units}
    stakes = expected_cents(tx, types, found.values())
    rows = []
    for unit in units:
        equipment_id = unit["equipment_id"]
        prediction = found.get(unit["newest_id"])
        if prediction is not None and equipment_id in learns:
            prediction = while_learning(prediction)
        case = cases.get(equipment_id)
        counted = None if case is None else case.loss_cents
        alarming = prediction is not None and prediction.above_threshold
        rows.append(
            RiskRow(
                equipment_id=equipment_id,
                name=unit["name"],
                line_id=line_of(equipment_id),
                line_name=names.get(line_of(equipment_id), line_of(equipment_id)),
                machine_type=unit["machine_type"],
                prediction=prediction,
                since_us=_since(tx, equipment_id, prediction) if alarming else None,
                cause=case.cause if case else "",
                moved_by=top_metrics(tx, unit["newest_id"], 2) if alarming else (),
                trend=trends.get(equipment_id, ()),
                data_us=data.get(equipment_id),
                case_number=case.number if case else None,
                loss_cents=stakes.get(equipment_id) if counted is None else counted,
                loss_is_rough=counted is None,
                learning_until_us=learns[equipment_id][0] if equipment_id in learns else None,
                learning_why=learns[equipment_id][1] if equipment_id in learns else "",
                backed=backed.get((prediction.model_name, prediction.model_version)) if prediction else None,
            )
        )
    return rows


def _predictions(tx: Connection, ids: Sequence[str]) -> dict[str, Prediction]:
    rows = tx.execute(select(t.predictions).where(_P.prediction_id.in_(ids))).mappings()
    return {row["prediction_id"]: as_prediction(dict(row)) for row in rows}


def _risk_trends(tx: Connection, ids: Sequence[str], now: int) -> dict[str, tuple[Point, ...]]:
    rows = tx.execute(
        select(_P.equipment_id, _P.at_us, _P.probability)
        .where(_P.at_us > now - TREND_US, _P.equipment_id.in_(ids), ~_P.shadow)
        .order_by(_P.at_us)
    )
    trends: dict[str, list[Point]] = {}
    for equipment_id, at_us, probability in rows:
        trends.setdefault(equipment_id, []).append((at_us, probability))
    return {equipment_id: tuple(points) for equipment_id, points in trends.items()}


def _since(tx: Connection, equipment_id: str, prediction: Prediction | None) -> int | None:
    if prediction is None:
        return None
    calm = (
        select(func.coalesce(func.max(_P.at_us), 0))
        .where(_P.equipment_id == equipment_id, _P.at_us <= prediction.at_us, ~_P.above_threshold)
        .where(~_P.shadow)
        .scalar_subquery()
    )
    since = select(func.min(_P.at_us)).where(
        and_(_P.equipment_id == equipment_id, _P.at_us > calm, _P.above_threshold, ~_P.shadow)
    )
    at_us: int | None = tx.execute(since).scalar_one()
    return at_us


def _rank(row: RiskRow) -> tuple[int, int, float, str]:
    """Above the warning level first, then by expected cost: it holds the chance already."""
    p = row.prediction
    known = p is not None and p.probability is not None
    group = 0 if p is not None and p.above_threshold else 1 if known else 2
    chance = p.probability if p is not None and p.probability is not None else 0.0
    return group, -(row.loss_cents or 0), -chance, row.equipment_id


def _open_cases(tx: Connection, ids: Sequence[str]) -> dict[str, _OpenCase]:
    c = t.cases.c
    rows = tx.execute(
        select(c.equipment_id, c.number, c.cause, c.alternatives)
        .where(c.equipment_id.in_(ids), c.open_key.is_not(None), c.kind.not_in(ABOUT_SETTINGS))
        .order_by(c.number)
    )
    return {unit: _OpenCase(number, cause, _loss(choices)) for unit, number, cause, choices in rows}


def _loss(choices: str) -> int | None:
    """What running to failure is expected to cost."""
    every = alternatives_from_json(choices)
    return next((c.cost_cents for c in every if c.key == Choice.RUN_TO_FAILURE), None)
