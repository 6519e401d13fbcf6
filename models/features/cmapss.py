"""What the model sees of a turbofan engine: the last cycles of its sensors, and which are padding."""

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FEATURE_VERSION = "cmapss-2"

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class EngineWindow:
    """One engine's input, float32 (T, F): F = sensors, cycles flown, mask (1 = a cycle, 0 = padding)."""

    data: Floats

    @property
    def hash(self) -> str:
        """SHA-256 of the bytes, for the replay of a stored prediction."""
        return hashlib.sha256(self.data.tobytes()).hexdigest()


def build(cycles: npt.NDArray[np.floating], length: int, first: int = 1) -> EngineWindow:
    """The last `length` of all known cycles, `cycles` (n, S), oldest first; the oldest is number `first`.

    Short histories are padded in front with zeros, whose mask is zero.
    """
    window = np.zeros((length, cycles.shape[1] + 2), dtype=np.float32)
    kept = cycles[-length:]
    if len(kept):
        window[-len(kept) :, :-2] = kept
        window[-len(kept) :, -2] = np.arange(len(cycles) - len(kept), len(cycles)) + first
        window[-len(kept) :, -1] = 1.0
    return EngineWindow(window)


def build_all(cycles: npt.NDArray[np.floating], length: int, first: int = 1) -> Floats:
    """A window for every cycle of one engine: (n, T, F), row i equal to `build(cycles[: i + 1])`."""
    count, sensors = cycles.shape
    padded = np.zeros((count + length - 1, sensors + 2), dtype=np.float32)
    padded[length - 1 :, :-2] = cycles
    padded[length - 1 :, -2] = np.arange(count) + first
    padded[length - 1 :, -1] = 1.0
    views = np.lib.stride_tricks.sliding_window_view(padded, length, axis=0)
    return np.ascontiguousarray(views.transpose(0, 2, 1))
