"""Judges what watches machines on plants that it never saw, beside its peers at the same stated rate."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from domain.errors import SettingsError
from models.anomaly.machines import history
from models.anomaly.machines.history import Score, Windows
from models.anomaly.machines.watcher import Marks, Watcher
from models.dataspec import DataSpec
from models.failure import plant

Figures = dict[str, float | str]


class Marking(Protocol):
    """The model, or a peer."""

    def marks(self, windows: Windows) -> Marks:
        """What it says of windows."""
        ...


def evaluate(model: Path, data: DataSpec) -> Figures:
    """Failures noticed and false alarms, on the `test-*` plants of `data` (or the one that it names).

    With `other_` before them on its `other-*` plants. SettingsError where no failure is on record.
    """
    watcher = Watcher(model)
    out: Figures = {"served": watcher.card.served, "stated_rate": watcher.card.false_alarms}
    out |= judged(watcher, plant.plants(data.folder, ("test",)))
    if sorted(data.folder.glob("other-*/meta.json")):
        others = plant.plants(data.folder, ("other",))
        out |= {f"other_{name}": value for name, value in judged(watcher, others).items()}
    return out


def judged(watcher: Watcher, paths: list[Path]) -> Figures:
    """The figures of the model and, with `peer_NAME_` before them, of its peers."""
    peers = watcher.peers()
    models: Mapping[str, tuple[Marking, dict[str, float]]] = {
        "": (watcher, watcher.card.thresholds),
        **{f"peer_{name}_": (one, one.thresholds) for name, one in peers.items()},
    }
    found: dict[str, list[history.Track]] = {name: [] for name in models}
    for path in paths:
        for machine in plant.machines(path):
            for name, (one, _) in models.items():
                found[name].append(history.track(machine, _score(one)))
    if not any(len(one.failures_us) for one in found[""]):
        raise SettingsError("these data hold no failure to judge by")
    out: Figures = {}
    for name, (_, tops) in models.items():
        out |= {f"{name}{key}": value for key, value in history.figures(found[name], tops).items()}
    return out


def _score(model: Marking) -> Score:
    def score(windows: Windows) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        found = model.marks(windows)
        return found.score, found.parts

    return score
