"""Healthy pieces of the training runs: what the networks learn from, and what sets the threshold."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.anomaly.deviation import Floats, deviations, windows
from models.anomaly.kinds import HEALTHY, Kind
from models.anomaly.series import Run


@dataclass(frozen=True, slots=True)
class Healthy:
    """Windows (N, T, C), the run that each is from (N,), and whether it may set the threshold (N,)."""

    windows: Floats
    run: npt.NDArray[np.int64]
    sets: npt.NDArray[np.bool_]


def gather(kind: Kind, runs: list[Run]) -> Healthy:
    """Windows after a beginning, in two ways; labels are never read.

    Every run: its head is cut in half, and the second half is seen from the first. These set the
    threshold. A recording that is known to be healthy throughout is also cut into whole runs, so that the
    networks see how the machine drifts on.
    """
    found: list[tuple[Floats, int, bool]] = []
    for number, run in enumerate(runs):
        head = kind.settings.head(len(run))
        found.append((seen_from(kind, run.values[:head], head // 2), number, True))
        if run.file.startswith(HEALTHY):
            whole = int(head / kind.settings.head_share)
            for first in range(0, len(run) - whole, whole // 4):
                found.append((seen_from(kind, run.values[first : first + whole], head), number, False))
    counts = [len(part) for part, _, _ in found]
    return Healthy(
        np.concatenate([part for part, _, _ in found]),
        np.repeat([number for _, number, _ in found], counts),
        np.repeat([sets for _, _, sets in found], counts),
    )


def seen_from(kind: Kind, values: npt.NDArray[np.float64], head: int) -> Floats:
    """Windows of what follows a beginning of `head` readings, seen from it."""
    return windows(deviations(values, head, kind.settings), kind.settings.steps)[head:]
