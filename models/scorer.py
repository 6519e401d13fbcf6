"""Runs a failure model's ONNX file on windows, in batches, on one thread, and checks what comes out."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from domain.errors import InvalidInput, SettingsError
from models.session import BATCH, open_session

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Scores:
    """Probability (N,) and remaining life (N, 3) = low, expected, high; `usable` (N,) is False where
    an output is not finite, a probability leaves 0..1, or a life is negative or out of order.

    `horizons` (N, H) is the chance by each horizon of the card; (N, 0) from a model that states none."""

    probability: NDArray[np.float64]
    rul: NDArray[np.float64]
    usable: NDArray[np.bool_]
    horizons: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.probability)


class Scorer:
    """One ONNX session. Input `window` (N, T, F) float32; outputs `probability` (N,), `rul` (N, 3)."""

    def __init__(self, path: Path, steps: int, channels: int) -> None:
        self.shape = (steps, channels)
        self._session = open_session(path)
        self._check_signature(path)

    def probability(self, windows: Floats) -> NDArray[np.float64]:
        """Probabilities (N,) alone, unchecked: what an explanation evaluates by the thousand."""
        found = [self._session.run(["probability"], {"window": part})[0] for part in self._parts(windows)]
        return np.concatenate(found).astype(np.float64).reshape(-1) if found else np.zeros(0)

    def score(self, windows: Floats) -> Scores:
        """Scores of windows (N, T, F). Raises InvalidInput when the shape is not the model's."""
        if windows.ndim != 3 or windows.shape[1:] != self.shape:
            raise InvalidInput(f"windows of shape {windows.shape[1:]} do not fit a model of {self.shape}")
        parts = self._parts(windows)
        if not parts:
            return Scores(np.zeros(0), np.zeros((0, 3)), np.zeros(0, np.bool_), np.zeros((0, 0)))
        found = [self._session.run(self._outputs, {"window": part}) for part in parts]
        joined = [np.concatenate(each).astype(np.float64) for each in zip(*found, strict=True)]
        probability, rul = joined[0].reshape(-1), joined[1].reshape(-1, 3)
        horizons = joined[2] if len(joined) > 2 else np.zeros((len(probability), 0))
        return Scores(probability, rul, _usable(probability, rul, horizons), horizons)

    def _parts(self, windows: Floats) -> list[Floats]:
        whole = np.ascontiguousarray(windows, dtype=np.float32)
        return [whole[at : at + BATCH] for at in range(0, len(whole), BATCH)]

    def _check_signature(self, path: Path) -> None:
        inputs = [one.name for one in self._session.get_inputs()]
        outputs = {one.name for one in self._session.get_outputs()}
        if inputs != ["window"] or not {"probability", "rul"} <= outputs:
            raise SettingsError(f"{path} must take `window` and give `probability` and `rul`")
        self._outputs = ["probability", "rul", *(["horizons"] if "horizons" in outputs else [])]


def _usable(
    probability: NDArray[np.float64], rul: NDArray[np.float64], horizons: NDArray[np.float64]
) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        finite = np.isfinite(probability) & np.isfinite(rul).all(axis=1) & np.isfinite(horizons).all(axis=1)
        within = (probability >= 0) & (probability <= 1) & (rul[:, 0] >= 0)
        ordered = (np.diff(rul, axis=1) >= -1e-4).all(axis=1)
    return np.asarray(finite & within & ordered)
