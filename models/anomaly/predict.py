"""Writes an anomaly model's answer to a file: `file,timestamp,score,flag`, a row per reading."""

from collections.abc import Iterator
from pathlib import Path

from models import answers
from models.anomaly.session import Detector
from models.dataspec import DataSpec


def predict(model: Path, data: DataSpec, out: Path) -> int:
    """Write a row per reading, files in the order of their paths; returns the number of rows.

    The readings of a run's beginning teach what is usual and are never flagged. Score and flag of a run
    that cannot be judged are empty. Needs no truth.
    """
    return answers.write(out, ("file", "timestamp", "score", "flag"), _rows(Detector(model), data))


def _rows(detector: Detector, data: DataSpec) -> Iterator[tuple[str, str, str, int | str]]:
    for run, scored in detector.each(detector.runs(data)):
        if isinstance(scored, str):
            yield from ((run.file, time, "", "") for time in run.times)
            continue
        for time, score, flag in zip(run.times, scored.score.tolist(), scored.flags().tolist(), strict=True):
            yield run.file, time, f"{score:.6f}", int(flag)
