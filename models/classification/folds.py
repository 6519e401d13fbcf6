"""Cross-validation without a leak: settings and thresholds are chosen inside each fold's training part."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.classification import judge, recipes
from models.classification.judge import Probabilities, Rule, Texts
from models.classification.kinds import Kind
from models.classification.table import Floats

Report = Callable[[str, float], None]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Held:
    """What a model says of cases that it was not trained on: (N, L), and the labels it decides, (N,)."""

    p: Probabilities
    found: Texts
    chosen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """Cases with their truth: inputs (N, K, F), labels (N,)."""

    kind: Kind
    inputs: Floats
    truth: Texts
    labels: tuple[str, ...]

    def fit(self, name: str, seed: int, places: Places) -> Any:
        """A model trained on some of the cases, every stretch of theirs a row."""
        stretches = self.inputs.shape[1]
        rows = self.inputs[places].reshape(-1, self.inputs.shape[-1])
        return recipes.estimator(name, seed).fit(rows, np.repeat(self.truth[places], stretches))

    def probabilities(self, model: Any, places: Places) -> Probabilities:
        """The mean over a case's stretches, (n, L), in the order of `labels`."""
        inputs = self.inputs[places]
        found = model.predict_proba(inputs.reshape(-1, inputs.shape[-1]))
        found = found.reshape(len(inputs), inputs.shape[1], -1).mean(axis=1)
        out = np.zeros((len(inputs), len(self.labels)))
        out[:, [self.labels.index(name) for name in model.classes_]] = found
        return out

    def rule(self, p: Probabilities, truth: Texts) -> Rule:
        """The threshold that is best on these cases, where the kind is judged by F1 of one label."""
        if self.kind.metric != "f1" or len(self.labels) != 2:
            return Rule(self.labels, self.positive, None)
        place = self.labels.index(self.kind.positive)
        threshold = judge.threshold_for_f1(truth == self.kind.positive, p[:, place])
        return Rule(self.labels, self.positive, threshold)

    @property
    def positive(self) -> str:
        """The label that F1 is of; "" where there are more than two."""
        return self.kind.positive if self.kind.positive in self.labels and len(self.labels) == 2 else ""

    def score(self, rule: Rule, truth: Texts, p: Probabilities) -> tuple[float, float]:
        """What candidates are compared by: the kind's metric, then the Brier score."""
        found = judge.figures(rule, truth, p)
        metric = "macro_f1" if not self.positive and self.kind.metric == "f1" else self.kind.metric
        return found[metric], -found["brier"]


def parts(truth: Texts, count: int, seed: int) -> Places:
    """A fold for each case, each label spread evenly over the folds, (N,)."""
    draw = np.random.default_rng(seed)
    fold = np.empty(len(truth), dtype=np.int64)
    shift = 0
    for name in np.unique(truth):
        places = draw.permutation(np.flatnonzero(truth == name))
        fold[places] = (np.arange(len(places)) + shift) % count
        shift += len(places)
    return fold


def held_out(problem: Problem, name: str, seed: int, places: Places, count: int) -> Probabilities:
    """Probabilities of the cases at `places`, each by a model of the others, (n, L)."""
    fold = parts(problem.truth[places], count, seed)
    out = np.zeros((len(places), len(problem.labels)))
    for k in range(count):
        model = problem.fit(name, seed, places[fold != k])
        out[fold == k] = problem.probabilities(model, places[fold == k])
    return out


def choose(problem: Problem, names: tuple[str, ...], seed: int, places: Places) -> tuple[str, Rule]:
    """The best candidate and its threshold, by cases held out inside `places`."""
    if len(names) == 1 and (problem.kind.metric != "f1" or len(problem.labels) != 2):
        return names[0], Rule(problem.labels, problem.positive, None)
    count = min(recipes.INNER_FOLDS if problem.kind.protocol == "five-fold" else 5, len(places))
    best: tuple[tuple[float, float], str, Rule] | None = None
    for name in names:
        p = held_out(problem, name, seed, places, count)
        rule = problem.rule(p, problem.truth[places])
        score = problem.score(rule, problem.truth[places], p)
        if best is None or score > best[0]:
            best = score, name, rule
    assert best is not None  # noqa: S101 - a kind has candidates
    return best[1], best[2]


def cross_validate(problem: Problem, names: tuple[str, ...], seed: int, report: Report) -> Held:
    """The kind's protocol: what models say of the fold that they, and their choice, never saw."""
    cases = len(problem.truth)
    five = problem.kind.protocol == "five-fold"
    fold = parts(problem.truth, recipes.FOLDS, seed) if five else np.arange(cases)
    p, found, chosen = np.zeros((cases, len(problem.labels))), np.empty(cases, dtype=problem.truth.dtype), []
    for k in np.unique(fold).tolist():
        inside, outside = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        name, rule = choose(problem, names, seed, inside)
        p[outside] = problem.probabilities(problem.fit(name, seed, inside), outside)
        found[outside] = rule.decide(p[outside])
        chosen.append(name)
        report(f"seed {seed}, fold {k + 1}", (k + 1) / (fold.max() + 1))
    return Held(p, found, tuple(chosen))


def spread(problem: Problem, names: tuple[str, ...], report: Report) -> tuple[dict[str, float], set[str]]:
    """Mean and standard deviation over the seeds of each figure of cross-validation, and what was chosen."""
    rule, rows, chosen = Rule(problem.labels, problem.positive, None), [], set[str]()
    for number, seed in enumerate(recipes.SEEDS):

        def step(text: str, share: float, number: int = number) -> None:
            report(text, (number + share) / len(recipes.SEEDS))

        held = cross_validate(problem, names, seed, step)
        rows.append(judge.figures(rule, problem.truth, held.p, held.found))
        chosen |= set(held.chosen)
    out = {"seeds": float(len(rows))}
    for key in rows[0]:
        values = [row[key] for row in rows]
        out[key] = float(np.mean(values))
        if key != "cases":
            out[f"{key}_spread"] = float(np.std(values, ddof=1))
    return out, chosen
