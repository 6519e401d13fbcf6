"""How the settings of a process spoil parts: the true link, which nothing of the desk reads.

Presses and ovens have three settings each. Of each product one of them, the driver, has a best value away
from what the recipe says; the other two do nothing. The second of the three moves with the driver, because
people turn both together: whoever looks at one setting at a time may blame the wrong one.
"""

from dataclasses import dataclass

from domain.equipment import MachineType
from simulator.records.chance import between, chance

SPOILS = 0.012  # share of the good parts that is spoiled one reach away from the best
BEST = 0.7  # how far the best lies from the recipe, in reaches
TOGETHER = 0.6  # of a setting that is turned together with the driver


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of a type of machine: what the recipe of the first product says, and how far people turn it
    to either side (its reach)."""

    name: str
    unit: str
    recipe: float
    reach: float


SETTINGS: dict[MachineType, tuple[Setting, ...]] = {
    MachineType.PRESS: (
        Setting("blank_holder_force", "kN", 420.0, 30.0),
        Setting("lubricant", "g/m2", 1.6, 0.3),
        Setting("ram_speed", "mm/s", 280.0, 25.0),
    ),
    MachineType.OVEN: (
        Setting("soak_temperature", "degC", 860.0, 12.0),
        Setting("soak_time", "min", 42.0, 5.0),
        Setting("air_flow", "m3/h", 1_500.0, 180.0),
    ),
}


@dataclass(frozen=True, slots=True)
class Truth:
    """Of a product: which setting drives its scrap (its place in SETTINGS), and its best place in reaches."""

    driver: int
    best: float


def truth(site: str, product_id: str) -> Truth:
    """The true link for a product of a plant."""
    side = 1 if chance(site, product_id, "side") < 0.5 else -1
    return Truth(int(3 * chance(site, product_id, "driver")), BEST * side)


def places(found: Truth, *keys: object) -> tuple[float, ...]:
    """Where people turn the three settings to in one operation, in reaches from the recipe."""
    drawn = [between(-1, 1, *keys, place) for place in range(3)]
    beside = (found.driver + 1) % 3
    drawn[beside] = TOGETHER * drawn[found.driver] + (1 - TOGETHER) * drawn[beside]
    return tuple(drawn)


def spoiled(found: Truth, place: float) -> float:
    """The share of good parts spoiled with the driver at a place, in reaches from the first recipe."""
    return min(SPOILS * (place - found.best) ** 2, 0.3)
