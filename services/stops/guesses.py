"""What the champion among the models of reasons said of stops, as far as it may be shown.

Nothing is shown of a model that is stopped, alone or with all, nor of one that was not sure: there the rules
propose. What the scoring process has not looked at yet is not there either.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from data.store import guesses as store
from data.store import registry
from data.store import stops as ai_stops
from domain.equipment import site_of
from domain.model_gates import Stage
from domain.stop_causes import Guess, contributed
from domain.stops import Stop

CAPABILITY = "classification"


def champion(tx: Connection) -> Mapping[str, Any] | None:
    """The registered model whose reasons people see; None without one."""
    rows = registry.versions(tx, (Stage.CHAMPION,))
    return next((row for row in rows if row["capability"] == CAPABILITY), None)


def guessed(tx: Connection, equipment_id: str, stops: Sequence[Stop]) -> dict[str, Guess]:
    """What the model is sure of, by the key of the stop; `equipment_id`: any place of the site."""
    if not stops:
        return {}
    model = champion(tx)
    if model is None or ai_stops.stopped(tx, site_of(equipment_id), model["name"]):
        return {}
    begins = [stop.from_us for stop in stops]
    units = {stop.equipment_id for stop in stops}
    rows = store.of(tx, (model["name"], model["version"]), units, min(begins), max(begins))
    return {
        stop.key: Guess(row.reason, row.chance, contributed(json.loads(row.parts)))
        for stop in stops
        if (row := rows.get((stop.equipment_id, stop.from_us))) is not None and row.sure
    }
