"""Figures of proposed reasons: the model where it is sure and the rules where not, beside the rules alone."""

import numpy as np
import numpy.typing as npt

from models.classification.stops.card import REST
from models.classification.stops.cases import Cases

BINS = 10
Labels = npt.NDArray[np.str_]
Probabilities = npt.NDArray[np.float64]
Figures = dict[str, float]


def served(labels: tuple[str, ...], chances: Probabilities, limit: float, rule: Labels) -> Labels:
    """What is proposed, (N,): the likeliest reason from the limit on, else what the rules say."""
    likeliest = np.array(labels)[chances.argmax(axis=1)]
    return np.where(sure(labels, chances, limit), likeliest, rule)


def sure(labels: tuple[str, ...], chances: Probabilities, limit: float) -> npt.NDArray[np.bool_]:
    """Where a reason may be proposed, (N,): one that the model knows, its chance at least the limit."""
    known = np.array(labels)[chances.argmax(axis=1)] != REST
    return np.asarray(known & (chances.max(axis=1) >= limit))


def figures(
    cases: Cases, labels: tuple[str, ...], chances: Probabilities, limit: float, majority: str
) -> Figures:
    """Shares of stops of which the right reason is proposed, by who proposes; each stop as known at the last
    of its moments, and `early_...` at the first. Cases whose reason the model does not know count as wrong.

    `calibration_error`: how far stated chances lie from the shares that were right, where it is sure, over
    BINS equal parts of the chance, weighted by their cases; `brier` over the reasons that it knows, and REST.
    """
    out = {"stops": float(cases.ended.sum())}
    said = served(labels, chances, limit, cases.rule)
    for prefix, mine in (("", cases.ended), ("early_", ~cases.ended)):
        if mine.any():
            out |= {f"{prefix}{name}": one for name, one in _shares(cases, mine, said, majority).items()}
    certain = sure(labels, chances, limit)
    likeliest = np.array(labels)[chances.argmax(axis=1)]
    right = likeliest == cases.reason
    out["sure_share"] = float(certain.mean())
    if certain.any():
        out["sure_right"] = float(right[certain].mean())
        out["calibration_error"] = calibration_error(chances.max(axis=1)[certain], right[certain])
    truth = pooled(cases.reason, labels)[:, None] == np.array(labels)
    out["brier"] = float(((chances - truth) ** 2).sum(axis=1).mean())
    return out


def pooled(reasons: Labels, labels: tuple[str, ...]) -> Labels:
    """Reasons (N,) with those that are not known as REST."""
    return np.where(np.isin(reasons, labels), reasons, REST)


def _shares(cases: Cases, mine: npt.NDArray[np.bool_], said: Labels, majority: str) -> Figures:
    truth = cases.reason[mine]
    return {
        "right": float((said[mine] == truth).mean()),
        "rules_right": float((cases.rule[mine] == truth).mean()),
        "majority_right": float((truth == majority).mean()),
    }


def calibration_error(chance: Probabilities, right: npt.NDArray[np.bool_]) -> float:
    """The mean distance of stated chances (N,) from the shares that were right."""
    place = np.minimum((chance * BINS).astype(int), BINS - 1)
    total = 0.0
    for k in np.unique(place):
        here = place == k
        total += here.sum() * abs(float(chance[here].mean()) - float(right[here].mean()))
    return total / max(1, len(chance))
