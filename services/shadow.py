"""Shadow mode: a model runs live, what it would have advised is written down, and nothing is sent.

No case, no order and no message comes of a model in shadow. One piece of advice per machine and model
version is open at a time; it ends when the risk has stayed low, after a maintenance, or with the horizon.
"""

from typing import Any

from sqlalchemy import Connection, insert, select, update

from data.store import tables as t
from domain.clock import SECOND
from domain.equipment import site_of
from domain.ids import new_id
from domain.prediction import Prediction, PredictionStatus
from services.ending import calm, maintained_since
from services.planning import planned

_A = t.shadow_advice.c


def in_shadow(tx: Connection, prediction: Prediction) -> bool:
    """Is this model in shadow at this site, or everywhere by its stage?"""
    m = t.model_versions.c
    stage = select(m.stage).where(m.name == prediction.model_name, m.version == prediction.model_version)
    put_there = put_in_shadow(tx, site_of(prediction.equipment_id), prediction.model_name)
    return put_there or tx.execute(stage).scalar() == "shadow"


def put_in_shadow(tx: Connection, site_id: str, model_name: str) -> bool:
    """Has somebody put this model into shadow at a site?"""
    s = t.shadow_models.c
    here = select(s.since_us).where(s.site_id == site_id, s.model_name == model_name)
    return tx.execute(here).first() is not None


def note(tx: Connection, p: Prediction) -> str | None:
    """Take a prediction of a model in shadow into account; the id of new advice, else None."""
    if p.status is not PredictionStatus.SCORED:
        return None
    made = select(t.predictions.c.prediction_id).where(
        t.predictions.c.prediction_id == _A.prediction_id, t.predictions.c.model_version == p.model_version
    )
    mine = (_A.equipment_id == p.equipment_id) & (_A.model_name == p.model_name) & _A.ended_us.is_(None)
    mine &= made.exists()
    row = tx.execute(select(t.shadow_advice).where(mine)).mappings().one_or_none()
    if row is None:
        return _open(tx, p) if p.above_threshold else None
    if p.at_us <= row["seen_us"]:
        return None
    over = p.at_us - row["opened_us"] >= row["horizon_s"] * SECOND
    done = over or calm(tx, p) or maintained_since(tx, p.equipment_id, row["opened_us"], p.at_us)
    ended = p.at_us if done else None
    values = {"seen_us": p.at_us, "ended_us": ended}
    tx.execute(update(t.shadow_advice).where(_A.advice_id == row["advice_id"]).values(**values))
    return None


def _open(tx: Connection, p: Prediction) -> str | None:
    plan = planned(tx, p, p.at_us, 0)
    if not plan.advice.worth_a_case:
        return None
    advised, advice_id = plan.advice.advised, new_id()
    row: dict[str, Any] = {
        "advice_id": advice_id,
        "site_id": site_of(p.equipment_id),
        "equipment_id": p.equipment_id,
        "model_name": p.model_name,
        "prediction_id": p.prediction_id,
        "cause": plan.situation.cause,
        "title": plan.title(advised),
        "choice": advised.key,
        "probability": p.probability or 0.0,
        "cost_cents": advised.cost_cents,
        "benefit_cents": plan.advice.benefit.expected,
        "horizon_s": plan.evidence.horizon_s,
        "opened_us": p.at_us,
        "seen_us": p.at_us,
        "ended_us": None,
    }
    tx.execute(insert(t.shadow_advice).values(**row))
    return advice_id
