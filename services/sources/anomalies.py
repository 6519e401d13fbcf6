"""A machine whose sensors together have left their usual pattern for hours on end joins its open case.

The pattern is frozen by a person (services.spc.patterns): T2 says that they moved together further than
usual, SPE that they no longer go together. HOURS running hours in a row beyond a limit are a signal; its
cause is the one that the sensors with the largest parts speak for. A case of its own is opened by
services.spc.pattern_cases, where somebody has switched that on.
"""

import json
from typing import Any

import numpy as np
from sqlalchemy import Connection

from data.store import patterns as store
from data.store import stops
from domain.clock import HOUR
from domain.equipment import within
from domain.recommendation import probable_cause_of
from services.joining import Signal, Source
from services.queries.common import names_of
from services.situation import causes_of, machine_at
from services.spc import multivariate
from services.spc.pattern_cases import MODEL, chart_of
from services.telling import label_of

HOURS = 3
BACK_US = 8 * HOUR
NAMED = 3


def found(tx: Connection, site_id: str, now_us: int) -> list[Signal]:
    """One signal for each machine that is out of its pattern now; none while all AI is stopped."""
    if stops.stopped(tx, site_id, MODEL):
        return []
    models = {key: row for key, row in store.newest(tx).items() if within(key, site_id)}
    signals = (_machine(tx, unit, row, now_us) for unit, row in sorted(models.items()))
    return [one for one in signals if one is not None]


def _machine(tx: Connection, unit: str, row: dict[str, Any], now_us: int) -> Signal | None:
    pattern = multivariate.from_json(row["content"])
    hours = store.points(tx, unit, now_us - BACK_US, now_us)[-HOURS:]
    if len(hours) < HOURS or not all(_beyond(pattern, hour) for hour in hours):
        return None
    parts = _parts(pattern, hours[-1])
    top = sorted(parts, key=lambda metric: -parts[metric])[:NAMED]
    name = names_of(tx, [unit]).get(unit, unit)
    told = ", ".join(label_of(metric).lower() for metric in top)
    return Signal(
        source=Source.ANOMALY,
        source_id=chart_of(unit),
        said_by=MODEL,
        equipment_id=unit,
        cause=probable_cause_of(parts, causes_of(tx, machine_at(tx, unit).machine_type)),
        at_us=hours[-1]["at_us"],
        words=f"The sensors of {name} have been out of their usual pattern for {HOURS} hours: {told}.",
    )


def _beyond(pattern: multivariate.Pattern, hour: dict[str, Any]) -> bool:
    return bool(hour["t2"] > pattern.t2_limit or hour["spe"] > pattern.spe_limit)


def _parts(pattern: multivariate.Pattern, hour: dict[str, Any]) -> dict[str, float]:
    """How much each sensor has to do with it: its part of the statistic that is further beyond its limit."""
    values = np.array([json.loads(hour["content"])], float)
    judged = multivariate.judge(pattern, values)
    by_spe = hour["spe"] / pattern.spe_limit > hour["t2"] / pattern.t2_limit
    parts = (judged.spe_parts if by_spe else judged.t2_parts)[0]
    return {metric: max(0.0, float(part)) for metric, part in zip(pattern.metrics, parts, strict=True)}
