"""Writes a failure model's remaining lives to a file. Needs no truth, and no torch."""

import csv
from pathlib import Path

from domain.errors import SettingsError
from models.failure import cmapss, evaluate
from models.failure.card import read_card
from models.failure.dataspec import DataSpec

HEADER = ("unit", "rul", "rul_lo", "rul_hi")


def predict(model: Path, data: DataSpec, out: Path) -> int:
    """Write a row per case in input order to the CSV file `out`; returns the number of rows."""
    card = read_card(model)
    if data.kind != "cmapss" or card.data.kind != "cmapss":
        raise SettingsError(f"model {card.name} does not predict on {data.kind} data")
    units = [run.unit for run in cmapss.engines(data, "test")]
    lives = evaluate.score_engines(model, card, data).rul
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for unit, (low, middle, high) in zip(units, lives.tolist(), strict=True):
            writer.writerow((unit, f"{middle:.3f}", f"{low:.3f}", f"{high:.3f}"))
    return len(units)
