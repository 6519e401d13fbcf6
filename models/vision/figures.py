"""Figures of a vision model from pictures that were held out, and the temperature of its probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
BINS = 10


@dataclass(frozen=True, slots=True)
class Held:
    """What one network says of a part that it never saw: logits (N, L), truth (N,), distances (N,).

    `patterns` (N, L) is what the count of local patterns says; zeros where it has no say.
    """

    logit: Floats
    patterns: Floats
    truth: npt.NDArray[np.int64]
    away: Floats


def softmax(logit: Floats) -> Floats:
    """Probabilities (N, L)."""
    grown = np.exp(logit - logit.max(axis=1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=1, keepdims=True))


WEIGHTS = (0.0, 1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 16.0)


def say(held: Sequence[Held]) -> float:
    """The weight of the patterns beside the networks that makes held-out truth likeliest."""
    if not any(one.patterns.any() for one in held):
        return 0.0
    losses = [_loss([blended(one, weight) for one in held])[1] for weight in WEIGHTS]
    return WEIGHTS[int(np.argmin(losses))]


def blended(one: Held, weight: float) -> Held:
    """Networks and patterns together, as they serve."""
    return Held(one.logit + weight * one.patterns, 0 * one.patterns, one.truth, one.away)


def temperature(held: Sequence[Held]) -> float:
    """The divisor of the logits that makes held-out truth likeliest (Guo et al. 2017)."""
    return _loss(held)[0]


def _loss(held: Sequence[Held]) -> tuple[float, float]:
    """The best temperature, and the mean negative log likelihood that it reaches."""
    logit = np.concatenate([one.logit for one in held])
    truth = np.concatenate([one.truth for one in held])
    rows = np.arange(len(truth))
    grid = np.geomspace(0.2, 5.0, 120)
    losses = [-np.log(np.maximum(softmax(logit / t)[rows, truth], 1e-12)).mean() for t in grid]
    return float(grid[int(np.argmin(losses))]), float(min(losses))


def calibration_error(p: Floats, truth: npt.NDArray[np.int64]) -> float:
    """Expected calibration error of the best probability, ten bins."""
    best, right = p.max(axis=1), p.argmax(axis=1) == truth
    place = np.minimum((best * BINS).astype(int), BINS - 1)
    gaps = [abs(best[place == k].mean() - right[place == k].mean()) * (place == k).mean() for k in set(place)]
    return float(sum(gaps))


def validation(held: Sequence[Held], warmth: float, labels: Sequence[str], known: float) -> dict[str, float]:
    """Accuracy of each network on its own part: mean, standard deviation over the seeds; and all together."""
    each = [float((one.logit.argmax(axis=1) == one.truth).mean()) for one in held]
    logit = np.concatenate([one.logit for one in held])
    truth = np.concatenate([one.truth for one in held])
    p = softmax(logit / warmth)
    said = p.argmax(axis=1)
    beyond = [one.away > np.quantile(one.away, known) for one in held]
    out = {
        "held_out": float(len(truth)),
        "wrong": float((said != truth).sum()),
        "accuracy": float(np.mean(each)),
        "accuracy_spread": float(np.std(each, ddof=1)) if len(each) > 1 else 0.0,
        "calibration_error": calibration_error(p, truth),
        "brier": float(((p - np.eye(len(labels))[truth]) ** 2).sum(axis=1).mean()),
        "known_said_unknown": float(np.concatenate(beyond).mean()),
    }
    out |= {f"accuracy_{number + 1}": value for number, value in enumerate(each)}
    for place, label in enumerate(labels):
        own = truth == place
        out[f"recall_{label}"] = float((said[own] == place).mean()) if own.any() else 0.0
    return out


def apart(held: Sequence[Held]) -> dict[str, float]:
    """How many held-out pictures the networks, and the patterns, get wrong by themselves."""
    return {
        "networks_wrong": float(sum((one.logit.argmax(axis=1) != one.truth).sum() for one in held)),
        "patterns_wrong": float(sum((one.patterns.argmax(axis=1) != one.truth).sum() for one in held)),
    }
