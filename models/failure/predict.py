"""Writes a failure model's remaining lives to a file. Needs no truth, and no torch."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from domain.errors import SettingsError
from models import answers, registry
from models.dataspec import DataSpec
from models.failure import cmapss, evaluate, plant, session
from models.failure.card import MODEL_FILE, Card
from models.features import plant as features
from models.features.familiar import Familiar

HEADER = ("unit", "rul", "rul_lo", "rul_hi")
Row = tuple[str | int, str, str, str]


def predict(model: Path, data: DataSpec, out: Path) -> int:
    """Write a row per case to the CSV file `out`; returns the number of rows.

    cmapss: the engines of the test file, in its order, after their last cycle. plant: the machines of
    the history (its `test-*` plants where it holds several), in order of their id, at its end; the lives
    of a machine whose risk is not known are empty. Tampered when the model's hash or golden cases differ.
    """
    loaded = registry.load(model)
    card = loaded.card
    if data.kind != card.data.kind:
        raise SettingsError(f"model {card.name} does not predict on {data.kind} data")
    rows = engine_rows(model, card, data) if data.kind == "cmapss" else plant_rows(loaded, data)
    return answers.write(out, HEADER, rows)


def engine_rows(model: Path, card: Card, data: DataSpec) -> Iterator[Row]:
    """A row per test engine."""
    units = [run.unit for run in cmapss.engines(data, "test")]
    lives = evaluate.score_engines(model, card, data).rul
    for unit, life in zip(units, lives.tolist(), strict=True):
        yield _row(unit, life)


def plant_rows(model: registry.LoadedModel, spec: DataSpec) -> Iterator[Row]:
    """A row per machine."""
    opened, familiar = session.open_session(model.folder / MODEL_FILE), Familiar.of(model.backgrounds)
    for path in plant.plants(spec.folder, ("test",)):
        for machine in plant.machines(path, record=False):
            last = int(machine.end_us // features.BIN_US) - 1
            window = features.window_of(machine.machine_type, machine.bins, last)
            data = None if isinstance(window, features.NotKnown) else window.data[np.newaxis]
            if data is None or familiar.strange(machine.machine_type, data)[0]:
                yield machine.equipment_id, "", "", ""
            else:
                yield _row(machine.equipment_id, session.run(opened, data).rul[0].tolist())


def _row(unit: str | int, life: list[float]) -> Row:
    low, middle, high = (f"{value:.3f}" for value in life)
    return unit, middle, low, high
