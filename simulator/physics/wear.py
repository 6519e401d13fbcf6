"""How damage begins and grows, one physical law per failure mode (rows as contract.CAUSES).

bearing      begins by rolling-contact fatigue (Lundberg-Palmgren: life falls with load cubed), grows as
             a crack does (Paris: dD/dt ~ stress^p D^1.6).
tool         wears by Taylor's law (V T^n = C), a third zone of fast wear above 70 %, and chips at random.
overheating  fouling of the cooling grows with dust and duty; the unit trips on its true temperature.
leak         seal damage begins by cycles, then the orifice erodes with pressure (dA/dt ~ A^1.25).
electrical   Arrhenius: the hazard doubles every 10 K; fails without notice (in the variant `unseen` most
             windings break down by degrees).

A share of every mode's damage is of a kind that fails within the hour (`abrupt`): no usable precursor.
"""

import math
from dataclasses import dataclass

import numpy as np

from simulator.contract import Bools, Floats
from simulator.physics.parameters import Parameters, Variant
from simulator.physics.surroundings import Regime, happens, ou

BEARING, TOOL, OVERHEATING, LEAK, ELECTRICAL = range(5)
# Mean hours of work until damage begins, Weibull shape, share that is abrupt.
LIFE_H = np.array([2_700.0, np.inf, 1_400.0, 2_000.0, 2_500.0])[:, None]
SHAPE = np.array([1.4, 1.0, 1.6, 1.3, 1.0])[:, None]
ABRUPT = np.array([0.26, 0.0, 0.24, 0.28, 1.0])[:, None]
# Growth law dD/dt = K D^m / tau from FIRST to 1 in `tau` hours of nominal stress.
EXPONENT = np.array([1.6, 1.0, 0.9, 1.25, 1.0])[:, None]
FIRST = 0.06
ABRUPT_H = 0.5
INFANT = 0.05
TOOL_CHANGE_AT = 0.55
TOOL_FAST = 0.016
CHIPPING_PER_H = 9.0e-5


def _abrupt(variant: Variant) -> Floats:
    """Share of each mode's damage that gives no notice, (5, 1)."""
    share = ABRUPT.copy()
    share[ELECTRICAL] *= variant.sudden
    return share


def _norm() -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        power = (FIRST ** (1 - EXPONENT) - 1) / (EXPONENT - 1)
    return np.asarray(np.where(np.isclose(EXPONENT, 1.0), -np.log(FIRST), power))


_NORM = _norm()


