"""Which sensors move together on healthy machines of a type, and so are explained as one.

Two sensors that say the same share what either of them is worth, by chance of the orders; a person reads
half of it twice. So sensors whose deviations from their own mean of a window correlate by `TOGETHER` or
more, in either direction, in the background of a machine type are one player of the game. A sensor that
has a change against the machine's usual values is compared by that, another by its value. Sensors join the
strongest pair first, and a group holds only sensors that all correlate with each other (complete linkage).
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from domain.telemetry import JOINT

Floats = NDArray[np.float32]
TOGETHER = 0.7  # about half of what the one does, the other does
COMPARED = ("change", "mean", "cycle")


def joined_channels(
    background: Floats, channels: Sequence[str], statistics: Sequence[str], least: float = TOGETHER
) -> tuple[str, ...]:
    """The channels (F) with the names of sensors that move together joined, as `current+load`.

    `background` is (B, T, F). What is the same all the time moves with nothing.
    """
    compared = _compared(channels, statistics)
    title = {name: name for name in channels}
    for group in _groups(_correlation(background, channels, statistics, compared), list(compared), least):
        title |= dict.fromkeys(group, JOINT.join(name for name in title if name in group))
    return tuple(title[name] for name in channels)


def _compared(channels: Sequence[str], statistics: Sequence[str]) -> dict[str, int]:
    """The column by which each sensor is compared."""
    found: dict[str, int] = {}
    for kind in COMPARED:
        for place, name in enumerate(channels):
            if statistics[place] == kind:
                found.setdefault(name, place)
    return {name: found[name] for name in dict.fromkeys(channels) if name in found}


def _correlation(
    background: Floats, channels: Sequence[str], statistics: Sequence[str], compared: dict[str, int]
) -> NDArray[np.float64]:
    """Correlation (S, S) over all steps of all windows in which both sensors were seen."""
    values = background[:, :, list(compared.values())].astype(np.float64)
    masks = {name: place for place, name in enumerate(channels) if statistics[place] == "mask"}
    seen = np.ones(values.shape, dtype=np.bool_)
    for place, name in enumerate(compared):
        if name in masks:
            seen[:, :, place] = background[:, :, masks[name]] > 0
    count = np.maximum(seen.sum(axis=1, keepdims=True), 1)
    away = np.where(seen, values - (values * seen).sum(axis=1, keepdims=True) / count, 0.0)
    flat, there = away.reshape(-1, len(compared)), seen.reshape(-1, len(compared)).astype(np.float64)
    own = (flat**2).T @ there
    scale = np.sqrt(own * own.T)
    return np.asarray(np.divide(flat.T @ flat, scale, out=np.zeros_like(own), where=scale > 0))


def _groups(correlation: NDArray[np.float64], names: list[str], least: float) -> list[set[str]]:
    """Sets of two names and more, strongest pairs first."""
    strength = np.abs(correlation)
    pairs = [
        (one, other) for one, other in combinations(range(len(names)), 2) if strength[one, other] >= least
    ]
    held = {place: {place} for place in range(len(names))}
    for one, other in sorted(pairs, key=lambda pair: (-strength[pair], pair)):
        if held[one] is held[other]:
            continue
        both = held[one] | held[other]
        if all(strength[a, b] >= least for a, b in combinations(sorted(both), 2)):
            held |= dict.fromkeys(both, both)
    groups = {min(group): group for group in held.values() if len(group) > 1}
    return [{names[place] for place in groups[first]} for first in sorted(groups)]
