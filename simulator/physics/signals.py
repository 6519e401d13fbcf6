"""What damage, regime and disturbances do to the signals: true values before any sensor.

Every kind of damage shows in several signals, and every signal moves for other reasons too: product,
speed, load, hall temperature, material, and events that look like wear and are none (`Fakes`).
"""

from dataclasses import dataclass

import numpy as np

from simulator.contract import Bools, Floats
from simulator.physics.parameters import Parameters
from simulator.physics.surroundings import Regime, happens
from simulator.physics.wear import BEARING, ELECTRICAL, LEAK, OVERHEATING, TOOL, Wear

GAUGES = (
    "temperature",
    "ambient_temperature",
    "pressure",
    "current",
    "power",
    "vibration_rms",
    "vibration_kurtosis",
    "envelope_low",
    "envelope_high",
    "speed",
    "load",
)
# Loose foot, dry bearing, rough material, blown filter that blows itself free: events per hour, mean hours.
FAKE_RATE = np.array([1 / 1_300, 1 / 1_200, 1 / 1_000, 1 / 1_500])[:, None]
FAKE_H = np.array([22.0, 16.0, 12.0, 18.0])[:, None]


@dataclass(slots=True)
class Fakes:
    """False precursors, per kind and unit (4, N): hours left, target strength, present strength."""

    left: Floats
    target: Floats
    strength: Floats

    @classmethod
    def start(cls, count: int) -> "Fakes":
        """None yet."""
        return cls(np.zeros((4, count)), np.zeros((4, count)), np.zeros((4, count)))

    def step(self, parameters: Parameters, worked: Floats, hours: float, rng: np.random.Generator) -> None:
        """Begin, rise and fade."""
        shape = self.left.shape
        exposure = np.broadcast_to(worked, shape)
        starts = happens(FAKE_RATE * parameters.variant.fakes, exposure, rng) & (self.left <= 0)
        if starts.any():
            self.left = np.where(starts, rng.exponential(1.0, shape) * FAKE_H, self.left)
            self.target = np.where(starts, rng.uniform(0.3, 1.1, shape), self.target)
        self.left = np.maximum(self.left - exposure, 0.0)
        aim = np.where(self.left > 0, self.target, 0.0)
        self.strength += (aim - self.strength) * -np.expm1(-hours / 6.0)


def true_signals(wear: Wear, regime: Regime, running: Bools, p: Parameters, fakes: Fakes) -> Floats:
    """The eleven gauges (11, N) in the order of GAUGES, in their canonical units."""
    damage = np.minimum(wear.damage, 1.0)
    shown = damage * p.shows
    bearing, tool, fouling, leak = shown[BEARING], shown[TOOL], shown[OVERHEATING], shown[LEAK]
    winding = shown[ELECTRICAL] * p.variant.insulation
    loose, dry, rough, filtered = fakes.strength
    on = running.astype(float)
    speed, load = regime.speed * on, regime.load * on
    vibration = p.vibration * (
        0.06 + on * speed**1.6 * (0.6 + 0.4 * load) * (1 + 0.75 * bearing**2 + 1.1 * tool**3 + 0.7 * loose)
    )
    bump = 2.4 * bearing * np.maximum(1.25 - bearing, 0.1)
    kurtosis = p.kurtosis + on * speed * (2.2 * bump + 0.9 * loose + 1.4 * tool**3)
    low = (
        p.envelope
        * (0.1 + on)
        * speed_or(speed, on) ** 1.8
        * (1 + 2.0 * bearing**1.6 + 0.5 * dry + 0.25 * rough)
    )
    high = p.envelope * 1.7 * (0.1 + on) * speed_or(speed, on) ** 2 * (1 + 1.6 * bearing**0.8 + 1.0 * dry)
    effort = load * (1 + 0.28 * tool**3 + 0.06 * bearing**2 + 0.13 * leak**0.7 + 0.12 * rough)
    current = p.current * (0.12 + 0.88 * effort * (1 + 0.05 * fouling) * (1 + 0.2 * winding))
    power = p.power * (0.1 + 0.9 * effort * speed**0.9 * (1 + 0.07 * fouling + 0.03 * filtered))
    pressure = p.pressure * (
        0.02 + on * (0.98 - 0.035 * (load - 1) - 0.11 * leak**1.5 - 0.02 * rough - 0.035 * filtered)
    )
    temperature = regime.ambient + wear.hot + p.rise * 0.16 * filtered * on + p.rise * 0.2 * winding * on
    return np.stack(
        [
            temperature,
            regime.ambient,
            pressure,
            current,
            power,
            vibration,
            kurtosis,
            low,
            high,
            p.speed * speed,
            np.minimum(p.load * load * (1 + 0.04 * rough), 200.0),
        ]
    )


def speed_or(speed: Floats, on: Floats) -> Floats:
    """The relative speed, or 1 where the unit stands (so that powers stay finite)."""
    return np.where(on > 0, speed, 1.0)
