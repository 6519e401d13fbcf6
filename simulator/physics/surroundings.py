"""Hall temperature, and the speed and load at which machines run."""

import math
from dataclasses import dataclass

import numpy as np

from domain.clock import DAY, HOUR
from simulator.contract import Bools, Floats, Ints, Plan
from simulator.layout import Layout
from simulator.physics.parameters import Parameters

YEAR = 365.2425 * DAY


@dataclass(slots=True)
class Surroundings:
    """Slow disturbances: `weather` (1,) in K, and per unit `pace` and `material` around 0, shape (N,)."""

    weather: Floats
    pace: Floats
    material: Floats

    @classmethod
    def start(cls, count: int, rng: np.random.Generator) -> "Surroundings":
        """Drawn from the stationary distribution."""
        return cls(rng.normal(0, 3, 1), rng.normal(0, 0.015, count), rng.normal(0, 0.06, count))

    def step(self, hours: float, rng: np.random.Generator) -> None:
        """Move on by `hours`; exact for any step (Ornstein-Uhlenbeck)."""
        self.weather = ou(self.weather, hours, 48.0, 3.0, rng)
        self.pace = ou(self.pace, hours, 2.0, 0.015, rng)
        self.material = ou(self.material, hours, 7.0, 0.06, rng)


def ou(value: Floats, hours: float, tau_h: float, sigma: float, rng: np.random.Generator) -> Floats:
    """One exact step of an Ornstein-Uhlenbeck process with stationary deviation `sigma`."""
    keep = math.exp(-hours / tau_h)
    return value * keep + rng.standard_normal(value.shape) * (sigma * math.sqrt(1 - keep * keep))


def hall_temperature(at_us: int, weather: Floats, parameters: Parameters) -> Floats:
    """Degrees C per unit: season, time of day, weather, and the hall's own offset."""
    season = 5.5 * math.sin(2 * math.pi * ((at_us % YEAR) / YEAR - 0.3))
    day = 2.5 * math.sin(2 * math.pi * ((at_us % DAY) / DAY - 0.36 + 1 / 24))
    return np.asarray(21.5 + season + day + 0.8 * weather[0] + parameters.hall)


@dataclass(frozen=True, slots=True)
class Regime:
    """How units run in a tick: `run` is the share of the tick spent working, others per unit (N,).

    `speed` and `load` are while working, relative to the unit's own base (1.0), `heat` the product's.
    """

    run: Floats
    speed: Floats
    load: Floats
    heat: Floats
    ambient: Floats


class Products:
    """The products' factors as arrays, index -1 giving 1.0."""

    def __init__(self, layout: Layout) -> None:
        self._speed = np.array([p.speed_factor for p in layout.products] + [1.0])
        self._load = np.array([p.load_factor for p in layout.products] + [1.0])
        self._heat = np.array([p.heat_factor for p in layout.products] + [1.0])

    def regime(self, plan: Plan, run: Floats, surroundings: Surroundings, ambient: Floats) -> Regime:
        """The regime of a tick under a plan."""
        product: Ints = plan.product
        return Regime(
            run=run,
            speed=self._speed[product] * (1 + surroundings.pace),
            load=self._load[product] * np.exp(surroundings.material),
            heat=self._heat[product],
            ambient=ambient,
        )


def happens(per_hour: Floats, hours: Floats, rng: np.random.Generator) -> Bools:
    """Whether a Poisson event falls into `hours` at rate `per_hour`."""
    return np.asarray(rng.random(hours.shape) < -np.expm1(-per_hour * hours))


__all__ = ["HOUR", "Products", "Regime", "Surroundings", "hall_temperature", "happens", "ou"]
