"""Which gauges each kind of damage moves, by the same equations that make the readings.

Every unit runs in its nominal regime until it is warm, once sound and once with `DAMAGE` of one kind; what
lies between the two is counted in deviations of what the sensor wanders by itself over hours.
"""

import numpy as np

from simulator.contract import CAUSES, Floats
from simulator.physics.parameters import Parameters
from simulator.physics.signals import GAUGES, Fakes, true_signals
from simulator.physics.surroundings import Regime
from simulator.physics.wear import Wear
from simulator.sensors import FAST, RELATIVE_TO_RISE, SLOW

DAMAGE = 0.7  # hours before the failure
WARM_H = 24.0
AMBIENT_C = 23.0


def moved(parameters: Parameters) -> dict[str, dict[str, float]]:
    """For each cause, by how many deviations each gauge moves: the median over the units, with its sign."""
    sound = _signals(parameters, None)
    scale = np.abs(sound)
    scale[RELATIVE_TO_RISE] = parameters.rise
    deviation = np.hypot(FAST, SLOW) * parameters.variant.noise * np.maximum(scale, 1e-9)
    found = {}
    for row, cause in enumerate(CAUSES):
        shift = np.median((_signals(parameters, row) - sound) / deviation, axis=1)
        found[cause] = dict(zip(GAUGES, np.round(shift, 3).tolist(), strict=True))
    return found


def _signals(parameters: Parameters, cause: int | None) -> Floats:
    """The true gauges (11, N) of warm units, with damage of one kind or none."""
    count = parameters.speed.size
    one = np.ones(count)
    wear = Wear.start(parameters, np.random.default_rng(0))
    wear.damage = np.zeros((len(CAUSES), count))
    if cause is not None:
        wear.damage[cause] = DAMAGE
    regime = Regime(run=one, speed=one, load=one, heat=one, ambient=AMBIENT_C * one)
    wear.warm(regime, parameters, WARM_H)
    return true_signals(wear, regime, np.ones(count, dtype=np.bool_), parameters, Fakes.start(count))
