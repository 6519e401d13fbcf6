"""A fault that is made to begin: for a plant that is to be shown with a machine at risk.

Only the beginning is arranged. From there the damage grows by the same law as any other, the sensors
show it as they show any other, and nothing outside the plant is told.
"""

from dataclasses import dataclass

from simulator.physics.wear import BEARING, FIRST
from simulator.world import World


@dataclass(frozen=True, slots=True)
class Onset:
    """A bearing of `unit` begins to wear at `at_us`; it would fail after `growth_h` h of nominal work."""

    unit: int
    at_us: int
    growth_h: float


def begin(world: World, onset: Onset) -> None:
    """Let it begin now; damage that is there already stays as it is, and grows as the onset says."""
    place = BEARING, onset.unit
    world.wear.damage[place] = max(float(world.wear.damage[place]), FIRST)
    world.wear.tau[place] = onset.growth_h
    world.wear.abrupt[place] = False
