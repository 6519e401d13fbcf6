"""Writes what such a model says to a file: `file,timestamp,score,flag`, a row per machine and half hour."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from models import answers
from models.anomaly.machines import history
from models.anomaly.machines.watcher import Watcher
from models.dataspec import DataSpec
from models.failure import plant
from models.failure.plant import Machine
from models.features import plant as features

Row = tuple[str, str, str, int | str]


def predict(model: Path, data: DataSpec, out: Path) -> int:
    """Write a row per machine and half hour of the history; returns the number of rows.

    In order of id and time; of its `test-*` plants where it holds several. `file` is the machine. Score and
    flag are empty where a half hour cannot be judged; `flag` is 1 while the machine is odd. Needs no truth.
    """
    return answers.write(out, ("file", "timestamp", "score", "flag"), _rows(Watcher(model), data))


def _rows(watcher: Watcher, data: DataSpec) -> Iterator[Row]:
    for path in plant.plants(data.folder, ("test",)):
        for machine in plant.machines(path, record=False):
            yield from _of(watcher, machine)


def _of(watcher: Watcher, machine: Machine) -> Iterator[Row]:
    found = scored(watcher, machine)
    top = watcher.card.thresholds.get(machine.machine_type)
    odd = history.standing(found, top).tolist() if top is not None else []
    said = (
        dict(zip(found.at_us.tolist(), zip(found.score.tolist(), odd, strict=True), strict=True))
        if odd
        else {}
    )
    for at_us in machine.at_us(np.arange(len(machine.bins.seen))).tolist():
        when = datetime.fromtimestamp(at_us / 1e6, UTC).isoformat(timespec="seconds")
        score, since = said.get(at_us, (None, -1))
        if score is None:
            yield machine.equipment_id, when, "", ""
        else:
            yield machine.equipment_id, when, f"{score:.6f}", int(since >= 0)


def scored(watcher: Watcher, machine: Machine) -> history.Track:
    """The half hours of a machine that may be judged: those with a window that is like what training saw."""
    places = np.flatnonzero(features.usable(machine.bins))
    known = [
        not why
        for windows in history.chunks(machine, places)
        for why in watcher.familiar.strange(machine.machine_type, windows)
    ]
    places = places[np.array(known, dtype=bool)] if len(places) else places
    found = [watcher.marks(windows) for windows in history.chunks(machine, places)]
    width = len(features.CHANGES)
    return history.Track(
        machine.machine_type,
        machine.at_us(places),
        np.ones(len(places), bool),
        np.zeros(0, np.int64),
        np.concatenate([one.score for one in found]) if found else np.zeros(0),
        np.concatenate([one.parts for one in found]) if found else np.zeros((0, width)),
    )
