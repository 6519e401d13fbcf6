"""Drift of a model's inputs: each machine's half hours now against its first days after its last change."""

from collections.abc import Iterable, Mapping

import numpy as np
from sqlalchemy import Connection

from data.store import model_watch as store
from data.store.half_hours import HALF_US
from domain.drift import LEARN_US, NOW_US, Moved, moved
from models.features.plant import GAUGES
from services.rows.model_watch import DriftRow
from services.watching.learning import BACK_US, last_changes

Unit = tuple[str, str, str]  # id, name, machine type
Found = dict[tuple[str, str], list[tuple[str, Moved]]]


def drift(tx: Connection, site_id: str, units: Iterable[Unit], now_us: int) -> tuple[DriftRow, ...]:
    """A row per gauge and machine type that could be compared, most machines moved first."""
    found: Found = {}
    changes = last_changes(tx, site_id, now_us)
    for equipment_id, name, kind in units:
        since = changes[equipment_id][0] if equipment_id in changes else 0
        for metric, change in _machine(tx, equipment_id, since, now_us).items():
            found.setdefault((metric, kind), []).append((name, change))
    rows = [_row(metric, kind, every) for (metric, kind), every in found.items()]
    return tuple(sorted(rows, key=lambda r: (-r.shifted / r.compared, -r.psi, r.metric, r.machine_type)))


def _machine(tx: Connection, equipment_id: str, since_us: int, now_us: int) -> Mapping[str, Moved]:
    first = max(now_us - BACK_US, since_us) // HALF_US
    bins, means = store.half_hours(tx, equipment_id, first, now_us // HALF_US)
    if not len(bins):
        return {}
    then = bins < bins[0] + LEARN_US // HALF_US
    now = bins >= (now_us - NOW_US) // HALF_US
    if (then & now).any():
        return {}
    compared = {}
    for place, metric in enumerate(GAUGES):
        result = moved(_seen(means[then, place]), _seen(means[now, place]))
        if result is not None:
            compared[metric] = result
    return compared


def _seen(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[float]:
    known: list[float] = values[np.isfinite(values)].tolist()
    return known


def _row(metric: str, kind: str, every: list[tuple[str, Moved]]) -> DriftRow:
    worst, furthest = max(every, key=lambda one: (one[1].shifted, one[1].psi))
    return DriftRow(
        metric=metric, machine_type=kind, compared=len(every), shifted=sum(m.shifted for _, m in every),
        worst=worst, psi=furthest.psi, ks=furthest.ks, critical=furthest.critical,
    )  # fmt: skip
