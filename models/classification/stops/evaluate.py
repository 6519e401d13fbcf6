"""Judges a model of reasons on stops, the rules and the commonest reason beside it in the same run."""

from pathlib import Path

from models.classification.stops import cases as files
from models.classification.stops.judging import figures
from models.classification.stops.reasoner import Reasoner
from models.dataspec import DataSpec


def evaluate(model: Path, data: DataSpec) -> dict[str, float | str]:
    """Figures on the stops of `data` whose reason may judge; SettingsError without one."""
    reasoner = Reasoner(model)
    card, found = reasoner.card, files.read(data).taught()
    files.wanted(found)
    majority = max(card.stops, key=lambda one: card.stops[one])
    said = figures(found, card.labels, reasoner.chances(found.inputs), card.limit, majority)
    return {"served": card.served, "limit": card.limit, **said}
