"""What makes one machine unlike the next: constants drawn once per unit from the plant's seed."""

from dataclasses import dataclass

import numpy as np

from simulator.contract import Floats
from simulator.layout import Layout

# speed 1/min, load %, vibration mm/s, current A, power kW, temperature rise K, pressure kPa, tool set h
_BASE = {
    "cnc": (6_000.0, 55.0, 1.8, 24.0, 11.0, 28.0, 6_000.0, 110.0),
    "press": (48.0, 62.0, 3.2, 85.0, 42.0, 32.0, 18_000.0, 220.0),
    "robot": (900.0, 48.0, 1.1, 14.0, 5.5, 22.0, 600.0, 160.0),
    "oven": (1_450.0, 65.0, 2.2, 110.0, 68.0, 140.0, 250.0, 260.0),
    "packer": (320.0, 50.0, 1.5, 9.0, 3.2, 18.0, 700.0, 130.0),
}


@dataclass(frozen=True, slots=True)
class Variant:
    """Ranges of a whole plant. `other` is a plant built and run differently, to test what carries over.

    `unseen` is such a plant in which windings fail as nowhere else: their insulation breaks down by degrees
    and shows, where electrical failures of the others come without notice.
    """

    spread: float  # how unlike the machines are, as sigma of ln
    noise: float  # factor on every sensor's noise
    life: float  # factor on the hours until damage begins
    growth_h: float  # median hours from visible damage to failure
    growth_sigma: float
    signature: float  # factor on what damage does to the signals
    fakes: float  # factor on the rate of things that look like wear and are none
    insulation: float = 0.0  # how strongly a winding that breaks down shows
    sudden: float = 1.0  # share of electrical failures without notice


VARIANTS = {
    "plant": Variant(0.16, 0.85, 0.92, 34.0, 0.55, 1.2, 1.0),
    "other": Variant(0.24, 1.0, 0.85, 27.0, 0.65, 1.05, 1.4),
    "unseen": Variant(0.24, 1.0, 0.85, 27.0, 0.65, 1.05, 1.4, insulation=1.0, sudden=0.25),
}


@dataclass(frozen=True, slots=True)
class Parameters:
    """Constants of N units, each of shape (N,) unless said otherwise."""

    speed: Floats
    load: Floats
    vibration: Floats
    current: Floats
    power: Floats
    rise: Floats
    pressure: Floats
    tool_h: Floats
    thermal_h: Floats
    trip_factor: Floats
    kurtosis: Floats
    envelope: Floats
    # How strongly this unit's sensors show each kind of damage: rows as contract.CAUSES, shape (5, N).
    shows: Floats
    frailty: Floats  # factor on the rate at which damage begins, shape (5, N)
    hall: Floats
    scrap: Floats
    short_stops_per_h: Floats
    variant: Variant


def draw(layout: Layout, rng: np.random.Generator) -> Parameters:
    """The constants of a plant; the same layout and generator state give the same plant."""
    variant = VARIANTS[layout.variant]
    count = len(layout.units)
    base = np.array([_BASE[unit.machine_type.value] for unit in layout.units]).T

    def spread(sigma: float) -> Floats:
        return np.asarray(np.exp(rng.normal(0.0, sigma, count)))

    speed, load, vibration, current, power, rise, pressure, tool_h = base
    # Badly mounted sensors hide damage: about one in seven shows a fifth of it.
    mounted = np.where(rng.random((5, count)) < 0.14, 0.2, 1.0)
    return Parameters(
        speed=speed * spread(0.05),
        load=load * spread(0.08),
        vibration=vibration * spread(variant.spread * 1.6),
        current=current * spread(variant.spread),
        power=power * spread(variant.spread),
        rise=rise * spread(variant.spread),
        pressure=pressure * spread(0.05),
        tool_h=tool_h * spread(0.12),
        thermal_h=rng.uniform(0.5, 1.6, count),
        trip_factor=rng.uniform(1.75, 2.15, count),
        kurtosis=3.1 + rng.gamma(2.0, 0.12, count),
        envelope=0.6 * spread(variant.spread * 2.0),
        shows=mounted * np.exp(rng.normal(0.0, 0.3, (5, count))) * variant.signature,
        frailty=np.exp(rng.normal(0.0, 0.35, (5, count))) / variant.life,
        hall=rng.normal(0.0, 1.5, count),
        scrap=0.012 * spread(0.5),
        short_stops_per_h=0.35 * spread(0.5),
        variant=variant,
    )
