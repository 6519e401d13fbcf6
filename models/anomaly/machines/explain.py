"""Which signals of a machine are odd, since when, and how much each contributed to the score."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from domain.errors import SettingsError
from models.anomaly.machines import history
from models.anomaly.machines.history import Track
from models.anomaly.machines.predict import scored
from models.anomaly.machines.watcher import Watcher
from models.counterfactual import brings_down
from models.dataspec import DataSpec
from models.explainer import Explainer, Groups
from models.failure import plant
from models.failure.plant import Machine
from models.features import plant as features
from models.features.plant import BIN_US

HEALTHY, ROUNDS, PRECISION = 16, 6, 0.02
LOWER = 0.05  # of the score: what a sensor must bring it down by


def explain(model: Path, data: DataSpec, case: str) -> dict[str, Any]:
    """SHAP values of the score of one half hour, over sensors; and since when each signal is odd.

    `case` is MACHINE@TIME (ISO 8601, UTC), or MACHINE for its highest score. SettingsError when there is no
    such machine, or no score then.
    """
    watcher = Watcher(model)
    name, _, time = case.partition("@")
    machine = _machine(data, name)
    top = watcher.card.thresholds.get(machine.machine_type)
    found = scored(watcher, machine)
    if top is None or not len(found.at_us):
        raise SettingsError(f"--case {case!r}: this machine was never scored")
    place = _place(found, time, case)
    at_us = int(found.at_us[place])
    window = features.windows(
        machine.machine_type, machine.bins, np.array([at_us // BIN_US - 1 - machine.bins.first])
    )[0]
    background = watcher.backgrounds[machine.machine_type][:HEALTHY]
    groups = Groups.of(features.CHANNELS, features.STEPS, 1)
    explainer = Explainer(watcher.scores, groups, background, rounds=ROUNDS, precision=PRECISION)
    shap = explainer.explain(window)
    changed = brings_down(explainer, window, shap, LOWER)
    far = np.sqrt(found.parts)
    signals = [
        {"signal": signal, "times": float(far[place, k]) / top,
         "odd_since": _since(replace(found, score=far[:, k]), top, place)}
        for k, signal in enumerate(features.CHANGES)
    ]  # fmt: skip
    return {
        "case": f"{name}@{_iso(at_us)}",
        "model": f"{watcher.card.name} {watcher.card.version}",
        "score": shap.output_value,
        "threshold": top,
        "odd_since": _since(found, top, place),
        "base_value": shap.base_value,
        "additivity_error": shap.additivity_error,
        "background": f"{len(background)} of {watcher.card.background}",
        "method": f"SHAP, {shap.method}, interventional, on the score",
        "counterfactual": {"sensor": changed[0], "score": changed[1]} if changed else None,
        "contributions": [
            {"sensor": groups.names[k][0], "value": float(shap.values[k])}
            for k in np.argsort(-np.abs(shap.values), kind="stable").tolist()
            if shap.values[k]
        ],
        "signals": sorted(signals, key=lambda row: -row["times"]),
    }


def _machine(data: DataSpec, name: str) -> Machine:
    for path in plant.plants(data.folder, ("test",)):
        for machine in plant.machines(path, record=False):
            if machine.equipment_id == name:
                return machine
    raise SettingsError(f"--case {name!r}: there is no such machine in {data.folder}")


def _place(found: Track, time: str, case: str) -> int:
    if not time:
        return int(np.argmax(found.score))
    try:
        at_us = round(datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp() * 1e6)
    except ValueError as error:
        raise SettingsError(f"--case {case!r}: {error}") from error
    where = np.flatnonzero(found.at_us == at_us)
    if not len(where):
        raise SettingsError(f"--case {case!r}: there is no score at that time")
    return int(where[0])


def _since(found: Track, top: float, place: int) -> str | None:
    since = int(history.standing(found, top)[place])
    return None if since < 0 else _iso(since)


def _iso(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6, UTC).isoformat(timespec="seconds")
