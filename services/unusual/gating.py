"""The facts behind the gates of a challenger that says what is unusual, in the scoring process."""

import json
import time
from collections.abc import Mapping
from itertools import groupby
from statistics import median
from typing import Any

import numpy as np
from sqlalchemy import Connection

from data.store import oddities
from data.store.database import Database
from domain import oddity_gates as o
from domain.clock import DAY
from domain.equipment import site_of
from domain.model_gates import Gate, card_gate, file_gate
from domain.oddity import MONTH_US, begun
from models.anomaly.machines.watcher import Watcher
from services.registry.folders import Load, opened
from services.risk_truth import life_of
from services.situation import site_at

RUNS = 20
HEALTHY_US = 3 * DAY
STEP_US = DAY // 48


def watch_gates(
    database: Database, challenger: Mapping[str, Any], champion: Mapping[str, Any] | None, load: Load
) -> list[Gate]:
    """Every gate, in the order in which people read them."""
    ours, theirs = json.loads(challenger["card"]), json.loads(champion["card"]) if champion else {}
    model, trouble = opened(challenger, load, Watcher)
    with database.read() as tx:
        found = beside(tx, challenger, champion["version"] if champion else "")
    served = str(ours.get("served", "")), str(theirs.get("served", ""))
    return [
        file_gate(trouble),
        card_gate(ours),
        o.input_gate(ours, theirs),
        o.held_out_gate(ours.get("validation", {}), theirs.get("validation", {}), served),
        o.speed_gate(None if model is None else window_ms(model)),
        o.shadow_gate(found),
        o.answer_gate(found),
        o.false_gate(found),
    ]


def window_ms(model: Watcher) -> float:
    """Processor time for one window, the median of RUNS, ms."""
    window = next(iter(model.backgrounds.values()))[:1]
    spent = []
    for _ in range(RUNS):
        began = time.thread_time()
        model.marks(window)
        spent.append((time.thread_time() - began) * 1_000)
    return median(spent)


def beside(tx: Connection, challenger: Mapping[str, Any], champion: str) -> o.Beside:
    """What both said of the same half hours, as far back as they are kept."""
    rows = oddities.both(tx, challenger["name"], (challenger["version"], champion))
    now = {site: site_at(tx, site).now_us for site in {site_of(row.equipment_id) for row in rows}}
    alarms, months = np.zeros(2), 0.0
    for unit, group in groupby(rows, key=lambda row: str(row.equipment_id)):
        mine = list(group)
        life = life_of(tx, unit, mine[0].at_us, now[site_of(unit)])
        well = [row for row in mine if life.outcome(row.at_us, HEALTHY_US) is False]
        months += len(well) * STEP_US / MONTH_US
        alarms += [_alarms(well, "score", "threshold"), _alarms(well, "their_score", "their_threshold")]
    times = [row.at_us for row in rows]
    return o.Beside(
        pairs=len(rows),
        span_us=max(times) - min(times) if times else 0,
        our_unknown=_share([row.score is None for row in rows]),
        their_unknown=_share([row.their_score is None for row in rows]),
        our_false=float(alarms[0]) / months if months else None,
        their_false=float(alarms[1]) / months if months else None,
    )


def _alarms(rows: list[Any], score: str, threshold: str) -> int:
    steps = [
        (row.at_us, getattr(row, score) > getattr(row, threshold))
        for row in rows
        if getattr(row, score) is not None
    ]
    return len(begun(steps))


def _share(flags: list[bool]) -> float:
    return sum(flags) / len(flags) if flags else 0.0
