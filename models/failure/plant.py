"""Reads plant history (Parquet, as `python -m runtime simulate` writes it) into bins, events and samples.

A folder is one plant (readings/, failures.parquet, machines.parquet, meta.json) or holds several, named
by their part: `train-*` to learn from, `test-*` to judge by, `other-*` plants with other parameters.
Only what a plant has on record is read: gauges, states, and failures as the controller logged them.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from domain.clock import HOUR
from domain.errors import SettingsError
from domain.telemetry import MachineMode
from models.failure import labels
from models.failure.samples import Samples
from models.features import plant as features
from models.features.plant import BIN_US, Bins, States

HORIZON_US = 24 * HOUR
LEAD_US = 4 * HOUR
GAP_BINS = 4  # two hours without a reading end the watch

_FIELDS = ("mean", "run_us", "seen", "stop")

Times = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine's year: bins, functional failures, and other ends of watch, sorted times."""

    plant: str
    equipment_id: str
    machine_type: str
    bins: Bins
    failures_us: Times
    breaks_us: Times
    end_us: int
    causes: tuple[str, ...] = ()  # of `failures_us`, as diagnosed; "" where nobody logged one

    def at_us(self, places: npt.NDArray[np.int64]) -> Times:
        """The time at which a window that ends with the bin at each place is scored."""
        return (places + 1 + self.bins.first) * BIN_US

    def watch(self, places: npt.NDArray[np.int64]) -> labels.Watch:
        """How the windows that end at `places` were watched on."""
        return labels.watch(self.at_us(places), self.failures_us, self.breaks_us, self.end_us)

    def life(self, places: npt.NDArray[np.int64], seen: labels.Watch) -> npt.NDArray[np.float32]:
        """Operating hours from each window's end to the end of its watch (N,)."""
        total = np.concatenate((np.zeros(1, np.int64), np.cumsum(self.bins.run_us)))
        end = np.minimum(-(-seen.end_us // BIN_US) - self.bins.first, len(total) - 1)
        return ((total[end] - total[places + 1]) / HOUR).astype(np.float32)


def plants(folder: Path, parts: tuple[str, ...]) -> list[Path]:
    """The plants in `folder` whose name begins with one of `parts`, or the folder itself."""
    if (folder / "meta.json").is_file():
        return [folder]
    found = sorted(p.parent for part in parts for p in folder.glob(f"{part}-*/meta.json"))
    if not found:
        raise SettingsError(f"{folder}: no plant history (no {' or '.join(p + '-*' for p in parts)})")
    return found


def simulated(plant: Path) -> bool:
    """Whether a history says by what seed it was simulated; that of a real plant has none."""
    return "seed" in json.loads((plant / "meta.json").read_text(encoding="utf-8"))


def machines(plant: Path, *, record: bool = True) -> Iterator[Machine]:
    """The machines of one plant, in order of their id.

    Without `record` no failures are read, and nothing is written: who predicts has neither need nor right.
    Else bins are kept beside the history for the next time, where it may be written.
    """
    try:
        meta = json.loads((plant / "meta.json").read_text(encoding="utf-8"))
        kinds = {row["equipment_id"]: row["machine_type"] for row in _rows(plant / "machines.parquet")}
        failures = _rows(plant / "failures.parquet") if record else []
        kept = _kept(plant, meta) or _bin(plant, meta)
        if record:
            _keep(plant, kept)
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise SettingsError(f"{plant}: the history cannot be read: {error}") from error
    for name in sorted(kept):
        bins, breaks = kept[name]
        own = (row for row in failures if row["equipment_id"] == name)
        fails = sorted((row["at_us"], row.get("cause") or "") for row in own)
        times, causes = np.array([us for us, _ in fails], np.int64), tuple(cause for _, cause in fails)
        yield Machine(plant.name, name, kinds[name], bins, times, breaks, meta["end_us"], causes)


def binned(folder: str) -> int:
    """Make the bins of a plant's machines, unless they are kept; returns how many machines there are."""
    return sum(1 for _ in machines(Path(folder)))


def _bin(plant: Path, meta: dict[str, int]) -> dict[str, tuple[Bins, Times]]:
    """Bins and ends of watch of every machine, from the readings."""
    tables = [pq.read_table(path) for path in sorted((plant / "readings").glob("*.parquet"))]
    table = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    names = table["equipment_id"].chunk(0)
    codes = names.indices.to_numpy()
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(len(names.dictionary) + 1))
    return {
        name: _machine_bins(table, np.sort(order[bounds[code] : bounds[code + 1]]), meta)
        for code, name in enumerate(names.dictionary.to_pylist())
    }


def _keep(plant: Path, found: dict[str, tuple[Bins, Times]]) -> None:
    """Keep the bins for the next time; a folder that may not be written is read anew each time."""
    path = _kept_file(plant)
    if path.is_file() and path.stat().st_mtime >= _newest(plant):
        return
    arrays = {
        f"{name}|{part}": value
        for name, (bins, breaks) in found.items()
        for part, value in (("breaks", breaks), *((field, getattr(bins, field)) for field in _FIELDS))
    }
    part = path.with_name(f".{os.getpid()}.{path.name}")
    with suppress(PermissionError, FileNotFoundError):
        try:
            np.savez(part, **arrays)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def _newest(plant: Path) -> float:
    return max((file.stat().st_mtime for file in (plant / "readings").glob("*.parquet")), default=0.0)


def _kept_file(plant: Path) -> Path:
    return plant / f"bins-{features.FEATURE_VERSION}.npz"


def _kept(plant: Path, meta: dict[str, int]) -> dict[str, tuple[Bins, Times]]:
    """What an earlier run kept, unless the readings are newer."""
    path = _kept_file(plant)
    if not path.is_file() or path.stat().st_mtime < _newest(plant):
        return {}
    with path.open("rb") as file, np.load(file) as stored:
        names = dict.fromkeys(title.rpartition("|")[0] for title in stored.files)
        first = meta["start_us"] // BIN_US
        return {
            name: (
                Bins(first, *(stored[f"{name}|{field}"] for field in _FIELDS)),
                stored[f"{name}|breaks"],
            )
            for name in names
        }


def _rows(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def _machine_bins(table: pa.Table, rows: npt.NDArray[np.int64], meta: dict[str, int]) -> tuple[Bins, Times]:
    def column(title: str) -> npt.NDArray[np.generic]:
        return np.asarray(table[title].chunk(0).to_numpy(zero_copy_only=False)[rows])

    us = column("source_us").astype(np.int64)
    states = state_log(us, column("state").astype(np.int64), column("mode").astype(np.int64))
    readings = {title: (us, column(title).astype(np.float64)) for title in features.GAUGES}
    first = meta["start_us"] // BIN_US
    bins = features.bin_readings(readings, states, (), first, int(meta["end_us"] // BIN_US - first))
    maintained = states.us[states.mode == MachineMode.MAINTENANCE]
    return bins, np.sort(np.concatenate((maintained, _gap_starts(bins))))


def state_log(us: Times, state: Times, mode: Times) -> States:
    """The changes of state or mode, the first row included."""
    fresh = np.r_[True, (np.diff(state) != 0) | (np.diff(mode) != 0)] if len(us) else np.zeros(0, bool)
    return States(us[fresh], state[fresh], mode[fresh])


def _gap_starts(bins: Bins) -> Times:
    empty = np.concatenate(([0], (bins.seen == 0).astype(np.int8), [0]))
    edges = np.diff(empty)
    begin, finish = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return np.asarray((begin[finish - begin >= GAP_BINS] + bins.first) * BIN_US, dtype=np.int64)


def samples(machine: Machine, number: int, group: int, stride: int) -> Samples:
    """Windows to learn from: every one in the last `HORIZON_US` before a failure, else every `stride`-th.

    `number` names the machine; a run is what lies between two stops.
    """
    places = np.flatnonzero(features.usable(machine.bins))
    seen = machine.watch(places)
    label = labels.labels(machine.at_us(places), seen, HORIZON_US)
    kept = (label == 1) | (places % stride == number % stride)
    places = places[kept]
    seen = labels.Watch(seen.failure_us[kept], seen.end_us[kept])
    run = np.searchsorted(np.unique(seen.end_us), seen.end_us)
    return Samples(
        features.windows(machine.machine_type, machine.bins, places),
        machine.life(places, seen),
        seen.failure_us >= 0,
        label[kept],
        number * 10_000 + run.astype(np.int64),
        np.full(len(places), group, dtype=np.int64),
        np.where(label[kept] == 1, 1.0, stride).astype(np.float32),
    )


def gather(paths: list[Path], stride: int) -> Samples:
    """Samples of all machines of all plants; each plant is a group of its own."""
    parts, number = [], 0
    for group, path in enumerate(paths):
        for machine in machines(path):
            parts.append(samples(machine, number, group, stride))
            number += 1
    return joined(parts)


def joined(parts: list[Samples]) -> Samples:
    """All samples in one, in their order."""
    fields = ("windows", "life", "observed", "label", "run", "group", "weight")
    return Samples(*(np.concatenate([getattr(part, name) for part in parts]) for name in fields))
