"""Writes what a model of reasons says of stops: `id,label` and a chance for each reason it knows."""

from pathlib import Path

from models import answers
from models.classification.stops import cases as files
from models.classification.stops.judging import served
from models.classification.stops.reasoner import Reasoner
from models.dataspec import DataSpec


def predict(model: Path, data: DataSpec, out: Path) -> int:
    """Write a row per stop and moment, in input order; returns how many. Needs no reasons.

    `label` is what is proposed: the likeliest reason from the card's limit on, else what the rules say.
    """
    reasoner, found = Reasoner(model), files.read(data)
    card, chances = reasoner.card, reasoner.chances(found.inputs)
    labels = served(card.labels, chances, card.limit, found.rule)
    rows = zip(found.ids, labels.tolist(), chances.tolist(), strict=True)
    header = ["id", "label", *(f"p_{label}" for label in card.labels)]
    return answers.write(
        out, header, ([name, label, *(f"{x:.6f}" for x in row)] for name, label, row in rows)
    )
