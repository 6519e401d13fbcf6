"""Writes a classifier's labels to a file: `id,label` and a probability for each label."""

from pathlib import Path

from models import answers
from models.classification.evaluate import cases
from models.classification.judge import Rule
from models.classification.session import Classifier
from models.dataspec import DataSpec


def predict(model: Path, data: DataSpec, out: Path) -> int:
    """Write a row per case, in input order; returns the number of rows. Needs no truth."""
    classifier = Classifier(model)
    card, table = classifier.card, cases(classifier, data)
    p = classifier.stated(table.raw)
    labels = Rule(card.labels, card.positive, card.threshold).decide(p)
    rows = zip(table.ids, labels.tolist(), p.tolist(), strict=True)
    header = ["id", "label", *(f"p_{label}" for label in card.labels)]
    return answers.write(
        out, header, ([name, label, *(f"{x:.6f}" for x in row)] for name, label, row in rows)
    )
