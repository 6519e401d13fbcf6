"""Scores whole plants, window by window, for judging by event."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.failure import plant
from models.failure.events import Track
from models.failure.plant import Machine
from models.failure.samples import Floats
from models.features import plant as features

Score = Callable[[Floats], npt.NDArray[np.float64]]
CHUNK = 4_096


def tracks(paths: list[Path], scores: Mapping[str, Score]) -> dict[str, list[Track]]:
    """For each named score a track of every machine of the plants, in one pass over the data."""
    return of_machines((machine for path in paths for machine in plant.machines(path)), scores)


def of_machines(machines: Iterable[Machine], scores: Mapping[str, Score]) -> dict[str, list[Track]]:
    """For each named score a track of every machine, in their order."""
    found: dict[str, list[Track]] = {name: [] for name in scores}
    for machine in machines:
        _add(found, machine, scores)
    return found


def _add(found: dict[str, list[Track]], machine: Machine, scores: Mapping[str, Score]) -> None:
    places = np.flatnonzero(features.usable(machine.bins))
    chunks = np.array_split(places, max(1, -(-len(places) // CHUNK)))
    parts: dict[str, list[npt.NDArray[np.float64]]] = {name: [] for name in scores}
    for chunk in chunks:
        windows = features.windows(machine.machine_type, machine.bins, chunk)
        for name, score in scores.items():
            parts[name].append(score(windows))
    seen, at_us = machine.watch(places), machine.at_us(places)
    for name in scores:
        row = np.concatenate(parts[name])
        track = Track(at_us, seen.end_us, seen.failure_us, machine.failures_us, row, machine.causes)
        found[name].append(track)
