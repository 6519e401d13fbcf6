"""One prediction from the tables: shared by the screens of prediction and by the card of a case."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, exists, func, literal, select

from auth.permissions import Actor, Permission
from data.store import recomputations
from data.store import tables as t
from domain.cases import ABOUT_SETTINGS
from domain.equipment import line_of, site_of
from domain.errors import NotFound
from domain.prediction import (
    Contribution,
    Counterfactual,
    Explanation,
    Prediction,
    PredictionStatus,
    while_learning,
)
from services.queries.horizons import horizon_rows
from services.queries.maturity import of_machine
from services.queries.trends import sensor_trends
from services.rows.predict import PredictionView, Recomputation
from services.watching.learning import learning


def newest_prediction(equipment_id: Any) -> Any:
    """A scalar subquery: the id of the newest prediction by a model that is not in shadow."""
    p, m = t.predictions.alias(), t.model_versions
    shadow = exists().where(
        m.c.name == p.c.model_name, m.c.version == p.c.model_version, m.c.stage == "shadow"
    )
    return (
        select(p.c.prediction_id)
        .where(p.c.equipment_id == equipment_id, ~p.c.shadow, ~shadow)
        .order_by(p.c.at_us.desc(), p.c.prediction_id.desc())
        .limit(1)
        .scalar_subquery()
    )


def as_prediction(row: Mapping[str, Any]) -> Prediction:
    """A prediction from its row."""
    values = {name: row[name] for name in Prediction.__slots__}
    curve = tuple((at, chance) for at, chance in json.loads(row["curve"] or "[]"))
    return Prediction(**{**values, "status": PredictionStatus(row["status"]), "curve": curve})


def explanation_of(tx: Connection, prediction_id: str) -> Explanation | None:
    """The stored explanation, largest contribution first; None without one."""
    e, c = t.explanations, t.contributions
    found = tx.execute(select(e).where(e.c.prediction_id == prediction_id)).mappings().one_or_none()
    if found is None:
        return None
    parts = tx.execute(
        select(c.c.metric, c.c.segment, c.c.from_us, c.c.to_us, c.c.value, c.c.observed, c.c.usual)
        .where(c.c.prediction_id == prediction_id)
        .order_by(func.abs(c.c.value).desc(), c.c.metric, c.c.segment)
    )
    return Explanation(
        prediction_id=prediction_id,
        base_value=found["base_value"],
        output_value=found["output_value"],
        additivity_error=found["additivity_error"],
        background=found["background"],
        method=found["method"],
        contributions=tuple(Contribution(*part) for part in parts),
        counterfactual=_counterfactual(dict(found)),
    )


def _counterfactual(row: Mapping[str, Any]) -> Counterfactual | None:
    if row["changed_metric"] is None:
        return None
    return Counterfactual(row["changed_metric"], row["changed_probability"])


def newest_reading(tx: Connection, equipment_ids: Sequence[str]) -> dict[str, int]:
    """Plant time of the newest value of each machine."""
    m, latest = t.metrics.c, t.latest.c
    rows = tx.execute(
        select(m.equipment_id, func.max(latest.source_us))
        .join_from(t.metrics, t.latest, m.metric_id == latest.metric_id)
        .where(m.equipment_id.in_(equipment_ids))
        .group_by(m.equipment_id)
    )
    return {row[0]: row[1] for row in rows}


def prediction_view(tx: Connection, actor: Actor, prediction_id: str, now_us: int) -> PredictionView:
    """One prediction with its machine, explanation and trends; NotFound outside the actor's scopes."""
    found = (
        tx.execute(select(t.predictions).where(t.predictions.c.prediction_id == prediction_id))
        .mappings()
        .one_or_none()
    )
    if found is None or not actor.may(Permission.SEE_PREDICTIONS, found["equipment_id"]):
        raise NotFound("no such prediction")
    prediction = as_prediction(dict(found))
    unit_id, line_id = prediction.equipment_id, line_of(prediction.equipment_id)
    if unit_id in learning(tx, site_of(unit_id), prediction.at_us):
        prediction = while_learning(prediction)
    e, r = t.equipment.c, t.explain_requests.c
    names = dict(
        tx.execute(select(e.equipment_id, e.name).where(e.equipment_id.in_([unit_id, line_id]))).all()
    )
    kind = tx.execute(select(e.machine_type).where(e.equipment_id == unit_id)).scalar() or "other"
    request = tx.execute(select(r.state, r.detail).where(r.prediction_id == prediction_id)).one_or_none()
    return PredictionView(
        prediction=prediction,
        name=names.get(unit_id, unit_id),
        line_id=line_id,
        line_name=names.get(line_id, line_id),
        machine_type=kind,
        explanation=explanation_of(tx, prediction_id),
        request=request.state if request else "",
        request_detail=request.detail if request else "",
        trends=sensor_trends(tx, prediction, now_us),
        case_number=_open_case_number(tx, unit_id),
        newest_id=tx.execute(select(newest_prediction(literal(unit_id)))).scalar_one() or prediction_id,
        data_us=newest_reading(tx, [unit_id]).get(unit_id),
        again=_again(tx, prediction_id),
        horizons=horizon_rows(tx, prediction),
        maturity=of_machine(tx, site_of(unit_id), (unit_id, kind)),
    )


def _again(tx: Connection, prediction_id: str) -> Recomputation | None:
    row = recomputations.of(tx, prediction_id)
    return None if row is None else Recomputation(**{name: row[name] for name in Recomputation.__slots__})


def _open_case_number(tx: Connection, equipment_id: str) -> int | None:
    c = t.cases.c
    newest = select(func.max(c.number)).where(c.equipment_id == equipment_id, c.open_key.is_not(None))
    newest = newest.where(c.kind.not_in(ABOUT_SETTINGS))
    number: int | None = tx.execute(newest).scalar_one()
    return number
