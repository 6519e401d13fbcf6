"""Judges a failure model on test data with its truth. Runs without torch."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from domain.errors import SettingsError
from models.dataspec import DataSpec
from models.failure import cmapss, session
from models.failure.card import MODEL_FILE, Card, read_card
from models.failure.evaluate_plant import evaluate_plant
from models.features import cmapss as engine_features

Floats = npt.NDArray[np.floating]


def evaluate(model: Path, data: DataSpec) -> dict[str, float]:
    """The figures of `evaluate failure --json`; SettingsError when there is no truth to judge by."""
    card = read_card(model)
    _same_kind(card, data)
    if data.kind == "cmapss":
        scores = score_engines(model, card, data)
        return engine_figures(scores, cmapss.truth(data, len(scores.rul)), card.life_limit)
    return evaluate_plant(model, card, data)


def _same_kind(card: Card, data: DataSpec) -> None:
    if card.data.kind != data.kind:
        raise SettingsError(f"model {card.name} was made for {card.data.kind} data, not for {data.kind}")


def engine_windows(card: Card, runs: list[cmapss.Engine]) -> npt.NDArray[np.float32]:
    """The last window of every engine, in order."""
    picked = cmapss.columns(card.window.sensors)
    return np.stack([engine_features.build(run.sensors[:, picked], card.window.steps).data for run in runs])


def score_engines(model: Path, card: Card, data: DataSpec) -> session.Scores:
    """Scores of the test engines of a C-MAPSS subset."""
    windows = engine_windows(card, cmapss.engines(data, "test"))
    return session.run(session.open_session(model / MODEL_FILE), windows)


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
