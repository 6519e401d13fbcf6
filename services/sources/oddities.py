"""A machine that the model of the unusual calls odd joins its open case, once for each odd stretch.

Its cause is the one that the odd signals speak for. What is merely unusual opens no case of its own: it is
looked at on *Anomalies*, not repaired.
"""

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from data.store import oddities as store
from data.store import registry, stops
from domain.clock import MINUTE
from domain.model_gates import Stage
from domain.recommendation import probable_cause_of
from services.joining import Signal, Source
from services.queries.common import names_of
from services.situation import causes_of, machine_at, site_at
from services.telling import label_of

STALE_US = 90 * MINUTE
NAMED = 3


def found(tx: Connection, site_id: str, now_us: int) -> list[Signal]:
    """One signal for each machine that is odd now; none while the model is stopped, alone or with all."""
    champions = registry.versions(tx, (Stage.CHAMPION,))
    model = next((row for row in champions if row["capability"] == "anomaly"), None)
    if model is None or stops.stopped(tx, site_id, model["name"]):
        return []
    rows = store.odd_now(tx, (model["name"], model["version"]), site_id, now_us - STALE_US)
    zone = ZoneInfo(site_at(tx, site_id).zone) if rows else None
    return [_signal(tx, row, zone) for row in rows]


def _signal(tx: Connection, row: dict[str, Any], zone: ZoneInfo | None) -> Signal:
    unit = row["equipment_id"]
    times = {metric: far for metric, _, far in json.loads(row["signals"])}
    since = datetime.fromtimestamp(row["since_us"] / 1e6, zone)
    top = ", ".join(label_of(metric).lower() for metric in list(times)[:NAMED])
    name = names_of(tx, [unit]).get(unit, unit)
    return Signal(
        source=Source.ANOMALY,
        source_id=f"{row['model_name']} {row['since_us']}",
        said_by=row["model_name"],
        equipment_id=unit,
        cause=probable_cause_of(times, causes_of(tx, machine_at(tx, unit).machine_type)),
        at_us=row["at_us"],
        words=f"{name} has been odd since {since:%d %b %H:%M}: {top}.",
    )
