"""Judges the plant's failure model by event, beside what it must beat, in one run."""

from pathlib import Path

import numpy as np

from domain.errors import SettingsError
from models.dataspec import DataSpec
from models.failure import baselines, horizons, labels, plant, session
from models.failure.card import MODEL_FILE, Card
from models.failure.events import Track, months, ranking, safe_rate, tally, threshold_for
from models.failure.recipes import PLANT, PLANT_FALSE_RATE
from models.failure.samples import one_per_run
from models.failure.tracks import Score, tracks

LIFE_STRIDE = 12
PARTS = ("test", "other", "unseen")
SINGLE = "single_"
QUARTILES = {"quarter": 0.25, "half": 0.5, "three_quarters": 0.75}


def evaluate_plant(model: Path, card: Card, data: DataSpec) -> dict[str, float]:
    """Figures on the plants `test-*` (and `other-*`, `unseen-*`, prefixed) of a folder, or on one plant.

    `recall`, `precision`, `false_cases_per_machine_month`, `lead_h_*` (quartiles of the hours from a true
    case to its failure) and `recall_of_CAUSE` are the model's at the threshold of its card. Peers (prefixed)
    stand at thresholds chosen by the same rule on the plants `calibrate-*`, which no method learned from; a
    folder without such plants gives none. `recall_at_rate` compares how well all methods rank: each at the
    threshold that gives PLANT_FALSE_RATE on the very plants it is judged on.
    """
    tests = plant.plants(data.folder, ("test",))  # before the peers learn: without tests there is no need
    scores = {"model": network_score(model), **peers(data)}
    limits = {"model": card.threshold} | peer_thresholds(data, scores)
    figures: dict[str, float] = {}
    for part in PARTS:
        paths = _part(data, part)
        if paths and (part == PARTS[0] or paths != tests):
            found = _figures(paths, scores, limits) | life_figures(model, card, paths)
            prefix = "" if part == PARTS[0] else f"{part}_"
            figures |= {f"{prefix}{name}": value for name, value in found.items()}
    return figures


def _part(data: DataSpec, part: str) -> list[Path]:
    try:
        return plant.plants(data.folder, (part,))
    except SettingsError:
        return []


def peer_thresholds(data: DataSpec, scores: dict[str, Score]) -> dict[str, float]:
    """Each peer's threshold on the plants `calibrate-*`; of the limits on one sensor only the best there."""
    paths = _part(data, "calibrate")
    peer = {name: score for name, score in scores.items() if name != "model"}
    if not paths or paths == [data.folder]:
        return {}
    rows = tracks(paths, peer)
    limits = {name: sure_threshold(row) for name, row in rows.items()}
    recall = {name: tally(rows[name], limits[name]).recall for name in rows if name.startswith(SINGLE)}
    best = max(recall, key=lambda name: recall[name], default="")
    return {name: limit for name, limit in limits.items() if name not in recall or name == best}


def sure_threshold(rows: list[Track]) -> float:
    """The lowest threshold that surely (95 %) keeps to PLANT_FALSE_RATE on such plants."""
    return threshold_for(rows, safe_rate(PLANT_FALSE_RATE, months(rows)))


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
    return found | {f"{SINGLE}{name}": rule for name, rule in baselines.single_limits().items()}


def _figures(paths: list[Path], scores: dict[str, Score], limits: dict[str, float]) -> dict[str, float]:
    found = tracks(paths, scores)
    model = found["model"]
    figures = {
        "machines": float(len(model)),
        "machine_months": months(model),
        "failures": float(sum(len(track.failures_us) for track in model)),
        "window_auc": _auc(model),
        "brier": _brier(model),
        "compared_at_false_rate": PLANT_FALSE_RATE,
    }
    for name, limit in limits.items():
        title = "" if name == "model" else "single_sensor_" if name.startswith(SINGLE) else f"{name}_"
        figures |= {f"{title}{key}": value for key, value in at(found[name], limit).items()}
    ranked = {name: tally(rows, threshold_for(rows, PLANT_FALSE_RATE)).recall for name, rows in found.items()}
    singles = [ranked.pop(name) for name in found if name.startswith(SINGLE)]
    figures["recall_at_rate"] = ranked.pop("model")
    figures |= {f"{name}_recall_at_rate": recall for name, recall in ranked.items()}
    return figures | ({"best_single_sensor_recall_at_rate": max(singles)} if singles else {})


def at(rows: list[Track], threshold: float) -> dict[str, float]:
    """What a threshold gives: recall in all and by diagnosed cause, false cases, precision, leads."""
    found = tally(rows, threshold)
    causes = {f"recall_of_{name}": warned / count for name, (count, warned) in sorted(found.causes.items())}
    leads = {f"lead_h_{name}": found.lead_h(share) for name, share in QUARTILES.items()}
    return {
        "recall": found.recall,
        "false_cases_per_machine_month": found.false_rate,
        "precision": found.precision,
        **(leads if found.leads_h else {}),
        **causes,
    }


def _labels(row: Track) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return labels.labels(row.at_us, labels.Watch(row.failure_us, row.end_us), plant.HORIZON_US)


def _auc(rows: list[Track]) -> float:
    return ranking(np.concatenate([_labels(r) for r in rows]), np.concatenate([r.score for r in rows]))


def _brier(rows: list[Track]) -> float:
    label = np.concatenate([_labels(r) for r in rows])
    score = np.concatenate([r.score for r in rows])
    known = ~np.isnan(label)
    return float(np.mean((score[known] - label[known]) ** 2))
