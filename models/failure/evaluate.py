"""Judges a failure model on test data with its truth. Runs without torch."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from domain.errors import SettingsError
from models import registry
from models.dataspec import DataSpec
from models.failure import cmapss, conditions, known, session
from models.failure.card import MODEL_FILE, Card
from models.failure.evaluate_plant import evaluate_plant
from models.failure.interval import engine_intervals
from models.features import cmapss as engine_features

Floats = npt.NDArray[np.floating]


def evaluate(model: Path, data: DataSpec) -> dict[str, float]:
    """The figures of `evaluate failure --json`; SettingsError when there is no truth to judge by."""
    card = registry.load(model).card
    _same_kind(card, data)
    if data.kind == "cmapss":
        _check_order(data)
        scores = score_engines(model, card, data)
        figures = engine_figures(scores, cmapss.truth(data, len(scores.rul)), card.life_limit)
        held_out = engine_intervals(model, card, data)
        return figures | {f"held_out_{name}": value for name, value in held_out.items()}
    return evaluate_plant(model, card, data)


def _check_order(data: DataSpec) -> None:
    """The truth is a list without the engines' numbers: it can only be that of their order."""
    units = [run.unit for run in cmapss.engines(data, "test")]
    if units != sorted(units):
        raise SettingsError(f"{data}: the truth names no engine, so they must come in order of their number")


def _same_kind(card: Card, data: DataSpec) -> None:
    if card.data.kind != data.kind:
        raise SettingsError(f"model {card.name} was made for {card.data.kind} data, not for {data.kind}")


def engine_windows(card: Card, runs: list[cmapss.Engine]) -> npt.NDArray[np.float32]:
    """The last window of every engine, in order, missing cycles by the one before.

    SettingsError where training saw no such condition.
    """
    picked = cmapss.columns(card.window.sensors)
    if card.window.conditions:
        conditions.places(np.concatenate([run.settings for run in runs]), np.array(card.window.conditions))
    return np.stack([_window(card, run, picked) for run in runs])


def _window(card: Card, run: cmapss.Engine, picked: list[int]) -> npt.NDArray[np.float32]:
    return engine_features.build(run.readings[:, picked], card.window.steps, run.first).data


def score_engines(model: Path, card: Card, data: DataSpec) -> session.Scores:
    """Scores of the test engines of a C-MAPSS subset, in order of the file.

    The interval is wider where history is short, has holes, or says what training never saw; where most
    engines do, SettingsError.
    """
    runs = cmapss.engines(data, "test")
    found = known.trust(card, runs)
    scores = session.run(session.open_session(model / MODEL_FILE), engine_windows(card, runs))
    return session.Scores(scores.probability, known.widened(scores.rul, found, card.life_limit))


def engine_figures(scores: session.Scores, truth: Floats, limit: float) -> dict[str, float]:
    """RMSE with the truth as it is (raw) and cut at `limit` (clipped), and the interval's coverage.

    Coverage counts an upper end at the limit as "at least": the raw truth may lie above it.
    """
    low, middle, high = scores.rul.T.astype(np.float64)
    cut = np.minimum(truth, limit)
    open_end = high >= limit
    inside = (truth >= low) & ((truth <= high) | open_end)
    return {
        "engines": len(truth),
        "rmse_raw": rmse(middle, truth),
        "rmse_clipped": rmse(middle, cut),
        "coverage": float(inside.mean()),
        "interval_mean_width": float((high - low).mean()),
    }


def rmse(predicted: Floats, truth: Floats) -> float:
    """Root mean square error."""
    return float(np.sqrt(np.mean((predicted - truth) ** 2)))
