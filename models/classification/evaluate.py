"""Judges a classifier beside its peers, in one run.

Cases that the model never saw are scored by it as it is. On the cases that it was trained on, which would
flatter it, the kind's protocol is run anew instead: five folds, or one case left out at a time, with every
choice made inside the training part, and with three seeds: the mean, and `..._spread` is the standard
deviation. Peers see the same cases, the same inputs and the same seeds.
"""

from pathlib import Path

from domain.errors import SettingsError
from models.classification import judge, session
from models.classification.folds import Problem, spread
from models.classification.judge import Rule
from models.classification.seen import seen
from models.classification.session import Classifier
from models.classification.table import Table
from models.dataspec import DataSpec

Figures = dict[str, float | str]


def evaluate(model: Path, data: DataSpec) -> Figures:
    """Figures of the model, and of each peer as `peer_NAME_...`; SettingsError without truth."""
    classifier = Classifier(model)
    table = cases(classifier, data)
    table = table.take(table.truth() != "")
    own = seen(model, table.raw)
    if own.mean() > 0.5:
        return _again(classifier, table.take(own))
    return _as_it_is(classifier, model, table.take(~own))


def cases(classifier: Classifier, data: DataSpec) -> Table:
    """The cases of `data`, refused when they are of another kind or another unit."""
    kind, card = classifier.kind, classifier.card
    if data.kind != kind.name:
        raise SettingsError(f"model {card.name} was made for {kind.name} data, not for {data.kind}")
    file, target = kind.file_and_target(data.subset)
    named = target in data.subset
    if named and target != card.target:
        raise SettingsError(f"model {card.name} says the {card.target}, not the {target}")
    table = kind.read(DataSpec(data.kind, data.folder, file), card.target)
    classifier.check(table)
    return table


def _as_it_is(classifier: Classifier, folder: Path, table: Table) -> Figures:
    card, truth = classifier.card, table.truth()
    rule = Rule(card.labels, card.positive, card.threshold)
    out: Figures = {"protocol": "cases that the model never saw", "served": card.served}
    out |= judge.figures(rule, truth, classifier.stated(table.raw))
    out["outside_of_training"] = float(classifier.strange(table).mean())
    inputs = classifier.kind.features(table.raw)
    for name, peer in session.peers(folder, card).items():
        p = session.probabilities(peer, inputs)
        found = judge.figures(Rule(card.labels, card.positive, None), truth, p)
        out |= {f"peer_{name}_{key}": found[key] for key in _compared(card.positive)}
    return out


def _again(classifier: Classifier, table: Table) -> Figures:
    card, kind = classifier.card, classifier.kind
    problem = Problem(kind, kind.features(table.raw), table.truth(), card.labels)
    words = "five folds" if kind.protocol == "five-fold" else "one case left out at a time"
    out: Figures = {"protocol": f"{words}, models trained anew", "served": card.served}
    rows = {"": kind.candidates, **{f"peer_{name}_": (name,) for name in kind.peers}}
    for prefix, names in rows.items():
        found, chosen = spread(problem, names, lambda _text, _share: None)
        compared = _compared(card.positive)
        keys = found if not prefix else (*compared, *(f"{key}_spread" for key in compared))
        out |= {f"{prefix}{key}": found[key] for key in keys}
        if not prefix:
            out["chosen_in_folds"] = ", ".join(sorted(chosen))
    return out


def _compared(positive: str) -> tuple[str, ...]:
    return ("accuracy", "f1", "pr_auc") if positive else ("accuracy", "macro_f1")
