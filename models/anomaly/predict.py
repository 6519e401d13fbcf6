"""Writes an anomaly model's answer to a file: `file,timestamp,score,flag`, a row per reading."""

import csv
from pathlib import Path

from models.anomaly.session import Detector
from models.dataspec import DataSpec


def predict(model: Path, data: DataSpec, out: Path) -> int:
    """Write a row per reading, files in the order of their paths; returns the number of rows.

    The readings of a run's beginning teach what is usual and are never flagged. Needs no truth.
    """
    detector, count = Detector(model), 0
    found = [(run, detector.score(run)) for run in detector.runs(data)]
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "timestamp", "score", "flag"])
        for run, scored in found:
            flags = scored.flags(detector.card.threshold)
            for time, score, flag in zip(run.times, scored.score.tolist(), flags.tolist(), strict=True):
                writer.writerow([run.file, time, f"{score:.6f}", int(flag)])
            count += len(run)
    return count
