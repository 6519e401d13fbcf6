"""Figures of classification: F1, macro F1, accuracy, PR-AUC, Brier score; and the threshold for F1."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Probabilities = npt.NDArray[np.float64]
Texts = npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Rule:
    """How probabilities (N, L) become labels: the likeliest, or `positive` from a threshold on."""

    labels: tuple[str, ...]
    positive: str
    threshold: float | None

    def decide(self, p: Probabilities) -> Texts:
        """Labels (N,)."""
        names = np.array(self.labels)
        if self.threshold is None:
            return np.asarray(names[p.argmax(axis=1)])
        place = self.labels.index(self.positive)
        return np.where(p[:, place] >= self.threshold, self.positive, self.labels[1 - place])


def threshold_for_f1(truth: npt.NDArray[np.bool_], p: npt.NDArray[np.float64]) -> float:
    """The threshold with the best F1, halfway to the next lower probability."""
    order = np.argsort(-p, kind="stable")
    hits = np.cumsum(truth[order])
    f1 = 2 * hits / (np.arange(1, len(p) + 1) + truth.sum())
    ends = np.r_[np.diff(p[order]) != 0, True]
    best = int(np.flatnonzero(ends)[np.argmax(f1[ends])])
    below = p[order][best + 1] if best + 1 < len(p) else 0.0
    return float((p[order][best] + below) / 2)


def f1_of(truth: Texts, found: Texts, label: str) -> float:
    """F1 of one label; 0 where it neither is nor is said."""
    hit = float(((truth == label) & (found == label)).sum())
    total = float((truth == label).sum() + (found == label).sum())
    return 2 * hit / total if total else 0.0


def average_precision(truth: npt.NDArray[np.bool_], p: npt.NDArray[np.float64]) -> float:
    """Area under precision over recall, as a sum of steps; ties are taken together."""
    order = np.argsort(-p, kind="stable")
    ends = np.r_[np.diff(p[order]) != 0, True]
    hits = np.cumsum(truth[order])[ends]
    precision = hits / (np.flatnonzero(ends) + 1)
    return float((np.diff(np.r_[0, hits]) * precision).sum() / max(1, truth.sum()))


def figures(rule: Rule, truth: Texts, p: Probabilities, found: Texts | None = None) -> dict[str, float]:
    """What is said of N cases whose truth is known; `found` where labels were decided fold by fold."""
    found = rule.decide(p) if found is None else found
    names = np.array(rule.labels)
    kinds = [name for name in rule.labels if (truth == name).any()]
    out = {
        "cases": float(len(truth)),
        "accuracy": float((truth == found).mean()),
        "macro_f1": float(np.mean([f1_of(truth, found, name) for name in kinds])),
        "brier": float(((p - (truth[:, None] == names)) ** 2).sum(axis=1).mean()),
    }
    if not rule.positive:
        return out
    is_positive, said = truth == rule.positive, found == rule.positive
    return out | {
        "f1": f1_of(truth, found, rule.positive),
        "precision": float(is_positive[said].mean()) if said.any() else 0.0,
        "recall": float(said[is_positive].mean()) if is_positive.any() else 0.0,
        "pr_auc": average_precision(is_positive, p[:, rule.labels.index(rule.positive)]),
    }
