"""How well the interval of life holds, on training runs, by the members that did not see them."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from onnxruntime import InferenceSession

from models.dataspec import DataSpec
from models.failure import cmapss, session
from models.failure.calibrate import drawn, inside, margin, widened, winkler
from models.failure.card import MODEL_FILE, Card
from models.failure.problem import engine_samples
from models.failure.samples import Samples, Whole, folds

Floats = npt.NDArray[np.floating]


def cross_validated(rul: Floats, life: Floats, run: Whole, fold: Whole, limit: float) -> dict[str, float]:
    """Coverage, width and Winkler score over all windows, each by a margin from other folds' runs alone.

    `rul` (N, 3) are the ends and the mean that members say of runs that they were not trained on. Beside:
    the mean with one width for all windows, from the same runs by the same rule (constant conformal).
    """
    ours, constant = np.zeros((len(rul), 3)), np.zeros((len(rul), 3))
    point = np.repeat(rul[:, 1:2], 3, axis=1)
    for k in np.unique(fold):
        own, others = fold == k, fold != k
        found = margin(rul[others], life[others], run[others], limit)
        ours[own] = widened(rul[own], found, limit)
        error = np.abs(rul[others, 1] - np.minimum(life[others], limit))
        same = drawn(error, run[others])
        constant[own] = np.clip(point[own] + np.array([-same, 0, same]), 0, limit)
    return {
        "interval_coverage": float(inside(ours, life, limit).mean()),
        "interval_width": float((ours[:, 2] - ours[:, 0]).mean()),
        "interval_winkler": winkler(ours, life, limit),
        "constant_coverage": float(inside(constant, life, limit).mean()),
        "constant_width": float((constant[:, 2] - constant[:, 0]).mean()),
        "constant_winkler": winkler(constant, life, limit),
    }


def engine_intervals(model: Path, card: Card, data: DataSpec) -> dict[str, float]:
    """`cross_validated` over the engines that a C-MAPSS model was trained on; nothing for other engines.

    Each engine is judged by the members of its own fold, which were trained without it.
    """
    path = data.folder / f"train_{data.subset or 'FD001'}.txt"
    opened = session.open_session(model / MODEL_FILE)
    if not path.is_file() or "folds" not in session.outputs(opened):
        return {}
    runs = cmapss.engines(data, "train")
    samples = engine_samples(runs, card.window.sensors, card.window.steps)
    if (data.subset or "FD001", len(runs), len(samples)) != (
        card.data.subset, card.data.runs, card.data.windows,
    ):  # fmt: skip
        return {}
    fold = folds(samples.group, int(card.settings["folds"]), int(card.settings["seed"]))
    rul = _unseen(opened, samples, fold)
    return cross_validated(rul, samples.life, samples.run, fold, card.life_limit)


def _unseen(opened: InferenceSession, samples: Samples, fold: Whole) -> npt.NDArray[np.float32]:
    said = session.fetch(opened, "folds", samples.windows)
    return said[np.arange(len(said)), fold]
