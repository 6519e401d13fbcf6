"""Runs an anomaly model's ONNX file on windows, in batches."""

from typing import Any

import numpy as np
import numpy.typing as npt

from models.session import BATCH


def run(
    session: Any, seen: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Score (N,) and parts (N, C) of windows (N, T, C)."""
    found = [
        session.run(["score", "parts"], {"window": np.ascontiguousarray(seen[at : at + BATCH], np.float32)})
        for at in range(0, len(seen), BATCH)
    ]
    score = np.concatenate([one[0] for one in found]).astype(np.float64).reshape(-1)
    return score, np.concatenate([one[1] for one in found]).astype(np.float64)