@dataclass(slots=True)
class Wear:
    """The true condition. `damage` runs from 0 (sound) to 1 (failed); all arrays (5, N) or (N,)."""

    used: Floats
    life: Floats
    tau: Floats
    damage: Floats
    abrupt: Bools
    tool_life: Floats
    tool_used: Floats
    hot: Floats  # true temperature above the hall's, K
    surge: Floats  # growth comes in fits and starts: ln of a factor on its rate, (5, N)

    @classmethod
    def start(cls, parameters: Parameters, rng: np.random.Generator) -> "Wear":
        """A plant in the middle of its life: parts of random age, no damage visible yet."""
        count = parameters.speed.size
        wear = cls(
            used=np.zeros((5, count)),
            life=np.full((5, count), np.inf),
            tau=np.ones((5, count)),
            damage=np.zeros((5, count)),
            abrupt=np.zeros((5, count), dtype=bool),
            tool_life=np.ones(count),
            tool_used=np.zeros(count),
            hot=np.zeros(count),
            surge=np.zeros((5, count)),
        )
        everything = np.ones((5, count), dtype=bool)
        wear.renew(everything, parameters, rng, infants=False)
        wear.life = _met_in_use(parameters, rng)
        wear.used = rng.random((5, count)) * np.minimum(wear.life, 1e6) * np.isfinite(LIFE_H)
        wear.tool_used = rng.random(count) * TOOL_CHANGE_AT * parameters.tool_h
        wear.damage[TOOL] = np.minimum(wear.tool_used / wear.tool_life, 0.6)
        return wear

    def renew(
        self, which: Bools, parameters: Parameters, rng: np.random.Generator, *, infants: bool = True
    ) -> None:
        """Put new parts in where `which` (5, N); some of them are bad from the start."""
        shape = which.shape
        life = _scale(parameters) * rng.weibull(np.broadcast_to(SHAPE, shape))
        bad = rng.random(shape) < (INFANT if infants else 0.0)
        life = np.where(bad, life * 0.03, life)
        variant = parameters.variant
        tau = variant.growth_h * np.exp(rng.normal(0.0, variant.growth_sigma, shape))
        abrupt = rng.random(shape) < _abrupt(variant)
        self.life = np.where(which, life, self.life)
        self.tau = np.where(which, np.where(abrupt, ABRUPT_H, np.clip(tau, 8.0, 110.0)), self.tau)
        self.abrupt = np.where(which, abrupt, self.abrupt)
        self.used = np.where(which, 0.0, self.used)
        self.damage = np.where(which, 0.0, self.damage)
        self._new_tools(which[TOOL], parameters, rng)

    def _new_tools(self, which: Bools, parameters: Parameters, rng: np.random.Generator) -> None:
        count = which.size
        fast = rng.random(count) < TOOL_FAST
        factor = np.exp(rng.normal(0.0, 0.12, count)) * np.where(fast, rng.uniform(0.3, 0.5, count), 1.0)
        self.tool_life = np.where(which, parameters.tool_h * factor, self.tool_life)
        self.tool_used = np.where(which, 0.0, self.tool_used)
        self.damage[TOOL] = np.where(which, 0.0, self.damage[TOOL])

    def change_tools(self, which: Bools, parameters: Parameters, rng: np.random.Generator) -> None:
        """Routine change of the tool set on the units in `which` (N,)."""
        self._new_tools(which, parameters, rng)

    def step(self, regime: Regime, parameters: Parameters, hours: float, rng: np.random.Generator) -> Bools:
        """One tick. Returns which modes (5, N) failed in it; a unit that stands still does not fail."""
        worked = regime.run * hours
        begin, grow = _stress(regime, self.hot / parameters.rise)
        self.used += begin * worked
        started = (self.used > self.life) & (self.damage < FIRST)
        started[TOOL] = False
        damage = np.where(started, FIRST, self.damage)
        rate = _NORM / self.tau * np.power(np.maximum(damage, FIRST), EXPONENT) * grow
        rate = np.where(damage >= FIRST, rate, 0.0)
        rate[TOOL] = _taylor(damage[TOOL], regime, self.tool_life)
        self.surge = ou(self.surge, hours, 3.0, 0.5, rng)
        self.damage = np.minimum(damage + rate * worked * np.exp(self.surge - 0.125), 1.2)
        self.tool_used += worked
        self.warm(regime, parameters, hours)
        return self._failed(regime, parameters, worked, rng)

    def warm(self, regime: Regime, parameters: Parameters, hours: float) -> None:
        """Move the true temperature on by `hours` of this regime."""
        cooling = 1 - 0.72 * np.minimum(self.damage[OVERHEATING], 1.0) ** 1.5
        drive = regime.load**1.1 * regime.speed**0.6 * regime.heat * regime.run
        friction = 0.22 * self.damage[BEARING] ** 2 + 0.14 * self.damage[LEAK]
        target = parameters.rise * (drive / cooling + friction * regime.run)
        self.hot += (target - self.hot) * -np.expm1(-hours / parameters.thermal_h)

    def _failed(
        self, regime: Regime, parameters: Parameters, worked: Floats, rng: np.random.Generator
    ) -> Bools:
        failed = self.damage >= 1.0
        chip = CHIPPING_PER_H * np.exp(2.2 * self.damage[TOOL]) * regime.load
        failed[TOOL] |= happens(chip, worked, rng)
        limit = parameters.trip_factor * parameters.rise + 22.0 - regime.ambient
        failed[OVERHEATING] |= (self.hot > limit) & (self.damage[OVERHEATING] > FIRST)
        return failed & (worked > 0)


def _stress(regime: Regime, hot: Floats) -> tuple[Floats, Floats]:
    """Factors on the beginning and on the growth of damage, each (5, N), 1.0 in the nominal regime.

    `hot` is the temperature above the hall's, relative to the unit's nominal rise.
    """
    one = np.ones_like(regime.speed)
    arrhenius = np.exp2(np.clip(1.5 * (hot - 0.95) + (regime.ambient - 23.0) / 10.0, -2.0, 2.0))
    dust = regime.speed * (1 + 0.03 * (regime.ambient - 22.0))
    begin = np.stack([regime.speed * regime.load**3, one, dust, regime.load * regime.speed, arrhenius])
    grow = np.stack([regime.load**2.2 * regime.speed, one, dust * regime.load, regime.load**1.5, one])
    return begin, np.maximum(grow, 0.05)


def _taylor(damage: Floats, regime: Regime, tool_life: Floats) -> Floats:
    third_zone = 1 + 1.0 * np.maximum(damage - 0.7, 0.0) / 0.3
    return np.asarray(regime.speed**2.5 * regime.load * third_zone / tool_life)


def _met_in_use(parameters: Parameters, rng: np.random.Generator) -> Floats:
    """Lives of the parts that one meets on a random day: long ones more often, in proportion to length."""
    shape = (16, *parameters.frailty.shape)
    drawn = _scale(parameters) * rng.weibull(np.broadcast_to(SHAPE, shape))
    weights = np.cumsum(np.where(np.isfinite(drawn), drawn, 1.0), axis=0)
    pick = (weights < rng.random(shape[1:]) * weights[-1]).sum(axis=0)
    return np.asarray(np.take_along_axis(drawn, pick[None], axis=0)[0])


def _scale(parameters: Parameters) -> Floats:
    return np.asarray(LIFE_H / _gamma(SHAPE) / parameters.frailty)


def _gamma(shape: Floats) -> Floats:
    """Gamma(1 + 1/shape): the mean of a Weibull variable of scale 1."""
    return np.array([[math.gamma(1 + 1 / float(k))] for k in shape[:, 0]])
