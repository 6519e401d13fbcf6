"""Runs a failure model's ONNX file on one thread, in batches."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnxruntime

from models.session import BATCH, open_session

__all__ = ["BATCH", "Scores", "fetch", "open_session", "outputs", "run"]


@dataclass(frozen=True, slots=True)
class Scores:
    """`probability` (N,) of failure within the horizon; `rul` (N, 3) = low, expected, high."""

    probability: npt.NDArray[np.float32]
    rul: npt.NDArray[np.float32]


def run(session: onnxruntime.InferenceSession, windows: npt.NDArray[np.float32]) -> Scores:
    """Scores of windows (N, T, F) float32, N may be 0."""
    parts = [
        session.run(["probability", "rul"], {"window": windows[start : start + BATCH]})
        for start in range(0, len(windows), BATCH)
    ]
    if not parts:
        return Scores(np.zeros(0, np.float32), np.zeros((0, 3), np.float32))
    return Scores(np.concatenate([p for p, _ in parts]), np.concatenate([r for _, r in parts]))


def outputs(session: onnxruntime.InferenceSession) -> frozenset[str]:
    """Names of what the file gives; older ones give `probability` and `rul` alone."""
    return frozenset(one.name for one in session.get_outputs())


def fetch(
    session: onnxruntime.InferenceSession, name: str, windows: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """One output of windows (N, T, F), N at least 1."""
    return np.concatenate(
        [
            session.run([name], {"window": windows[start : start + BATCH]})[0]
            for start in range(0, len(windows), BATCH)
        ]
    )
