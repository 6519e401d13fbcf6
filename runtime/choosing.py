"""Which machine of a demo plant wears out, so that there is something to decide at the first sign-in.

On a random day few plants of this size have a machine at risk. The plant is lived through once, without
messages, to the time when a bearing is to begin to wear; from there each candidate goes its own way to
the end. The shipped model judges them on what the sensors would have said; the truth behind them is not
looked at.
"""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from domain.clock import HOUR, MINUTE
from domain.equipment import MachineType
from models import registry
from models.features import plant as features
from simulator.layout import demo
from simulator.onset import Onset, begin
from simulator.physics.signals import GAUGES
from simulator.plant import VirtualPlant
from simulator.run import open_plant
from simulator.world import Sample

TICK_US = 5 * MINUTE
BEFORE_US = 48 * HOUR
GROWTH_H = (41.0, 38.0, 44.0, 48.0, 52.0, 35.0)
AT_RISK = (0.36, 0.55)  # acting is clearly cheaper than waiting, and there are hours left to act in
TOGETHER = 2
WEARS = MachineType.CNC


def choose(model: Path, seed: int, span: tuple[int, int]) -> Onset | None:
    """The first onset that leaves its machine at risk at the end of the span; None in too short a span.

    When none does, the one that comes nearest to it.
    """
    if span[1] - span[0] < BEFORE_US + TICK_US:
        return None
    found: dict[Onset, float] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(TOGETHER, mp_context=get_context("spawn")) as pool,
    ):
        base = Path(folder) / "base"
        reached = pool.submit(live_to, base, seed, span[0], span[1] - BEFORE_US).result()
        candidates = list(_candidates(reached))
        for at in range(0, len(candidates), TOGETHER):
            some = candidates[at : at + TOGETHER]
            risks = pool.map(risk_of, [model] * len(some), [base] * len(some), some, [span] * len(some))
            found |= dict(zip(some, risks, strict=True))
            for onset in some:
                if AT_RISK[0] <= found[onset] <= AT_RISK[1]:
                    return onset
    return min(found, key=lambda onset: abs(found[onset] - sum(AT_RISK) / 2))


def _candidates(at_us: int) -> Iterator[Onset]:
    units = [unit.index for unit in demo().units if unit.machine_type is WEARS]
    for growth_h in GROWTH_H:
        for unit in units:
            yield Onset(unit, at_us, growth_h)


def live_to(folder: Path, seed: int, from_us: int, to_us: int) -> int:
    """Live a new plant through in `folder`; returns the plant time that it has reached."""
    plant, floor = open_plant(folder, seed, from_us)
    while plant.world.now_us < to_us:
        plant.step(TICK_US, publish=False)
    plant.save()
    floor.close()
    return plant.world.now_us


def risk_of(model: Path, base: Path, onset: Onset, span: tuple[int, int]) -> float:
    """The probability of a failure that the model sees at the end; 0 for a machine that is down by then."""
    with tempfile.TemporaryDirectory() as parent:
        plant, samples = branch(base, Path(parent) / "branch", onset, span[1])
    shop = plant.world.maintenance
    down = shop.failed[onset.unit] >= 0 or shop.busy[onset.unit] > 0
    window = None if down else _window(plant, samples, onset.unit)
    if window is None:
        return 0.0
    risk = registry.load(model).scorer.probability(window.data[None])
    return float(np.nan_to_num(risk[0]))


def branch(base: Path, folder: Path, onset: Onset, to_us: int) -> tuple[VirtualPlant, list[Sample]]:
    """The plant of `base`, gone on in a copy from the onset to `to_us`, and its last samples."""
    shutil.copytree(base, folder)
    plant, floor = open_plant(folder, 0, to_us)  # the saved plant keeps its own seed and time
    begin(plant.world, onset)
    samples: list[Sample] = []
    keep_from = to_us - features.LOOKBACK_US - features.HOLD_US
    while plant.world.now_us + TICK_US <= to_us:
        tick = plant.step(TICK_US, publish=False)
        if plant.world.now_us >= keep_from:
            samples.append(tick.sample)
    floor.close()
    return plant, samples


def _window(plant: VirtualPlant, samples: Sequence[Sample], unit: int) -> features.Window | None:
    us = np.array([sample.at_us for sample in samples], np.int64)
    log = features.States(
        us,
        np.array([sample.state[unit] for sample in samples], np.int64),
        np.array([sample.mode[unit] for sample in samples], np.int64),
    )
    readings = {}
    for row, name in enumerate(GAUGES):
        value = np.array([sample.gauges[row, unit] for sample in samples], np.float64)
        said = ~np.isnan(value)
        readings[name] = (us[said], value[said])
    machine_type = plant.layout.units[unit].machine_type.value
    found = features.build(machine_type, readings, log, [], int(us[-1]))
    return found if isinstance(found, features.Window) else None
