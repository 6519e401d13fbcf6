"""The model of scrap at work: which setting it would move. In the scoring process.

Of each product on a machine the operations of late are looked at (RUNS at most, of the last BACK_US). What
is advised lies inside the validated limits that hold; without any nothing is advised, and that is said. A
stopped model stores nothing, and one that learned from simulated machines says nothing of real ones.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from sqlalchemy import Connection

from data.store import process_advice as store
from data.store import stops
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, wall_us
from domain.time_model import Span
from models.quality.adviser import Adviser, Move
from models.quality.features import FEATURE_VERSION
from services.process import casing
from services.process.limits import InForce
from services.process.runs import Run, runs
from services.queries.common import under
from services.score.judge import window_hash
from services.score.origin import barred
from services.shadow import put_in_shadow
from services.situation import is_out, site_at

BACK_US = 30 * DAY
RUNS, FEWEST = 10, 3
FEW = f"fewer than {FEWEST} operations lately"
UNKNOWN = "the model does not know this product with its settings, or this machine"
USELESS = "its settings explained nothing on later operations"
UNLIMITED = "no validated limits"
UNSURE = "no setting of which the model is sure, inside the limits and inside what it saw"


def advise_due(database: Database, adviser: Adviser, site_id: str, now_us: int) -> int:
    """Look at every product on every machine of a site; returns on how many a setting is advised.

    What is advised opens, renews or withdraws its case, in one transaction; a model in shadow opens none.
    """
    with database.read() as tx:
        if _silent(tx, adviser, site_id):
            return 0
        every = runs(tx, site_id, Span(now_us - BACK_US, now_us))
        held = InForce.read(tx, site_id)
        rows = [_said(adviser, some[-RUNS:], held) for some in _together(tx, every)]
    with database.write() as tx:
        if stops.stopped(tx, site_id, adviser.card.name, hold=True):
            return 0
        if rows:
            store.put(tx, rows)
        if rows and not put_in_shadow(tx, site_id, adviser.card.name):
            site, held = site_at(tx, site_id), InForce.read(tx, site_id)
            for row in rows:
                casing.take_up(tx, site, row, held)
        store.forget(tx, under(t.process_advice.c.equipment_id, site_id), now_us - BACK_US)
    return sum(bool(row["parameter"]) for row in rows)


def _silent(tx: Connection, adviser: Adviser, site_id: str) -> bool:
    return stops.stopped(tx, site_id, adviser.card.name) or barred(tx, adviser.card, site_id)


def _together(tx: Connection, every: Sequence[Run]) -> Iterator[list[Run]]:
    """Operations of a product on a machine, oldest first; machines that are out of the plant are left out."""

    def key(run: Run) -> tuple[str, str]:
        return run.operation.equipment_id, run.operation.product_id

    for (unit, _), some in groupby(sorted(every, key=lambda run: (*key(run), run.operation.at_us)), key):
        if not is_out(tx, unit):
            yield list(some)


def _said(adviser: Adviser, lately: Sequence[Run], held: InForce) -> dict[str, Any]:
    one, newest = lately[-1].operation, lately[-1]
    points = _set_points(lately)
    limits = {name: held.of(one.equipment_id, one.product_id, name) for name in points}
    within = {name: (found[1].low, found[1].high) for name, found in limits.items() if found is not None}
    why = _why_not(adviser, lately, within)
    move = None if why else adviser.move([run.operation for run in lately], points, within)
    parts = sum(run.operation.parts for run in lately)
    product = adviser.card.products.get(one.product_id)
    return {
        "equipment_id": one.equipment_id, "product_id": one.product_id,
        "model_name": adviser.card.name, "model_version": adviser.card.version,
        "feature_version": FEATURE_VERSION, "window_hash": _hash(lately), "at_us": newest.end_us,
        "made_wall_us": wall_us(), "operations": len(lately), "taught": product.operations if product else 0,
        "came": sum(run.operation.bad for run in lately) / parts if parts else None,
        **_moved(move, points, newest.units, why),
    }  # fmt: skip


def _why_not(adviser: Adviser, lately: Sequence[Run], within: Mapping[str, Any]) -> str:
    """Why nothing may be advised, whatever the model says; "" where it may."""
    if not within:
        return UNLIMITED
    if len(lately) < FEWEST:
        return FEW
    if not all(adviser.covers(run.operation) for run in lately):
        return UNKNOWN
    return "" if adviser.card.products[lately[-1].operation.product_id].advises else USELESS


def _set_points(lately: Sequence[Run]) -> dict[str, float]:
    """What each setting of the newest operation is set to; the mean of late where no set point is said."""
    newest, found = lately[-1], {}
    for name in newest.operation.settings:
        values = [run.operation.settings[name] for run in lately if name in run.operation.settings]
        found[name] = newest.set_points.get(name, float(np.mean(values)))
    return found


def _moved(
    move: Move | None, points: Mapping[str, float], units: Mapping[str, str], why: str
) -> dict[str, Any]:
    if move is None:
        nothing = dict.fromkeys(("from_value", "to_value", "share", "change", "change_low", "change_high"))
        return {"parameter": "", "why_not": why or UNSURE, "unit": "", **nothing}
    begin = points[move.parameter]
    return {
        "parameter": move.parameter, "why_not": "", "unit": units.get(move.parameter, ""),
        "from_value": begin, "to_value": begin + move.by, "share": move.before.value,
        "change": move.change.value, "change_low": move.change.low, "change_high": move.change.high,
    }  # fmt: skip


def _hash(lately: Sequence[Run]) -> str:
    names = sorted(lately[-1].operation.settings)
    values = [[run.operation.settings.get(name, np.nan) for name in names] for run in lately]
    return window_hash(np.array(values, np.float32))
