"""Writes a classifier's labels to a file: `id,label` and a probability for each label."""

import csv
from pathlib import Path

from models.classification.evaluate import cases
from models.classification.judge import Rule
from models.classification.session import Classifier
from models.dataspec import DataSpec


def predict(model: Path, data: DataSpec, out: Path) -> int:
    """Write a row per case, in input order; returns the number of rows. Needs no truth."""
    classifier = Classifier(model)
    card, table = classifier.card, cases(classifier, data)
    p = classifier.probabilities(table.raw)
    labels = Rule(card.labels, card.positive, card.threshold).decide(p)
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "label", *(f"p_{label}" for label in card.labels)])
        for name, label, row in zip(table.ids, labels, p, strict=True):
            writer.writerow([name, label, *(f"{value:.6f}" for value in row)])
    return len(table)
