"""Judges the plant's failure model by event, beside what it must beat, in one run."""

from pathlib import Path

import numpy as np

from domain.errors import SettingsError
from models.dataspec import DataSpec
from models.failure import baselines, horizons, labels, plant, session
from models.failure.card import MODEL_FILE, Card
from models.failure.events import Track, ranking, tally, threshold_for
from models.failure.recipes import PLANT, PLANT_FALSE_RATE
from models.failure.samples import one_per_run
from models.failure.tracks import Score, tracks

LIFE_STRIDE = 12


def evaluate_plant(model: Path, card: Card, data: DataSpec) -> dict[str, float]:
    """Figures on the plants `test-*` (and `other-*`, prefixed) of a folder, or on one plant.

    `recall_at_rate` compares all methods at the false cases per machine and month of
    PLANT_FALSE_RATE, each at its own threshold for that rate; `recall`, `false_cases_per_machine_month`
    and `precision` are the model's at its shipped threshold.
    """
    tests = plant.plants(data.folder, ("test",))  # before the peers learn: without tests there is no need
    scores = {"model": network_score(model), **peers(data)}
    figures = _figures(tests, card, scores) | life_figures(model, card, tests)
    try:
        others = plant.plants(data.folder, ("other",))
    except SettingsError:
        return figures
    if others == tests:
        return figures
    found = _figures(others, card, scores) | life_figures(model, card, others)
    return figures | {f"other_{name}": value for name, value in found.items()}


def life_figures(model: Path, card: Card, paths: list[Path]) -> dict[str, float]:
    """How often the interval holds the true life, one window of each run that ended with a failure.

    An upper end at the limit reads "at least"; lives are cut there. Beside: the chances by horizon, over
    all windows, scored with what the watch did not see weighed in (`models.failure.horizons`).
    """
    samples = plant.gather(paths, LIFE_STRIDE)
    said = horizons.judge(model, samples, card.horizons, "h") if card.horizons else {}
    failed = samples.take(samples.observed)
    if len(failed) == 0:
        return said
    chosen = failed.take(one_per_run(failed.run, 0))
    low, _, high = session.run(session.open_session(model / MODEL_FILE), chosen.windows).rul.T
    life = np.minimum(chosen.life, card.life_limit)
    inside = (life >= low) & ((life <= high) | (high >= card.life_limit - 1e-3))
    return {"life_runs": float(len(chosen)), "life_coverage": float(inside.mean())} | said


def network_score(model: Path) -> Score:
    """The shipped network's probability (N,)."""
    opened = session.open_session(model / MODEL_FILE)
    return lambda windows: session.run(opened, windows).probability.astype(np.float64)


def peers(data: DataSpec) -> dict[str, Score]:
    """The methods to beat; those that learn are left out where the folder has no `train-*` plants."""
    found: dict[str, Score] = {"hours": baselines.hours_since_maintenance}
    try:
        paths = plant.plants(data.folder, ("train",))
    except SettingsError:
        return found
    if paths == [data.folder]:
        return found
    samples = plant.gather(paths, PLANT.stride)
    found["limit"] = baselines.limit_rule(samples)
    found["boosting"] = baselines.boosting(samples)
    return found | {f"single_{name}": rule for name, rule in baselines.single_limits().items()}


def _figures(paths: list[Path], card: Card, scores: dict[str, Score]) -> dict[str, float]:
    found = tracks(paths, scores)
    shipped = tally(found["model"], card.threshold)
    figures = {
        "machines": float(len(found["model"])),
        "machine_months": shipped.months,
        "failures": float(shipped.failures),
        "recall": shipped.recall,
        "false_cases_per_machine_month": shipped.false_rate,
        "precision": shipped.precision,
        "window_auc": _auc(found["model"]),
        "brier": _brier(found["model"]),
        "compared_at_false_rate": PLANT_FALSE_RATE,
    }
    for name, rows in found.items():
        equal = tally(rows, threshold_for(rows, PLANT_FALSE_RATE))
        title = "recall_at_rate" if name == "model" else f"{name}_recall_at_rate"
        figures[title] = equal.recall
    singles = [value for name, value in figures.items() if name.startswith("single_")]
    kept = {name: value for name, value in figures.items() if not name.startswith("single_")}
    return kept | ({"best_single_sensor_recall_at_rate": max(singles)} if singles else {})


def _labels(row: Track) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return labels.labels(row.at_us, labels.Watch(row.failure_us, row.end_us), plant.HORIZON_US)


def _auc(rows: list[Track]) -> float:
    return ranking(np.concatenate([_labels(r) for r in rows]), np.concatenate([r.score for r in rows]))


def _brier(rows: list[Track]) -> float:
    label = np.concatenate([_labels(r) for r in rows])
    score = np.concatenate([r.score for r in rows])
    known = ~np.isnan(label)
    return float(np.mean((score[known] - label[known]) ** 2))
