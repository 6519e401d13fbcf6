"""Which plant a demo shows: the first one, by seed, in which the model sees a machine at risk at the end.

Every candidate is lived through without messages, and judged by the shipped model on what its sensors
would have said; the truth behind them is not looked at.
"""

import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from domain.clock import MINUTE
from models import registry
from models.features import plant as features
from simulator.physics.signals import GAUGES
from simulator.plant import VirtualPlant
from simulator.run import open_plant
from simulator.world import Sample

TICK_US = 5 * MINUTE
AT_RISK = 0.3  # well above the warning level: acting is cheaper than waiting there
TOGETHER = 2


def choose(model: Path, seeds: Sequence[int], span: tuple[int, int]) -> int:
    """The first seed with a machine at risk at the end of the span; the riskiest when there is none."""
    found: dict[int, float] = {}
    with ProcessPoolExecutor(TOGETHER, mp_context=get_context("spawn")) as pool:
        for at in range(0, len(seeds), TOGETHER):
            some = seeds[at : at + TOGETHER]
            risks = pool.map(highest_risk, [model] * len(some), some, [span] * len(some))
            found |= dict(zip(some, risks, strict=True))
            for seed in some:
                if found[seed] >= AT_RISK:
                    return seed
    return max(found, key=lambda seed: found[seed])


def highest_risk(model: Path, seed: int, span: tuple[int, int]) -> float:
    """The highest probability of a failure over all machines at the end of the span."""
    scorer = registry.load(model).scorer
    with tempfile.TemporaryDirectory() as folder:
        plant, floor = open_plant(Path(folder), seed, span[0])
        keep_from = span[1] - features.LOOKBACK_US - features.HOLD_US
        samples: list[Sample] = []
        while plant.world.now_us + TICK_US <= span[1]:
            tick = plant.step(TICK_US, publish=False)
            if plant.world.now_us >= keep_from:
                samples.append(tick.sample)
        floor.close()
    windows = [found for unit in range(len(plant.layout.units)) if (found := _window(plant, samples, unit))]
    risk = scorer.probability(np.stack([window.data for window in windows])) if windows else np.zeros(1)
    return float(np.nanmax(risk))


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
