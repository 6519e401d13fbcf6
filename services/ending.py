"""How the desk ends a case itself: withdrawn or expired; and when advice is no longer wanted."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, select

from data.store import cases as store
from data.store import tables as t
from domain.cases import CaseState
from domain.clock import wall_us
from domain.errors import Conflict
from domain.policy import CALM_PREDICTIONS
from domain.prediction import Prediction, PredictionStatus
from services import audit
from services.fallen import signers, tell_fallen
from services.situation import site_at


def end(
    tx: Connection, case: Mapping[str, Any], state: CaseState, reason: str, at_us: int, action: str,
    told: Mapping[str, Any] = MappingProxyType({}),
) -> None:  # fmt: skip
    """End `case`, with what it proposed, and say why in the audit; without a reason the case keeps its own.

    Whoever had signed is told. Conflict when it has changed since it was read.
    """
    whole = store.get(tx, case["case_id"]) or dict(case)
    signed = signers(tx, whole)
    values = {
        "state": state.value,
        "version": case["version"] + 1,
        "open_key": None,
        "closed_us": at_us,
    }
    if reason:
        values["reason"] = reason
    if not store.change(tx, case["case_id"], case["version"], values):
        raise Conflict(f"case {case['number']} was changed at the same time")
    store.cancel_proposed(tx, case["case_id"], wall_us())
    if signed:
        ended = "it has expired" if state is CaseState.EXPIRED else f"it was {state.value}"
        why = f"{ended} ({reason[:1].lower()}{reason[1:]})" if reason else ended
        tell_fallen(tx, site_at(tx, whole["site_id"]), {**whole, **values}, signed, why)
    audit.of_case(tx, case["case_id"], action, at_us, ({"reason": reason} if reason else {}) | dict(told))


def calm(tx: Connection, p: Prediction) -> bool:
    """Has the risk stayed below its threshold for CALM_PREDICTIONS predictions, `p` the newest?"""
    c = t.predictions.c
    newest = tx.execute(
        select(c.above_threshold)
        .where(c.equipment_id == p.equipment_id, c.model_name == p.model_name, c.at_us <= p.at_us)
        .where(c.model_version == p.model_version)
        .where(c.status == PredictionStatus.SCORED.value)
        .order_by(c.at_us.desc())
        .limit(CALM_PREDICTIONS)
    ).scalars()
    above = list(newest)
    return p.status is PredictionStatus.SCORED and len(above) == CALM_PREDICTIONS and not any(above)


def maintained_since(tx: Connection, equipment_id: str, from_us: int, to_us: int) -> bool:
    """Did a maintenance, more than an inspection, end in (from_us, to_us]?"""
    m = t.maintenance.c
    query = select(m.maintenance_id).where(m.equipment_id == equipment_id, m.kind != "inspection")
    return tx.execute(query.where(m.end_us > from_us, m.end_us <= to_us).limit(1)).first() is not None
