"""Windows with what became of them, in one form for every kind of data."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns of a window: `values` first, then `masks`, then `groups`; `mask_of[i]` masks value i.

    The first `settings` values only say which operating condition a step was flown in.
    """

    values: int
    masks: int
    groups: int
    mask_of: tuple[int, ...]
    settings: int = 0


@dataclass(frozen=True, slots=True)
class Samples:
    """N windows (N, T, F) float32.

    `life` (N,): remaining life, or where `observed` is False what it is known to exceed.
    `label` (N,): 1 failure within the horizon, 0 watched and none, NaN neither is known.
    `run` (N,): the unit or the stop-to-stop run that the window belongs to.
    `group` (N,): what folds keep together (engines; whole plants).
    `weight` (N,): how many windows of the data each stands for, where only a part was taken.
    """

    windows: Floats
    life: Floats
    observed: Flags
    label: Floats
    run: Whole
    group: Whole
    weight: Floats

    def __len__(self) -> int:
        return len(self.windows)

    def take(self, keep: npt.NDArray[np.bool_] | Whole) -> "Samples":
        """The samples at positions or where a mask is True."""
        return Samples(
            self.windows[keep],
            self.life[keep],
            self.observed[keep],
            self.label[keep],
            self.run[keep],
            self.group[keep],
            self.weight[keep],
        )


def folds(run: Whole, count: int, seed: int) -> Whole:
    """A fold 0..count-1 for every sample, whole runs together, (N,)."""
    names = np.unique(run)
    order = np.random.default_rng(seed).permutation(len(names))
    fold = np.empty(len(names), dtype=np.int64)
    fold[order] = np.arange(len(names)) % count
    return fold[np.searchsorted(names, run)]


def one_per_run(run: Whole, seed: int) -> Whole:
    """Positions of one window of each run, drawn at random: exchangeable, as conformal needs."""
    draw = np.random.default_rng(seed)
    return np.array([draw.choice(np.flatnonzero(run == name)) for name in np.unique(run)], dtype=np.int64)
