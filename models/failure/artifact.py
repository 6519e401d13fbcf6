"""Completes a model folder once `model.onnx` is written: golden cases, background, test, card."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from domain.errors import SettingsError
from models.dataspec import DataSpec
from models.failure import session
from models.failure.card import BACKGROUND_FILE, GOLDEN_FILE, MODEL_FILE, Card, file_hash, write_card
from models.failure.problem import Problem

__all__ = ["MODEL_FILE", "Result", "finish"]
GOLDEN_CASES = 16


@dataclass(frozen=True, slots=True)
class Result:
    """What training found out: figures on unseen runs, the threshold, and how long it took."""

    validation: dict[str, float]
    threshold: float
    seconds: float


def finish(problem: Problem, data: DataSpec | None, out: Path, result: Result) -> dict[str, float]:
    """Write golden.npz, background.npz and card.json; returns validation and test figures.

    Without `data` there is no test part to judge by.
    """
    digest = file_hash(out / MODEL_FILE)
    _golden(problem, out)
    np.savez_compressed(out / BACKGROUND_FILE, **problem.background)  # type: ignore[arg-type]
    card = _card(problem, result, digest)
    write_card(out, card)
    card = card.model_copy(update={"test": _test(out, data) if data else {}})
    write_card(out, card)
    return {**{f"validation_{k}": v for k, v in result.validation.items()}, **card.test}


def _golden(problem: Problem, out: Path) -> None:
    places = np.linspace(0, len(problem.samples) - 1, GOLDEN_CASES).astype(int)
    windows = problem.samples.windows[places]
    scores = session.run(session.open_session(out / MODEL_FILE), windows)
    np.savez_compressed(out / GOLDEN_FILE, window=windows, probability=scores.probability, rul=scores.rul)


def _test(out: Path, data: DataSpec) -> dict[str, float]:
    from models.failure.evaluate import evaluate

    try:
        return evaluate(out, data)
    except SettingsError:
        return {}


def _card(problem: Problem, result: Result, digest: str) -> Card:
    words, now = problem.words, datetime.now(UTC)
    return Card(
        name=words.name,
        version=f"{now:%Y%m%d}-{digest[:8]}",
        created=now.isoformat(timespec="seconds"),
        intended_use=words.intended_use,
        limits=words.limits,
        licence=words.licence,
        command=words.command,
        seeds=tuple(problem.recipe.seed * 100 + k for k in range(problem.recipe.folds)),
        seconds=round(result.seconds, 1),
        settings=problem.recipe.settings(),
        data=problem.data,
        feature_version=problem.feature_version,
        window=problem.window,
        horizon=problem.horizon,
        horizon_unit="cycles" if problem.horizon_s == 0 else "h",
        horizon_s=problem.horizon_s,
        horizons=problem.horizons,
        life_unit="cycles" if problem.life_unit == "cycles" else "operating hours",
        life_limit=problem.recipe.limit,
        threshold=result.threshold,
        threshold_rule=words.threshold_rule,
        validation=result.validation,
        test={},
        background=words.background,
        sha256=digest,
        known=problem.known,
    )
