"""Sensors: noise, drift, stuck values, drop-outs and spikes between the truth and the wire."""

from dataclasses import dataclass

import numpy as np

from simulator.contract import Bools, Floats
from simulator.physics.parameters import Parameters
from simulator.physics.signals import GAUGES
from simulator.physics.surroundings import happens, ou

_G = len(GAUGES)
# Relative deviations per gauge (temperature and kurtosis: see _scale): minutes-scale, hours-scale, white.
FAST = np.array([0.02, 0.01, 0.012, 0.035, 0.035, 0.07, 0.10, 0.13, 0.15, 0.004, 0.04])[:, None]
SLOW = np.array([0.05, 0.015, 0.009, 0.025, 0.028, 0.09, 0.10, 0.16, 0.18, 0.003, 0.02])[:, None]
WHITE = np.array([0.01, 0.005, 0.005, 0.015, 0.012, 0.04, 0.06, 0.07, 0.08, 0.002, 0.02])[:, None]
# Drift: full scale in relative units, reached over days, until the next calibration.
DRIFT = np.array([0.14, 0.0, 0.05, 0.0, 0.0, 0.35, 0.25, 0.5, 0.5, 0.0, 0.0])[:, None]
DRIFT_PER_H = 1 / 2_600
STUCK_PER_H = 1 / 3_500
DROP_PER_H = 1 / 1_100
SPIKE = 4e-4
RELATIVE_TO_RISE = GAUGES.index("temperature")


@dataclass(slots=True)
class Sensors:
    """State of all sensors, each array (11, N)."""

    fast: Floats
    slow: Floats
    drift: Floats
    drift_aim: Floats
    stuck_h: Floats
    drop_h: Floats
    last: Floats

    @classmethod
    def start(cls, count: int, parameters: Parameters, rng: np.random.Generator) -> "Sensors":
        """Healthy sensors with stationary noise."""
        shape = (_G, count)
        factor = parameters.variant.noise
        return cls(
            fast=rng.standard_normal(shape) * FAST * factor,
            slow=rng.standard_normal(shape) * SLOW * factor,
            drift=np.zeros(shape),
            drift_aim=np.zeros(shape),
            stuck_h=np.zeros(shape),
            drop_h=np.zeros(shape),
            last=np.full(shape, np.nan),
        )

    def step(self, parameters: Parameters, hours: float, rng: np.random.Generator) -> None:
        """Move noise and faults on by `hours`."""
        factor = parameters.variant.noise
        self.fast = _relative_ou(self.fast, hours, 0.2, FAST * factor, rng)
        self.slow = _relative_ou(self.slow, hours, 9.0, SLOW * factor, rng)
        self._faults(hours, rng)
        self.drift += (self.drift_aim - self.drift) * -np.expm1(-hours / 70.0)

    def _faults(self, hours: float, rng: np.random.Generator) -> None:
        shape = self.fast.shape
        time = np.full(shape, hours)
        self.stuck_h = np.maximum(self.stuck_h - hours, 0.0)
        self.drop_h = np.maximum(self.drop_h - hours, 0.0)
        stuck = happens(np.full(shape, STUCK_PER_H), time, rng)
        dropped = happens(np.full(shape, DROP_PER_H), time, rng)
        drifts = happens(np.full(shape, DRIFT_PER_H), time, rng)
        if stuck.any():
            self.stuck_h = np.where(stuck, rng.exponential(5.0, shape), self.stuck_h)
        if dropped.any():
            self.drop_h = np.where(dropped, rng.exponential(1.5, shape), self.drop_h)
        if drifts.any():
            self.drift_aim = np.where(drifts, rng.uniform(-0.6, 1.0, shape) * DRIFT, self.drift_aim)

    def calibrate(self, units: Bools) -> None:
        """Take the drift out of the sensors of `units` (N,)."""
        self.drift[:, units] = 0.0
        self.drift_aim[:, units] = 0.0

    def measure(self, truth: Floats, parameters: Parameters, rng: np.random.Generator) -> Floats:
        """What is read, (11, N); NaN where a sensor says nothing."""
        noise = rng.standard_normal(truth.shape)
        error = self.fast + self.slow + self.drift + noise * WHITE * parameters.variant.noise
        read = truth * np.exp(np.clip(error, -1.5, 1.5))
        read[RELATIVE_TO_RISE] = truth[RELATIVE_TO_RISE] + error[RELATIVE_TO_RISE] * parameters.rise
        spikes = rng.random(truth.shape) < SPIKE
        if spikes.any():
            read = np.where(spikes, read * rng.uniform(1.5, 4.0, truth.shape), read)
        read = np.where((self.stuck_h > 0) & np.isfinite(self.last), self.last, read)
        self.last = read
        return np.where(self.drop_h > 0, np.nan, read)


def _relative_ou(
    value: Floats, hours: float, tau_h: float, sigma: Floats, rng: np.random.Generator
) -> Floats:
    return ou(value / sigma, hours, tau_h, 1.0, rng) * sigma
