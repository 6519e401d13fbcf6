"""Judges a challenger's gates, in the scoring process: only there are model files opened.

The judgement is stored beside the champion that it was made against; the screen and the promotion read
it, and never open a model themselves.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

import numpy as np
from sqlalchemy import Connection

from data.store import predictions
from data.store import registry as store
from data.store.database import Database
from domain import model_gates as g
from domain.clock import MINUTE, SECOND, wall_us
from domain.errors import SettingsError, Tampered
from models.registry import LoadedModel
from services.process.gating import scrap_gates
from services.registry.pairs import pairs_of
from services.stops.gating import reason_gates
from services.unusual.gating import watch_gates
from services.vision.gating import picture_gates

EVERY_US = 30 * MINUTE
RUNS = 60
Load = Callable[[Path], Any]


@dataclass(frozen=True, slots=True)
class Opened:
    """What opening a model's folder showed: its trouble ("" for none), and its slowest time in ms."""

    trouble: str
    slowest_ms: float | None


def due(tx: Connection, now_us: int) -> list[dict[str, Any]]:
    """Challengers whose gates were asked for, or were judged EVERY_US ago."""
    found = []
    for row in store.versions(tx, (g.Stage.SHADOW,)):
        judged = max(
            (one["checked_wall_us"] for one in store.gates(tx, row["name"], row["version"])), default=0
        )
        if row["check_asked_wall_us"] is not None or now_us - judged >= EVERY_US:
            found.append(row)
    return found


def check_due(database: Database, load: Load) -> int:
    """Judge what is due; returns how many challengers were judged."""
    with database.read() as tx:
        waiting = due(tx, wall_us())
    for row in waiting:
        check(database, row, load)
    return len(waiting)


def check(database: Database, challenger: dict[str, Any], load: Load) -> list[g.Gate]:
    """Judge one challenger against the champion of its name, and store the judgement."""
    with database.read() as tx:
        champion = store.champion(tx, challenger["name"])
    judges = {
        "vision": picture_gates,
        "anomaly": watch_gates,
        "classification": reason_gates,
        "quality": scrap_gates,
    }
    judge = judges.get(challenger["capability"])
    if judge is not None:
        found = judge(database, challenger, champion, load)
    else:
        opened = open_folder(Path(challenger["path"]), challenger, load)
        with database.read() as tx:
            found = gates_of(tx, challenger, champion, opened)
    rows = [
        {
            "model_name": challenger["name"],
            "model_version": challenger["version"],
            "gate": one.name,
            "champion_version": champion["version"] if champion else "",
            "state": one.state.value,
            "words": one.words,
            "ours": one.ours,
            "theirs": one.theirs,
            "checked_wall_us": wall_us(),
        }
        for one in found
    ]
    with database.write() as tx:
        store.put_gates(tx, challenger["name"], challenger["version"], rows)
    return found


def gates_of(
    tx: Connection, challenger: dict[str, Any], champion: dict[str, Any] | None, opened: Opened
) -> list[g.Gate]:
    """Every gate, in the order in which people read them."""
    ours = json.loads(challenger["card"])
    theirs = json.loads(champion["card"]) if champion else {}
    speed = g.speed_gate(opened.slowest_ms)
    groups = ours.get("window", {}).get("groups") or []
    units = [unit for unit, _ in predictions.units(tx, groups)]
    horizon_us = int(ours.get("horizon_s") or 0) * SECOND
    version = champion["version"] if champion else ""
    pairs = pairs_of(tx, units, challenger["name"], challenger["version"], version, horizon_us)
    return [
        g.file_gate(opened.trouble),
        g.card_gate(ours),
        g.input_gate(ours, theirs),
        g.figure_gate(ours.get("test", {}), theirs.get("test", {})),
        speed,
        g.shadow_gate(pairs),
        g.answer_gate(pairs),
        g.truth_gate(pairs),
        g.false_gate(pairs),
    ]


def open_folder(folder: Path, row: dict[str, Any], load: Load) -> Opened:
    """Open a model's folder as the scorer would; trouble is one sentence for people."""
    try:
        model = load(folder)
    except (Tampered, SettingsError) as error:
        return Opened(str(error), None)
    if model.card.sha256 != row["sha256"]:
        return Opened(f"{folder} holds another file than the one that was registered", None)
    return Opened("", slowest_ms(model))


def slowest_ms(model: LoadedModel) -> float:
    """The 99th percentile of the time that one window takes, of processor time."""
    window = np.zeros((1, *model.scorer.shape), np.float32)
    spent = []
    for _ in range(RUNS):
        began = time.thread_time()
        model.scorer.score(window)
        spent.append((time.thread_time() - began) * 1_000)
    return quantiles(spent, n=100, method="inclusive")[-1]
