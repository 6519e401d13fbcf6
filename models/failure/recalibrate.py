"""A failure model whose probability is calibrated anew; its ranking, and so its alarms, stay as they are.

The ONNX file gets three steps behind its probability: log odds, times a slope, plus an offset. Slope and
offset come from cases of the plant itself, weighted for what maintenance hid (domain.calibration). Needs
the package onnx, which only the training environment brings.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from domain.calibration import Case, ipcw
from domain.errors import NotNow
from models.failure import calibrate
from models.failure.card import BACKGROUND_FILE, GOLDEN_FILE, MODEL_FILE, file_hash, read_card, write_card
from models.scorer import Scorer

TINY = 1e-6
FEWEST_CASES, FEWEST_FAILURES = 100, 5
LEARN_SHARE = 0.7
SAME_RANKING = ("machines", "machine_months", "failures", "recall_at_rate", "compared_at_false_rate")


@dataclass(frozen=True, slots=True)
class Found:
    """What was fitted on the earlier cases (up to `until_us`) and seen on the later ones."""

    slope: float
    offset: float
    learned: int
    judged: int
    brier_before: float
    brier_after: float
    until_us: int

    def __call__(self, probability: float) -> float:
        """The new probability of an old one."""
        p = min(max(probability, TINY), 1 - TINY)
        return float(calibrate.sigmoid(np.array([self.slope * np.log(p / (1 - p)) + self.offset]))[0])


def fit(cases: Sequence[Case]) -> Found:
    """Slope and offset from the first 70 % of the cases in time; NotNow where that tells too little.

    NotNow too when the later cases are not stated better by it: then there is nothing to gain.
    """
    ordered = sorted(cases, key=lambda case: case.at_us)
    cut = int(len(ordered) * LEARN_SHARE)
    learn, judge = ordered[:cut], ordered[cut:]
    if len(learn) < FEWEST_CASES or sum(c.failed for c in learn) < FEWEST_FAILURES:
        raise NotNow(
            f"{len(learn)} cases with {sum(c.failed for c in learn)} failures are too few to calibrate by; "
            f"{FEWEST_CASES} with {FEWEST_FAILURES} are needed"
        )
    weights = np.array(ipcw(learn))
    stated = np.clip([c.stated for c in learn], TINY, 1 - TINY)
    label = np.where(weights > 0, [float(c.failed) for c in learn], np.nan)
    slope, offset = calibrate.platt(np.log(stated / (1 - stated)), label, weights)
    if slope <= 0:
        raise NotNow("on this plant higher chances did not come with more failures; train the model anew")
    found = Found(slope, offset, len(learn), len(judge), 0.0, 0.0, learn[-1].at_us)
    before, after = _brier(judge, lambda p: p), _brier(judge, found)
    if not after < before:
        raise NotNow(f"calibrating does not help: Brier score {before:.4f} before, {after:.4f} after")
    return Found(slope, offset, len(learn), len(judge), before, after, learn[-1].at_us)


def write(folder: Path, out: Path, found: Found, source: str) -> str:
    """Write the calibrated model to `out`; returns its version. SettingsError when `folder` is no model."""
    card = read_card(folder)
    out.mkdir(parents=True, exist_ok=True)
    _write_onnx(folder / MODEL_FILE, out / MODEL_FILE, found)
    shutil.copyfile(folder / BACKGROUND_FILE, out / BACKGROUND_FILE)
    scorer = Scorer(out / MODEL_FILE, card.window.steps, len(card.window.channels))
    with np.load(folder / GOLDEN_FILE) as golden:
        windows = golden["window"].astype(np.float32)
    scores = scorer.score(windows)
    np.savez_compressed(out / GOLDEN_FILE, window=windows, probability=scores.probability, rul=scores.rul)
    digest, now = file_hash(out / MODEL_FILE), datetime.now(UTC)
    kept = {name: value for name, value in card.test.items() if name.removeprefix("other_") in SAME_RANKING}
    judged = {"site_cases": float(found.judged), "site_brier": found.brier_after}
    changed = card.model_copy(update={
        "version": f"{now:%Y%m%d}-{digest[:8]}", "created": now.isoformat(timespec="seconds"),
        "limits": (*card.limits, f"Chances calibrated on {found.learned} cases of {source}."),
        "command": "python -m runtime retrain", "threshold": found(card.threshold), "sha256": digest,
        "threshold_rule": f"{card.threshold_rule}; moved with the chances, so that the alarms stay the same",
        "data": card.data.model_copy(update={"source": f"{card.data.source}; chances: {source}"}),
        "settings": card.settings | {"slope": found.slope, "offset": found.offset, "parent": card.version},
        "validation": card.validation | {"site_brier_of_parent": found.brier_before, **judged},
        "test": kept | judged, "pointing": None,
    })  # fmt: skip
    write_card(out, changed)
    return changed.version


def _brier(cases: Sequence[Case], change: Callable[[float], float]) -> float:
    weights = ipcw(cases)
    total = sum(w * (change(c.stated) - c.failed) ** 2 for c, w in zip(cases, weights, strict=True))
    return total / max(sum(weights), TINY)


def _write_onnx(source: Path, out: Path, found: Found) -> None:
    """The same graph; its chances, those by horizon too, moved by slope and offset in log odds."""
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(str(source))
    graph = model.graph
    moved = [one.name for one in graph.output if one.name in ("probability", "horizons")]
    for node in graph.node:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                if name in moved:
                    names[place] = f"stated_{name}_{len(graph.node)}"
    count = len(graph.node)
    values = {"low": TINY, "high": 1 - TINY, "one": 1.0, "slope": found.slope, "offset": found.offset}
    for name, value in values.items():
        tensor = numpy_helper.from_array(np.array(value, np.float32), f"calibrate_{name}_{count}")
        graph.initializer.append(tensor)
    for output in moved:
        steps = (
            ("Clip", ["stated", "low", "high"], "p"),
            ("Sub", ["one", "p"], "q"),
            ("Div", ["p", "q"], "odds"),
            ("Log", ["odds"], "logit"),
            ("Mul", ["logit", "slope"], "scaled"),
            ("Add", ["scaled", "offset"], "moved"),
            ("Sigmoid", ["moved"], output),
        )
        given = {"stated": f"stated_{output}_{count}", output: output}
        given |= {name: f"calibrate_{name}_{count}" for name in values}
        for kind, inputs, name in steps:
            own = [given.get(one, f"{output}_{one}_{count}") for one in (*inputs, name)]
            graph.node.append(helper.make_node(kind, own[:-1], own[-1:]))
    onnx.checker.check_model(model)
    onnx.save(model, str(out))
